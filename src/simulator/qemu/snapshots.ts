import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, withOptions} from '../guest/guests.js'
import {
  addSnapshot,
  checkNewSnapshot,
  checkRollback,
  checkSnapshotName,
  removeSnapshot,
  rolledBack,
  snapshotOf,
} from '../guest/snapshots.js'
import {die, errorText} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {allocateVolume} from '../storage/allocate.js'
import {createdLogLines} from '../storage/volume-path.js'
import {findVolume, freeVolume, storageConfig, volumeSupports} from '../storage/volumes.js'
import {storageType} from '../storage/types.js'
import {isShared} from '../views/node-figures.js'
import {renderBytes} from './copy.js'
import {splitVolid} from '../storage/volume-name.js'
import {type Drive, drivesOf, isCdrom, isCloudInit} from './drives.js'
import {qemuVersion} from './identity.js'
import {endRun, startVm, unlock} from './power.js'
import {loadVm, setVmOptions, updateVm} from './vm.js'

import type {Feature} from '../storage/types.js'
import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const MIB = 1024 ** 2
/** Room for the devices' state besides twice the memory. */
const STATE_EXTRA = 500 * MIB
const SNAPSHOT_SECONDS = 0.2
const STATE_BYTES_PER_SECOND = 500 * MIB

/** The disks of a configuration a snapshot is about: not its discs, and not what is made anew from the configuration. */
function snapshotDrives(config: GuestConfig): readonly (readonly [string, Drive])[] {
  return drivesOf(config).filter(([, drive]) => splitVolid(drive.file) && (!isCdrom(drive) || isCloudInit(drive)))
}

/** Whether all disks of a VM, or those of one of its snapshots, have a feature. */
export function hasFeature(world: World, guest: GuestRecord, feature: Feature, snapname?: string): boolean {
  const config = snapname === undefined ? guest.config : snapshotOf(guest, snapname).config
  return snapshotDrives(config).every(([, drive]) => {
    const volume = findVolume(world, drive.file, guest.node)
    if (!volume) return false
    return volumeSupports(world, volume, feature, snapname)
  })
}

/** `POST …/snapshot`: what speaks against it is said in the task. */
export function createSnapshot(call: Call): string {
  const {world, node, vmid} = call
  const name = call.required('snapname')
  checkSnapshotName(loadVm(world, node, vmid), name)
  const description = call.text('description')
  const withState = call.flag('vmstate') ?? false
  return call.startTask('qmsnapshot', vmid, async (task) => {
    let state: VolumeRecord | undefined
    await withConfigLock(world, {node, vmid}, {task}, () => {
      const guest = loadVm(world, node, vmid)
      checkNewSnapshot(guest, name, () => hasFeature(world, guest, 'snapshot'))
      if (withState && guest.run) state = allocateState(world, guest, name, task)
      updateVm(world, guest, {config: withOptions(guest.config, {lock: 'snapshot'})}, task.upid)
    })
    try {
      const guest = loadVm(world, node, vmid)
      if (state) await saveState(state, guest, task)
      for (const [key, drive] of snapshotDrives(guest.config)) {
        task.log(`snapshotting 'drive-${key}' (${drive.file})`)
        await task.sleep(SNAPSHOT_SECONDS)
        logDevice(world, task, drive.file, name)
      }

      const now = loadVm(world, node, vmid)
      const facts = {
        snaptime: world.clock.now(),
        ...(description !== undefined && description !== '' && {description}),
        ...(state && {vmstate: true}),
      }
      const machine = `pc-i440fx-${qemuVersion(world).split('.').slice(0, 2).join('.')}+pve0`
      const extra: GuestConfig = state ? {vmstate: state.volid, runningmachine: machine} : {}
      updateVm(world, now, addSnapshot(now, name, facts, extra), task.upid)
    } catch (error) {
      if (state) freeVolume(world, volumeKey(state))
      unlock(world, node, vmid, 'snapshot')
      throw error
    }
  })
}

function logDevice(world: World, task: Task, file: string, name: string): void {
  const {storage, volname} = splitVolid(file)!
  if (storageConfig(world, storage).type !== 'lvmthin') return
  task.log(`  Logical volume "snap_${volname}_${name}" created.`)
}

/** Where the memory of a VM is saved: as configured, else where its disks are, shared storage and files first. */
export function stateStorage(world: World, config: GuestConfig): string {
  const configured = config['vmstatestorage']
  if (configured !== undefined) return String(configured)
  let shared: string | undefined
  let local: string | undefined
  for (const [, drive] of snapshotDrives(config)) {
    const id = splitVolid(drive.file)!.storage
    const storage = storageConfig(world, id)
    const isFile = storageType(storage.type).layout === 'file'
    if (isShared(storage)) shared = shared === undefined || isFile ? id : shared
    else local = local === undefined || isFile ? id : local
  }

  return shared ?? local ?? 'local'
}

/** The volume a VM's memory goes into. */
export function allocateState(
  world: World,
  guest: GuestRecord,
  name: string,
  task: Task,
  storage?: string,
): VolumeRecord {
  const {config, node, vmid} = guest
  const memory = Number.parseInt(String(config['memory'] ?? '512').replace('current=', ''), 10)
  const volume = allocateVolume(world, {
    storage: storage ?? stateStorage(world, config),
    node,
    vmid,
    sizeBytes: memory * 2 * MIB + STATE_EXTRA,
    format: 'raw',
    content: 'images',
    suffix: `state-${name}`,
    dataBytes: Math.floor(memory * MIB * 0.4),
  })
  for (const line of createdLogLines(world, volume)) task.log(line)
  return volume
}

/** Writes the memory of a running VM; the log tells how far it is each second. */
export async function saveState(volume: VolumeRecord, {config}: GuestRecord, task: Task): Promise<void> {
  const memory = Number.parseInt(String(config['memory'] ?? '512').replace('current=', ''), 10)
  const bytes = Math.floor(memory * MIB * 0.4)
  const seconds = Math.max(1, Math.ceil(bytes / STATE_BYTES_PER_SECOND))
  task.log(`saving VM state and RAM using storage '${volume.storage}'`)
  for (let passed = 0; passed < seconds; passed++) {
    task.log(`${renderBytes((bytes * passed) / seconds, 2)} in ${passed}s`)
    await task.sleep(1)
  }

  task.log(`completed saving the VM state in ${seconds}s, saved ${renderBytes(bytes, 2)}`)
}

/** `DELETE …/snapshot/{snapname}` */
export function deleteSnapshot(call: Call): string {
  const {world, node, vmid} = call
  const name = call.required('snapname')
  const force = call.flag('force') ?? false
  loadVm(world, node, vmid)
  return call.startTask('qmdelsnapshot', vmid, async (task) => {
    await withConfigLock(world, {node, vmid}, {task}, () => {
      const guest = loadVm(world, node, vmid)
      snapshotOf(guest, name)
      checkLock(guest)
      updateVm(world, guest, {config: withOptions(guest.config, {lock: 'snapshot-delete'})})
    })
    try {
      const guest = loadVm(world, node, vmid)
      const {config} = snapshotOf(guest, name)
      freeState(world, guest, config)
      for (const [, drive] of snapshotDrives(config)) {
        await task.sleep(SNAPSHOT_SECONDS)
        if (!findVolume(world, drive.file, node) && !force) die(`volume '${drive.file}' does not exist`)
      }

      const now = loadVm(world, node, vmid)
      updateVm(world, now, removeSnapshot(now, name))
    } catch (error) {
      unlock(world, node, vmid, 'snapshot-delete')
      throw error
    }
  })
}

function freeState(world: World, {node, vmid}: GuestRecord, config: GuestConfig): void {
  const file = config['vmstate']
  const volume = file === undefined ? undefined : findVolume(world, String(file), node)
  if (volume?.vmid === vmid) freeVolume(world, volumeKey(volume))
}

/** `POST …/snapshot/{snapname}/rollback`: a running VM is stopped; one whose memory was saved runs afterwards. */
export function rollbackSnapshot(call: Call): string {
  const {world, node, vmid} = call
  const name = call.required('snapname')
  const start = call.flag('start') ?? false
  if (start) call.check(`/vms/${vmid}`, 'VM.PowerMgmt')
  return call.startTask('qmrollback', vmid, async (task) => {
    await withConfigLock(world, {node, vmid}, {task}, () => {
      const guest = loadVm(world, node, vmid)
      const {config} = checkRollback(guest, name)
      checkNewest(world, guest, name, config)
      endRun(world, node, vmid)
      setVmOptions(world, node, vmid, {lock: 'rollback'})
    })
    try {
      const {config} = snapshotOf(loadVm(world, node, vmid), name)
      for (const [key, drive] of snapshotDrives(config)) {
        if (storageConfig(world, splitVolid(drive.file)!.storage).type === 'lvmthin') {
          task.log(`  Logical volume "${splitVolid(drive.file)!.volname}" successfully removed.`)
          task.log(`  Logical volume "${splitVolid(drive.file)!.volname}" created.`)
        }

        if (key !== '') await task.sleep(SNAPSHOT_SECONDS)
      }

      const guest = loadVm(world, node, vmid)
      const next = withOptions(rolledBack(guest, name), {lock: null, vmstate: null, runningmachine: null})
      updateVm(world, guest, {config: next, pending: undefined, forcedDeletions: undefined})
    } catch (error) {
      unlock(world, node, vmid, 'rollback')
      throw error
    }

    const hasState = snapshotOf(loadVm(world, node, vmid), name).vmstate === true
    if (!start && !hasState) return
    try {
      await startVm(world, node, vmid, task)
    } catch (error) {
      task.log(errorText(error))
    }
  })
}

/** ZFS and volume chains can only go back to the last snapshot of a volume (reference 2.12). */
function checkNewest(world: World, guest: GuestRecord, name: string, config: GuestConfig): void {
  const {snaptime} = snapshotOf(guest, name)
  for (const [, drive] of snapshotDrives(config)) {
    const {config: options, type} = storageConfig(world, splitVolid(drive.file)!.storage)
    const isChain = Number(options['snapshot-as-volume-chain'] ?? 0) === 1 && drive.file.endsWith('.qcow2')
    if (type !== 'zfspool' && type !== 'zfs' && !isChain) continue
    const newer = Object.entries(guest.snapshots ?? {})
      .filter(([other, snapshot]) => other !== name && isAfter(guest, other, name, snapshot.snaptime >= snaptime))
      .filter(([, snapshot]) => Object.values(snapshot.config).some((value) => String(value).startsWith(drive.file)))
    if (newer.length > 0) die(`can't rollback, '${name}' is not most recent snapshot on '${drive.file}'`)
  }
}

/** Whether one snapshot was made after another: as their times say, or as one descends from the other. */
function isAfter(guest: GuestRecord, name: string, other: string, isLater: boolean): boolean {
  for (let at = guest.snapshots?.[other]?.parent; at !== undefined; at = guest.snapshots?.[at]?.parent) {
    if (at === name) return false
  }

  return isLater
}
