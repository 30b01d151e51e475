import {die, errorText, paramError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {storageType} from '../storage/types.js'
import {parseVolumeName, splitVolid} from '../storage/volume-name.js'
import {pathOf} from '../storage/volume-path.js'
import {findVolume, freeVolume, isBaseVolume, linkedClonesOf} from '../storage/volumes.js'
import {ownVolumes} from './disks.js'
import {drivesOf, isPlainCdrom, unusedOf} from './drives.js'
import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkProtection, checkWritable, isTemplate} from '../guest/guests.js'
import {loadVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const DESTROY_SECONDS = 0.5

/** Deletes a VM with its disks (reference 2.12). */
export function destroyQemu(call: Call): string {
  const {world, node, vmid} = call
  const skiplock = call.flag('skiplock') ?? false
  if (skiplock && !call.isRootPam) paramError({skiplock: 'Only root may use this option.'})
  const early = loadVm(world, node, vmid)
  const purge = call.flag('purge') ?? false
  const haManaged = world.store.of('haResources').has(`vm:${vmid}`)
  if (haManaged && !purge) die(`unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`)
  checkProtection(early, `can't remove VM ${vmid}`)
  if (!purge) checkReplication(world, vmid)
  checkStopped(early)
  return call.startTask('qmdestroy', vmid, (task) =>
    withConfigLock(world, {node, vmid}, {task}, async () => {
      const guest = loadVm(world, node, vmid)
      checkStopped(guest)
      checkProtection(guest, `can't remove VM ${vmid}`)
      if (!skiplock) checkLock(guest)
      if (isTemplate(guest)) checkBases(world, guest)
      checkWritable(world, 'qemu', node, vmid, task.upid)
      await task.sleep(DESTROY_SECONDS)
      for (const text of missingDisks(world, guest)) task.log(text)
      for (const volume of volumesToFree(world, guest, call.flag('destroy-unreferenced-disks') ?? false)) {
        try {
          freeOwn(world, volume)
        } catch (error) {
          task.warn(errorText(error))
        }
      }

      world.store.of('guests').delete(vmid)
      forget(world, vmid, purge)
    }),
  )
}

function checkStopped(guest: GuestRecord): void {
  if (guest.run) die(`VM ${guest.vmid} is running - destroy failed`)
}

function checkReplication(world: World, vmid: number): void {
  const jobs = [...world.store.of('replication').keys()].filter((id) => id.startsWith(`${vmid}-`))
  if (jobs.length > 0) die(`There is a replication job '${jobs[0]}' for guest '${vmid}' - Please remove that first.`)
}

/** A template whose disks others are built upon stays. */
function checkBases(world: World, guest: GuestRecord): void {
  for (const volume of ownVolumes(world, guest.node, guest.vmid, guest.config)) {
    if (isBaseVolume(volume) && linkedClonesOf(world, volume).length > 0) {
      die(`base volume '${volume.volid}' is still in use by linked cloned`)
    }
  }
}

function freeOwn(world: World, volume: VolumeRecord): void {
  if (isBaseVolume(volume) && linkedClonesOf(world, volume).length > 0) {
    die(
      `Could not remove disk '${volume.volid}', check manually: base volume '${volume.volid}' is still in use by linked clones`,
    )
  }

  freeVolume(world, volumeKey(volume))
}

/** What storages say about disks the VM should have. */
function missingDisks(world: World, {config, node, vmid}: GuestRecord): readonly string[] {
  const files = [
    ...drivesOf(config)
      .filter(([, drive]) => !isPlainCdrom(drive))
      .map(([, {file}]) => file),
    ...unusedOf(config).map(([, file]) => file),
  ]
  return files.flatMap((file) => {
    const volid = splitVolid(file)
    const storage = volid && world.store.of('storages').get(volid.storage)
    if (!storage || findVolume(world, file, node)) return []
    const name = parseVolumeName(storage, volid.volname)
    // another guest's disk is not this one's to remove
    if (name.vmid !== vmid) return []
    return storageType(storage.type).layout === 'file'
      ? [`disk image '${pathOf(storage, name)}' does not exist`]
      : [`Could not remove disk '${file}', check manually: no such volume '${file}'`]
  })
}

function volumesToFree(world: World, guest: GuestRecord, unreferenced: boolean): readonly VolumeRecord[] {
  const named = new Map<string, VolumeRecord>()
  const configs = [guest.config, ...Object.values(guest.snapshots ?? {}).map(({config}) => config)]
  for (const config of configs) {
    for (const volume of ownVolumes(world, guest.node, guest.vmid, config)) named.set(volumeKey(volume), volume)
  }

  for (const value of Object.values(guest.pending ?? {})) {
    if (value === null) continue
    for (const volume of ownVolumes(world, guest.node, guest.vmid, {unused0: value}))
      named.set(volumeKey(volume), volume)
  }

  if (unreferenced) {
    for (const [key, volume] of world.store.of('volumes').entries()) {
      const isHere = volume.node === undefined || volume.node === guest.node
      if (volume.vmid === guest.vmid && volume.content === 'images' && isHere) named.set(key, volume)
    }
  }

  return [...named.values()]
}

/** What else knows the VM: its rights, its firewall and its pool always; backup, replication and HA when purged. */
function forget(world: World, vmid: number, purge: boolean): void {
  const {store} = world
  for (const [key, entry] of [...store.of('acl').entries()])
    if (entry.path === `/vms/${vmid}`) store.of('acl').delete(key)
  store.of('firewall').delete(`qemu/${vmid}`)
  for (const pool of [...store.of('pools').values()]) {
    if (pool.vms.includes(vmid)) store.of('pools').update(pool.poolid, {vms: pool.vms.filter((id) => id !== vmid)})
  }

  if (!purge) return
  store.of('haResources').delete(`vm:${vmid}`)
  for (const id of [...store.of('replication').keys()])
    if (id.startsWith(`${vmid}-`)) store.of('replication').delete(id)
  for (const [id, job] of [...store.of('backupJobs').entries()]) {
    const ids = String(job['vmid'] ?? '')
      .split(',')
      .filter(Boolean)
    if (!ids.includes(String(vmid))) continue
    const rest = ids.filter((other) => other !== String(vmid))
    if (rest.length === 0) store.of('backupJobs').delete(id)
    else store.of('backupJobs').put(id, {...job, vmid: rest.join(',')})
  }
}
