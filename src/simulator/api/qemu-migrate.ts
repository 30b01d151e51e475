import {migrateQemu} from '../qemu/migrate.js'
import {migrationPrecondition} from '../qemu/precondition.js'

import type {Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}/qemu/{vmid}/migrate'

/** Moving VMs between nodes. */
export const qemuMigrateRoutes: Routes = {
  [`GET ${PATH}`]: (call) => migrationPrecondition(call),
  [`POST ${PATH}`]: (call) => migrateQemu(call),
}
