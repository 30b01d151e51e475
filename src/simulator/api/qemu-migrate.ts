import {migrateQemu} from '../migration/migrate-vm.js'
import {vmPrecondition} from '../migration/vm-precondition.js'

import type {Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}/qemu/{vmid}/migrate'

/** Moving VMs between nodes. */
export const qemuMigrateRoutes: Routes = {
  [`GET ${PATH}`]: (call) => vmPrecondition(call),
  [`POST ${PATH}`]: (call) => migrateQemu(call),
}
