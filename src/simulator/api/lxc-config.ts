import {withConfigLock} from '../guest/config-lock.js'
import {configDigest, loadGuest} from '../guest/guests.js'
import {nextConfig, pendingList} from '../guest/pending.js'
import {snapshotOf} from '../guest/snapshots.js'
import {shownOption} from '../lxc/options.js'
import {updateContainer} from '../lxc/update.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'

const PATH = '/nodes/{node}/lxc/{vmid}'

export const lxcConfigRoutes: Routes = {
  [`GET ${PATH}/config`]: readConfig,

  /** Only synchronous: there is no POST (reference 2.13). */
  async [`PUT ${PATH}/config`](call) {
    const {world, node, vmid} = call
    await withConfigLock(world, {type: 'lxc', node, vmid}, {}, () => updateContainer(call))
    return null
  },

  [`GET ${PATH}/pending`]: ({world, node, vmid}) =>
    pendingList(world, loadGuest(world, 'lxc', node, vmid), shownOption),
}

/** What the container will have after its next start; with `current` what it has, with `snapshot` what it had. */
function readConfig(call: Call): Json {
  const {world, node, vmid} = call
  const guest = loadGuest(world, 'lxc', node, vmid)
  const snapshot = call.text('snapshot')
  const config =
    snapshot === undefined
      ? call.flag('current')
        ? guest.config
        : nextConfig(guest)
      : snapshotOf(guest, snapshot).config
  const shown = Object.entries(config).map(([key, value]) => [key, shownOption(key, value)])
  return {...Object.fromEntries(shown), digest: configDigest(world, guest)}
}
