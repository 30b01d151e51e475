import {guestOn, loadGuest} from '../guest/guests.js'
import {cloneContainer} from '../lxc/clone.js'
import {createContainer} from '../lxc/create.js'
import {destroyContainer, makeTemplate, moveVolume, resizeContainer} from '../lxc/manage.js'
import {containerPrecondition} from '../migration/container-precondition.js'
import {migrateContainer} from '../migration/migrate-container.js'
import {interfaces, listEntry} from '../lxc/view.js'
import {hasFeature} from '../lxc/volumes.js'
import {snapshotOf} from '../guest/snapshots.js'

import type {Routes} from '../kernel/call.js'
import type {Feature} from '../storage/types.js'

const PATH = '/nodes/{node}/lxc/{vmid}'
const SUBDIRECTORIES = [
  'config',
  'pending',
  'status',
  'vncproxy',
  'termproxy',
  'vncwebsocket',
  'spiceproxy',
  'migrate',
  'clone',
  'rrd',
  'rrddata',
  'firewall',
  'snapshot',
  'resize',
  'interfaces',
]

export const lxcRoutes: Routes = {
  /** Only those the caller may audit. */
  'GET /nodes/{node}/lxc': (call) =>
    [...call.world.store.of('guests').values()]
      .filter((guest) => guest.type === 'lxc' && guest.node === call.node && call.has(`/vms/${guest.vmid}`, 'VM.Audit'))
      .map((guest) => listEntry(call.world, guest)),

  'POST /nodes/{node}/lxc': createContainer,

  [`GET ${PATH}`]({world, node, vmid}) {
    loadGuest(world, 'lxc', node, vmid)
    const names = world.release === '7.4' ? SUBDIRECTORIES.slice(0, -1) : SUBDIRECTORIES
    return names.map((subdir) => ({subdir}))
  },

  [`DELETE ${PATH}`]: destroyContainer,
  [`POST ${PATH}/clone`]: cloneContainer,
  [`POST ${PATH}/template`]: makeTemplate,
  [`PUT ${PATH}/resize`]: resizeContainer,
  [`POST ${PATH}/move_volume`]: moveVolume,
  [`GET ${PATH}/migrate`]: containerPrecondition,
  [`POST ${PATH}/migrate`]: migrateContainer,
  [`GET ${PATH}/interfaces`]: ({world, node, vmid}) => interfaces(world, guestOn(world, 'lxc', node, vmid)),

  [`GET ${PATH}/feature`](call) {
    const {world, node, vmid} = call
    const guest = loadGuest(world, 'lxc', node, vmid)
    const snapname = call.text('snapname')
    const config = snapname === undefined ? guest.config : snapshotOf(guest, snapname).config
    const feature = call.required('feature') as Feature
    return {hasFeature: hasFeature(world, {config, node}, feature, snapname) ? 1 : 0}
  },
}
