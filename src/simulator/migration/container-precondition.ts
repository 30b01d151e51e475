import {loadGuest} from '../guest/guests.js'
import {mountPoints} from '../lxc/mount-points.js'
import {storageOnNode} from '../storage/volumes.js'

import type {Call} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {World} from '../kernel/world.js'

/** `GET …/migrate` of 9.x: where the container could go. */
export function containerPrecondition(call: Call): Json {
  const {world, node, vmid} = call
  const guest = loadGuest(world, 'lxc', node, vmid)
  const storages = new Set(
    mountPoints(guest.config)
      .filter(([, {type}]) => type === 'volume')
      .map(([, {volume}]) => volume.split(':', 1)[0]!),
  )
  const allowed: string[] = []
  const refused: {[key: string]: Json} = {}
  for (const member of world.members()) {
    if (member.node === node) continue
    const unavailable = [...storages].filter((storage) => !isUsable(world, storage, member.node))
    if (unavailable.length === 0) allowed.push(member.node)
    else refused[member.node] = {'unavailable-storages': unavailable}
  }

  return {
    running: guest.run ? 1 : 0,
    'allowed-nodes': allowed,
    'not-allowed-nodes': refused,
    'dependent-ha-resources': [],
  }
}

function isUsable(world: World, storage: string, node: string): boolean {
  try {
    storageOnNode(world, storage, node)
    return true
  } catch {
    return false
  }
}
