import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkProtection, configDigest, isTemplate, withOptions} from '../guest/guests.js'
import {die, errorText, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {allocateVolume} from '../storage/allocate.js'
import {createdLogLines} from '../storage/volume-path.js'
import {
  findVolume,
  formatDiskSize,
  freeVolume,
  renameVolume,
  storageOnNode,
  volumeSupports,
} from '../storage/volumes.js'
import {checkGuestPrivileges} from '../guest/access.js'
import {copyFormat, dataOf} from './clone.js'
import {copyData, copySeconds, renderBytes} from './copy.js'
import {missingVolume} from './disks.js'
import {splitVolid} from '../storage/volume-name.js'
import {type Drive, isCloudInit, isPlainCdrom, parseDrive, printDrive, withProperties} from './drives.js'
import {isDriveKey} from './options.js'
import {registerUnused} from './pending.js'
import {toBaseImages} from './template.js'
import {loadVm, updateVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const REASSIGN_SECONDS = 0.5

/** Moves a disk to another storage or format, or to another VM (reference 2.12). */
export function moveDisk(call: Call): string {
  const storage = call.text('storage')
  const target = call.number('target-vmid')
  if (storage !== undefined && target !== undefined) die("either set 'storage' or 'target-vmid', but not both")
  if (storage !== undefined) return moveToStorage(call, storage)
  if (target !== undefined) return reassign(call, target)
  return die(
    "Provide either a 'storage' to move the disk to a different storage or 'target-vmid' and 'target-disk' to move the disk to another VM",
  )
}

interface Source {
  readonly guest: GuestRecord
  readonly drive: Drive
  readonly inSnapshot: boolean
}

function moveToStorage(call: Call, storage: string): string {
  const {world, node, vmid} = call
  const key = call.required('disk')
  const isDeleting = call.flag('delete') ?? false
  const format = call.text('format')
  call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
  const check = (): Source => {
    const source = loadSource(call, key)
    const {drive, inSnapshot} = source
    const {storage: old, volname} = splitVolid(drive.file) ?? die(`disk '${key}' has no associated volume`)
    const oldFormat = /\.(raw|qcow2|vmdk)$/.exec(volname)?.[1]
    if (old === storage && (format === undefined || oldFormat === undefined || oldFormat === format)) {
      die("you can't move to the same storage with same format")
    }

    if (inSnapshot && isDeleting) die("you can't move a disk with snapshots and delete the source")
    storageOnNode(world, storage, node)
    return source
  }

  check()
  return call.startTask('qmmove', vmid, (task) =>
    withConfigLock(world, {node, vmid}, {task}, async () => {
      const {guest, drive, inSnapshot} = check()
      if (inSnapshot) task.log('moving disk with snapshots, snapshots will not be moved!')
      const volume =
        findVolume(world, drive.file, node) ??
        die(missingVolume(storageOnNode(world, splitVolid(drive.file)!.storage, node).type, drive.file))
      const copy = await copyTo(call, task, {key, drive, volume, storage, format, isRunning: guest.run !== undefined})
      const moved = withProperties(drive, {format: null, size: formatDiskSize(copy.size)}, copy.volid)
      finishMove(world, call, task, {key, drive, moved, copy, isDeleting})
      if (isTemplate(guest)) await toBaseImages(world, node, vmid, task, key)
      if (isDeleting) freeVolume(world, volumeKey(volume))
    }),
  )
}

function finishMove(
  world: World,
  {node, vmid}: Call,
  task: Task,
  {
    key,
    drive,
    moved,
    copy,
    isDeleting,
  }: {key: string; drive: Drive; moved: Drive; copy: VolumeRecord; isDeleting: boolean},
): void {
  try {
    const now = loadVm(world, node, vmid)
    const config = withOptions(now.config, {[key]: printDrive(moved)})
    updateVm(world, now, {config: isDeleting ? config : registerUnused(config, drive)}, task.upid)
  } catch (error) {
    freeVolume(world, volumeKey(copy))
    throw new PveError(500, `storage migration failed: ${errorText(error)}`)
  }
}

function loadSource(call: Call, key: string): Source {
  const {world, node, vmid} = call
  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  const digest = call.text('digest')
  if (digest !== undefined && digest !== configDigest(world, guest)) {
    die('detected modified configuration - file changed by other user? Try again.')
  }

  const drive = parseDrive(guest.config[key] ?? die(`disk '${key}' does not exist`))
  if (drive.file === '') die(`disk '${key}' has no associated volume`)
  if (isPlainCdrom(drive)) die("you can't move a cdrom")
  return {guest, drive, inSnapshot: isInSnapshot(guest, drive.file)}
}

/** Whether a snapshot holds on to a volume. */
export function isInSnapshot({snapshots}: GuestRecord, file: string): boolean {
  return Object.values(snapshots ?? {}).some(({config}) => holds(config, file))
}

function holds(config: GuestConfig, file: string): boolean {
  return Object.entries(config).some(([key, value]) => isDriveKey(key) && parseDrive(value).file === file)
}

interface Copy {
  readonly key: string
  readonly drive: Drive
  readonly volume: VolumeRecord
  readonly storage: string
  readonly format: string | undefined
  readonly isRunning: boolean
}

async function copyTo(
  call: Call,
  task: Task,
  {key, drive, volume, storage, format, isRunning}: Copy,
): Promise<VolumeRecord> {
  const {world, node, vmid} = call
  const bwlimit = call.number('bwlimit') ?? 0
  let copy: VolumeRecord | undefined
  try {
    task.log(`create full clone of drive ${key} (${drive.file})`)
    copy = allocateVolume(world, {
      storage,
      node,
      vmid,
      sizeBytes: volume.size,
      format: copyFormat(world, storage, key, drive, volume, format),
      content: 'images',
      ...(isCloudInit(drive) ? {suffix: 'cloudinit'} : {dataBytes: dataOf(world, volume)}),
    })
    for (const line of createdLogLines(world, copy)) task.log(line)
    if (isCloudInit(drive)) return copy
    if (isRunning) await mirrorOver(task, key, volume, bwlimit)
    else
      await copyData({total: volume.size, data: dataOf(world, volume), bwlimit, twice: volume.format === 'raw'}, task)
    return copy
  } catch (error) {
    if (copy) freeVolume(world, volumeKey(copy))
    throw new PveError(500, `storage migration failed: ${errorText(error)}`)
  }
}

/** A running VM goes over to the copy when that has caught up. */
async function mirrorOver(task: Task, key: string, volume: VolumeRecord, bwlimit: number): Promise<void> {
  const drive = `drive-${key}`
  const total = renderBytes(volume.size)
  const seconds = Math.max(1, Math.round(copySeconds(volume.used, bwlimit)))
  task.log(`drive mirror is starting for ${drive}`)
  for (let passed = 0; passed <= seconds; passed++) {
    const share = passed / seconds
    const ready = share === 1 ? ', ready' : ''
    task.log(
      `${drive}: transferred ${renderBytes(volume.size * share)} of ${total} (${(share * 100).toFixed(2)}%) in ${passed}s${ready}`,
    )
    if (share < 1) await task.sleep(1)
  }

  task.log("all 'mirror' jobs are ready")
  task.log(`${drive}: Completing block job...`)
  await task.sleep(0.2)
  task.log(`${drive}: Completed successfully.`)
  task.log(`${drive}: mirror-job finished`)
}

/** Gives a disk to another VM of the node: its volume is renamed, nothing is copied. */
function reassign(call: Call, targetId: number): string {
  const {world, node, vmid} = call
  const key = call.required('disk')
  const targetKey = call.text('target-disk') ?? key
  checkGuestPrivileges(call, targetId, undefined, ['VM.Config.Disk'])
  if (targetId === vmid) {
    die('Moving a disk to the same VM is not possible. Did you mean to move the disk to a different storage or format?')
  }

  const check = (): {source: Source; target: GuestRecord} => {
    const source = loadReassigned(call, key)
    const target = loadVm(world, node, targetId)
    checkLock(target)
    const digest = call.text('target-digest')
    if (digest !== undefined && digest !== configDigest(world, target)) {
      die(`VM ${targetId}: detected modified configuration - file changed by other user? Try again.`)
    }

    if (isTemplate(source.guest)) die('Moving a disk of a base VM (template) is not possible')
    if (isTemplate(target)) die('Moving disks to templates is not supported yet')
    if (target.config[targetKey] !== undefined) {
      die(`Target disk key '${targetKey}' is already in use for VM '${targetId}'`)
    }

    const volume = findVolume(world, source.drive.file, node)
    if (!volume || !volumeSupports(world, volume, 'rename'))
      die(`Can't reassign disk '${key}' as the storage does not support it`)
    return {source, target}
  }

  const {storage} = splitVolid(check().source.drive.file)!
  call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
  return call.startTask('qmmove', `${vmid}-${key}>${targetId}-${targetKey}`, (task) =>
    withConfigLock(world, {node, vmid}, {task}, () =>
      withConfigLock(world, {node, vmid: targetId}, {task}, async () => {
        const {source} = check()
        task.log(`moving disk '${key}' from VM '${vmid}' to '${targetId}'`)
        await task.sleep(REASSIGN_SECONDS)
        const volume = findVolume(world, source.drive.file, node)!
        const renamed = renameVolume(world, volumeKey(volume), {
          name: freeName(world, volume, targetId),
          vmid: targetId,
        })
        const from = loadVm(world, node, vmid)
        updateVm(world, from, {config: withOptions(from.config, {[key]: null})})
        const to = loadVm(world, node, targetId)
        const line = isDriveKey(targetKey) ? printDrive(withProperties(source.drive, {}, renamed.volid)) : renamed.volid
        updateVm(world, to, {config: withOptions(to.config, {[targetKey]: line})})
        task.log(`removing disk '${key}' from VM '${vmid}' config`)
        task.log(`target disk '${targetKey}' will be renamed to '${renamed.volid}'`)
      }),
    ),
  )
}

function loadReassigned(call: Call, key: string): Source {
  const source = loadSource(call, key)
  const {guest, drive, inSnapshot} = source
  checkProtection(guest, `can't move disk '${key}'`)
  if (guest.run && isDriveKey(key)) die("Can't move disk used by a running VM to another VM")
  if (isCloudInit(drive)) die("Can't move a cloudinit disk to another VM")
  if (inSnapshot) die(`Can't move disk used by a snapshot to another VM`)
  return source
}

/** The first free disk name of another owner on the volume's storage. */
function freeName(world: World, volume: VolumeRecord, vmid: number): string {
  const taken = new Set(
    [...world.store.of('volumes').values()]
      .filter((other) => other.storage === volume.storage && other.node === volume.node && other.vmid === vmid)
      .map(({volid}) => volid.split(/[:/]/).at(-1)!),
  )
  const extension = /\.\w+$/.exec(volume.volid)?.[0] ?? ''
  for (let index = 0; ; index++) {
    const name = `vm-${vmid}-disk-${index}${extension}`
    if (!taken.has(name)) return name
  }
}
