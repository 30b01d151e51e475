import {volumeKey} from '../../src/simulator/kernel/state.js'
import {findVolume} from '../../src/simulator/storage/volumes.js'
import {DISK_KEY, volumeOf} from '../../src/simulator/views/disks.js'
import {isEnabledOn, isShared} from '../../src/simulator/views/node-figures.js'

import type {GuestConfig, GuestRecord, StorageRecord} from '../../src/simulator/kernel/state.js'
import type {World} from '../../src/simulator/kernel/world.js'

/** What must hold at any moment, whatever was done or cut off before; one line for each thing that does not. */
export function brokenInvariants(world: World): string[] {
  return [...brokenGuests(world), ...brokenVolumes(world), ...overfullStorages(world), ...ghostTasks(world)]
}

/** What must hold besides once nothing runs any more and every node is back. */
export function brokenAtRest(world: World): string[] {
  const tasks = [...world.store.of('tasks').values()]
  const unfinished = tasks.filter(({status}) => status === undefined).map(({upid}) => `${upid} never ended`)
  const bugs = tasks
    .filter(({status = ''}) => /undefined|Cannot read|is not a function|\[object/.test(status))
    .map(({upid, status}) => `${upid} ended in a bug: ${status}`)
  return [...brokenInvariants(world), ...unfinished, ...bugs, ...unexplainedLocks(world)]
}

function brokenGuests(world: World): string[] {
  const broken: string[] = []
  for (const [key, guest] of world.store.of('guests').entries()) {
    if (key !== String(guest.vmid)) broken.push(`guest ${guest.vmid} is kept as ${key}`)
    if (!world.store.of('nodes').has(guest.node)) broken.push(`guest ${guest.vmid} is on no node`)
    if (guest.config['template'] === 1 && guest.run) broken.push(`template ${guest.vmid} runs`)
  }

  for (const pool of world.store.of('pools').values()) {
    if (new Set(pool.vms).size !== pool.vms.length) broken.push(`pool ${pool.poolid} has a guest twice`)
  }

  return broken
}

/** Every configuration of a guest: the current one and those of its snapshots. */
const configsOf = (guest: GuestRecord): readonly GuestConfig[] => [
  guest.config,
  ...Object.values(guest.snapshots ?? {}).map(({config}) => config),
]

function brokenVolumes(world: World): string[] {
  const broken: string[] = []
  const users = new Map<string, Set<number>>()
  for (const guest of world.store.of('guests').values()) {
    for (const config of configsOf(guest)) {
      for (const [key, value] of Object.entries(config)) {
        if (!DISK_KEY.test(key) || String(value).includes('media=cdrom')) continue
        const volid = volumeOf(value)
        const volume = volid === undefined ? undefined : findVolume(world, volid, guest.node)
        if (!volume) continue
        const of = users.get(volumeKey(volume)) ?? new Set()
        users.set(volumeKey(volume), of.add(guest.vmid))
      }
    }
  }

  for (const [key, guests] of users) if (guests.size > 1) broken.push(`${key} belongs to ${[...guests].join(' and ')}`)
  for (const [key, volume] of world.store.of('volumes').entries()) {
    if (key !== volumeKey(volume)) broken.push(`${volumeKey(volume)} is kept as ${key}`)
    if (!world.store.of('storages').has(volume.storage)) broken.push(`${key} is on no storage`)
    if (volume.used < 0 || volume.size < 0) broken.push(`${key} has a negative size`)
  }

  return broken
}

function overfullStorages(world: World): string[] {
  const broken: string[] = []
  const filesystem = (storage: StorageRecord): string => storage.filesystem ?? storage.storage
  for (const storage of world.store.of('storages').values()) {
    for (const {node} of world.members()) {
      if (!isEnabledOn(storage, node)) continue
      const where = isShared(storage) ? '' : node
      let used = storage.usedBytes + (storage.filled?.[where] ?? 0)
      for (const volume of world.store.of('volumes').values()) {
        const other = world.store.of('storages').get(volume.storage)
        if (other && filesystem(other) === filesystem(storage) && (volume.node ?? '') === where) used += volume.used
      }

      if (used > storage.totalBytes)
        broken.push(`${storage.storage} on ${node} holds ${used - storage.totalBytes} bytes more than it has`)
    }
  }

  return broken
}

function ghostTasks(world: World): string[] {
  return [...world.store.of('tasks').values()]
    .filter(({node, upid}) => world.store.of('nodes').get(node)?.power === 'off' && world.tasks.isRunning(upid))
    .map(({upid}) => `${upid} runs on a dead node`)
}

/** A lock at rest is that of a suspended guest, or what a task left that died with its node or could not write for lack of quorum. */
function unexplainedLocks(world: World): string[] {
  const tasks = [...world.store.of('tasks').values()]
  const died = tasks.filter(
    ({status, upid}) =>
      status === 'unexpected status' || world.tasks.log(upid)?.some((line) => /Permission denied|no quorum/.test(line)),
  )
  return [...world.store.of('guests').values()]
    .filter(({config, snapshots = {}, vmid}) => {
      const {lock} = config
      if (lock === undefined || lock === 'suspended') return false
      // as a real one: an interrupted deletion is in the list of snapshots, to be taken up again
      if (lock === 'snapshot-delete' && Object.values(snapshots).some(({snapstate}) => snapstate === 'delete'))
        return false
      // so is a rollback: half of the volumes may be old, half new
      if (
        lock === 'rollback' &&
        tasks.some(({id, status, type}) => id === String(vmid) && /rollback$/.test(type) && status !== 'OK')
      )
        return false
      return !died.some(({id, type}) => id === String(vmid) || id === '' || (/clone/.test(type) && lock !== 'backup'))
    })
    .map(({config, vmid}) => `guest ${vmid} stays locked (${config['lock']}), and nobody knows why`)
}
