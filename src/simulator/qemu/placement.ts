import {isEnabledOn, isShared} from '../views/node-figures.js'
import {splitVolid} from '../storage/volume-name.js'
import {drivesOf, isCdrom, isCloudInit} from './drives.js'

import type {GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** The nodes that see all of a VM's disks. */
export function sharedNodes(world: World, guest: GuestRecord): readonly string[] {
  let nodes = world.members().map(({node}) => node)
  for (const [, drive] of drivesOf(guest.config)) {
    if (isCdrom(drive) && !isCloudInit(drive)) continue
    const storage = world.store.of('storages').get(splitVolid(drive.file)?.storage ?? '')
    if (!storage) continue
    nodes = nodes.filter((node) => (isShared(storage) ? isEnabledOn(storage, node) : node === guest.node))
  }

  return nodes
}
