import {snapshotConfig, snapshotList, snapshotOf} from '../guest/snapshots.js'
import {paramError} from '../kernel/pve-error.js'
import {hidePassword} from '../qemu/pending.js'
import {createSnapshot, deleteSnapshot, hasFeature, rollbackSnapshot} from '../qemu/snapshots.js'
import {sharedNodes} from '../qemu/placement.js'
import {loadVm, requireVm, updateVm} from '../qemu/vm.js'

import type {Routes} from '../kernel/call.js'
import type {Feature} from '../storage/types.js'

const BASE = '/nodes/{node}/qemu/{vmid}'

/** Snapshots of VMs. */
export const qemuSnapshotRoutes: Routes = {
  [`GET ${BASE}/snapshot`](call) {
    const guest = loadVm(call.world, call.node, call.vmid)
    return snapshotList(call.world, guest, ({vmstate}) => ({vmstate: vmstate ? 1 : 0}))
  },

  [`POST ${BASE}/snapshot`]: (call) => createSnapshot(call),
  [`GET ${BASE}/snapshot/{snapname}`]: () => [{cmd: 'config'}, {cmd: 'rollback'}],
  [`DELETE ${BASE}/snapshot/{snapname}`]: (call) => deleteSnapshot(call),

  [`GET ${BASE}/snapshot/{snapname}/config`](call) {
    const config = snapshotConfig(loadVm(call.world, call.node, call.vmid), call.required('snapname'))
    return {...config, ...(config['cipassword'] !== undefined && hidePassword({cipassword: ''}))}
  },

  [`PUT ${BASE}/snapshot/{snapname}/config`](call) {
    const name = call.required('snapname')
    const guest = loadVm(call.world, call.node, call.vmid)
    if (guest.config['lock'] !== undefined) paramError({snapname: `VM is locked (${guest.config['lock']})`})
    const {description: _old, ...snapshot} = snapshotOf(guest, name)
    const description = call.text('description')
    updateVm(call.world, guest, {
      snapshots: {...guest.snapshots, [name]: {...snapshot, ...(description !== undefined && {description})}},
    })
    return null
  },

  [`POST ${BASE}/snapshot/{snapname}/rollback`]: (call) => rollbackSnapshot(call),

  [`GET ${BASE}/feature`](call) {
    const {world, node, vmid} = call
    const guest = requireVm(world, node, vmid)
    const snapname = call.text('snapname')
    const hasIt = hasFeature(world, guest, call.required('feature') as Feature, snapname)
    return {hasFeature: hasIt ? 1 : 0, nodes: [...sharedNodes(world, guest)]}
  },
}
