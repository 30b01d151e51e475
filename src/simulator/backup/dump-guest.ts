import {randomUUID} from 'node:crypto'

import {backupInside} from '../guest/backup-contents.js'
import {checkLock, checkWritable, guestLabel, setOptions, withOptions} from '../guest/guests.js'
import {die, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {hasRoom} from '../storage/files.js'
import {contentDirectory} from '../storage/volume-name.js'
import {writtenBytes} from '../storage/space.js'
import {findVolume, volumeSupports} from '../storage/volumes.js'
import {isShared} from '../views/node-figures.js'
import {guestVolumes, type GuestVolume} from './guest-volumes.js'
import {type JobOptions, keepRules, notesOf, recordText} from './job-options.js'
import {archiveTime, duration, logTime} from './local-time.js'
import {backupOwner, pruneStorage, removeMarked} from './retention.js'

import type {GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'
import type {Destination} from './destination.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** Bytes a second: holes are only skipped, data is read, compressed and written. */
const HOLE_SPEED = GIB
const DATA_SPEED = 150 * MIB
/** Bytes of an archive without any data, and what compression leaves of data. */
const ARCHIVE_BYTES = 28_000
const PLAIN_ARCHIVE_BYTES = 150_000
const COMPRESSED = 0.5
const EXTENSIONS: Readonly<Record<string, string>> = {gzip: '.gz', lzo: '.lzo', zstd: '.zst', '1': '.lzo', '0': ''}

export interface Dump {
  readonly world: World
  readonly node: string
  readonly task: Task
  readonly options: JobOptions
  readonly destination: Destination
  readonly vmid: number
}

type Mode = 'snapshot' | 'stop' | 'suspend'

/** One guest of a backup job: locks it, writes the archive, cleans up. Throws why it failed; the guest is as before then. */
export async function dumpGuest(dump: Dump): Promise<void> {
  const {world, node, task, options, vmid} = dump
  const guest = world.store.of('guests').get(vmid)
  if (!guest || guest.node !== node) return die(`unable to find VM '${vmid}'`)
  const {timezone} = world.node(node)
  const started = world.clock.now()
  const label = guestLabel(guest.type)
  const isRunning = guest.run !== undefined
  const volumes = guestVolumes(guest)
  const included = volumes.filter(({included}) => included)
  const prepare = (): void => {
    task.log(`INFO: ${label} Name: ${String(guest.config['name'] ?? guest.config['hostname'] ?? `${label} ${vmid}`)}`)
    for (const line of volumes.flatMap((volume) => volumeLine(guest, volume))) task.log(line)
  }

  const mode = isRunning ? chooseMode(world, guest, included, (options['mode'] ?? 'snapshot') as Mode) : 'stop'
  task.log(`INFO: Starting Backup of VM ${vmid} (${guest.type})`)
  task.log(`INFO: Backup started at ${logTime(started, timezone)}`)
  task.log(`INFO: status = ${isRunning ? 'running' : 'stopped'}`)
  checkLock(guest)
  checkWritable(world, guest.type, node, vmid, task.upid)
  if (isRunning) prepare()
  if (isRunning && mode !== (options['mode'] ?? 'snapshot')) {
    task.log('INFO: mode failure - some volumes do not support snapshots')
    task.log(`INFO: trying '${mode}' mode instead`)
  }

  task.log(`INFO: backup mode: ${mode}`)
  if (Number(options['bwlimit'] ?? 0) > 0) task.log(`INFO: bandwidth limit: ${Number(options['bwlimit'])} KiB/s`)
  task.log(`INFO: ionice priority: ${Number(options['ionice'] ?? 7)}`)
  if (!isRunning) prepare()
  const disks = included.map((volume) => measure(world, node, volume))
  setOptions(world, vmid, {lock: 'backup'})
  let archive: VolumeRecord | undefined
  try {
    if (isRunning && mode === 'stop') await stopForBackup(dump, guest)
    archive = await writeArchive(dump, guest, disks, mode, isRunning)
    if (isRunning && mode === 'stop' && guest.type === 'lxc') task.log('INFO: restarting vm')
    finishArchive(dump, guest, archive)
  } catch (error) {
    if (archive) world.store.of('volumes').delete(volumeKey(archive))
    if (!task.signal.aborted) throw error
    task.log('ERROR: interrupted by signal')
    task.log('INFO: aborting backup job')
    throw new PveError(500, 'interrupted by signal')
  } finally {
    const after = world.store.of('guests').get(vmid)
    if (after?.config['lock'] === 'backup') setOptions(world, vmid, {lock: undefined})
    restoreRun(world, guest)
  }

  task.log(`INFO: Finished Backup of VM ${vmid} (${duration(world.clock.now() - started)})`)
  task.log(`INFO: Backup finished at ${logTime(world.clock.now(), timezone)}`)
}

/** A running container can only be saved as it is where all its volumes take snapshots; a VM always. */
function chooseMode(world: World, guest: GuestRecord, volumes: readonly GuestVolume[], wanted: Mode): Mode {
  if (wanted !== 'snapshot' || guest.type === 'qemu') return wanted
  const canSnapshot = volumes.every(({volid}) => {
    const volume = findVolume(world, volid, guest.node)
    return volume !== undefined && volumeSupports(world, volume, 'snapshot')
  })
  return canSnapshot ? 'snapshot' : 'suspend'
}

function volumeLine(
  guest: GuestRecord,
  {key, volid, size, mountpoint, included, reason}: GuestVolume,
): readonly string[] {
  if (guest.type === 'qemu') {
    if (included) return [`INFO: include disk '${key}' '${volid}' ${size}`]
    return reason === 'backup=no' ? [`INFO: exclude disk '${key}' '${volid}' (${reason})`] : []
  }

  const path = `${key} ('${mountpoint ?? '/'}')`
  if (included) return [`INFO: including mount point ${path} in backup`]
  return [
    `INFO: excluding ${mountpoint?.startsWith('/') ? (reason === 'not a volume' ? 'bind' : 'volume') : 'volume'} mount point ${path} from backup (${reason})`,
  ]
}

interface Disk {
  readonly key: string
  readonly volume: VolumeRecord
  readonly data: number
}

function measure(world: World, node: string, {key, volid}: GuestVolume): Disk {
  const volume = findVolume(world, volid, node) ?? die(`volume '${volid}' does not exist`)
  return {key, volume, data: writtenBytes(world, volume)}
}

/** Stop mode takes a guest down first, politely. */
async function stopForBackup({world, task, options, vmid}: Dump, guest: GuestRecord): Promise<void> {
  task.log('INFO: stopping virtual guest')
  const seconds = guest.behaviour?.shutdownSeconds
  const limit = Number(options['stopwait'] ?? 10) * 60
  if (seconds === undefined || seconds > limit) {
    await task.patience(limit)
    die(`command 'qm shutdown ${vmid} --skiplock --keepActive --timeout ${limit}' failed: exit code 255`)
  }

  await task.sleep(seconds)
  world.store.of('guests').update(vmid, {run: undefined})
}

/** A guest that ran before runs again afterwards. */
function restoreRun(world: World, before: GuestRecord): void {
  const guest = world.store.of('guests').get(before.vmid)
  if (!guest || guest.run || !before.run) return
  world.store.of('guests').update(guest.vmid, {
    run: {
      pid: before.run.pid + 1,
      startedAt: world.clock.nowMs(),
      config: withOptions(guest.config, {lock: undefined}),
    },
  })
}

async function writeArchive(
  dump: Dump,
  guest: GuestRecord,
  disks: readonly Disk[],
  mode: Mode,
  isRunning: boolean,
): Promise<VolumeRecord> {
  const {world, node, task, destination} = dump
  const {storage} = destination
  const ctime = freeTime(dump, guest)
  const {name, path, format} = archiveName(dump, guest, ctime)
  if (guest.type === 'lxc' && isRunning && mode === 'snapshot') task.log("INFO: create storage snapshot 'vzdump'")
  if (guest.type === 'lxc' && isRunning && mode === 'suspend') {
    task.log('INFO: suspending guest')
  }

  task.log(`INFO: creating ${isServer(destination) ? 'Proxmox Backup Server' : 'vzdump'} archive '${path}'`)
  const data = disks.reduce((sum, disk) => sum + disk.data, 0)
  if (guest.type === 'qemu') await saveDisks(dump, disks, isRunning)
  else await saveFiles(dump, data)
  if (guest.type === 'lxc' && isRunning && mode === 'snapshot') task.log("INFO: cleanup temporary 'vzdump' snapshot")
  if (guest.type === 'lxc' && isRunning && mode === 'suspend') task.log('INFO: resuming guest')

  const size = Math.floor(
    format === 'vma' || format === 'tar' ? PLAIN_ARCHIVE_BYTES + data : ARCHIVE_BYTES + data * COMPRESSED,
  )
  if (storage && !hasRoom(world, storage, node, size)) {
    die(guest.type === 'qemu' ? 'vma_queue_write: write error - Broken pipe' : `write error: No space left on device`)
  }

  const volume: VolumeRecord = {
    volid: `${storage?.storage ?? ''}:backup/${name}`,
    storage: storage?.storage ?? '',
    ...((!storage || !isShared(storage)) && {node}),
    content: 'backup',
    format,
    size,
    used: size,
    ctime,
    vmid: guest.vmid,
    inside: backupInside({
      type: guest.type,
      vmid: guest.vmid,
      config: withOptions(guest.config, {lock: undefined, parent: undefined}),
      disks: Object.fromEntries(disks.map(({key, volume, data: used}) => [key, {size: volume.size, used}])),
      ...firewallOf(world, guest),
    }),
  }
  // what lies outside of all storages is nobody's volume
  if (storage) world.store.of('volumes').put(volumeKey(volume), volume)
  return volume
}

const isServer = ({storage}: Destination): boolean => storage?.type === 'pbs'

/** A file named after the guest and the moment; on a backup server a group and a moment in UTC. */
function archiveName(
  {world, node, options, destination}: Dump,
  guest: GuestRecord,
  ctime: number,
): {readonly name: string; readonly path: string; readonly format: string} {
  const {storage, dumpdir} = destination
  if (isServer(destination)) {
    const kind = guest.type === 'qemu' ? 'vm' : 'ct'
    const name = `${kind}/${guest.vmid}/${new Date(ctime * 1000).toISOString().replace(/\.\d+Z$/, 'Z')}`
    return {name, path: name, format: `pbs-${kind}`}
  }

  const compress = String(options['compress'] ?? '0')
  const format = `${guest.type === 'qemu' ? 'vma' : 'tar'}${EXTENSIONS[compress] ?? ''}`
  const name = `vzdump-${guest.type}-${guest.vmid}-${archiveTime(ctime, world.node(node).timezone)}.${format}`
  return {name, path: `${storage ? contentDirectory(storage, 'backup') : dumpdir}/${name}`, format}
}

function firewallOf(world: World, guest: GuestRecord) {
  const firewall = world.store.of('firewall').get(`${guest.type}/${guest.vmid}`)
  return firewall ? {firewall} : {}
}

/** Two backups of one guest never share a second, as their names would be the same. */
function freeTime({world, node, destination, vmid}: Dump, guest: GuestRecord): number {
  const now = world.clock.now()
  const last = [...world.store.of('volumes').values()]
    .filter(
      (volume) =>
        volume.content === 'backup' && volume.vmid === vmid && volume.storage === destination.storage?.storage,
    )
    .filter((volume) => (volume.node ?? node) === node && backupOwner(volume.volid)?.type === guest.type)
    .map(({ctime}) => ctime)
  return Math.max(now, ...last.map((ctime) => ctime + 1))
}

async function saveDisks({task, options}: Dump, disks: readonly Disk[], isRunning: boolean): Promise<void> {
  if (!isRunning) task.log('INFO: starting kvm to execute backup task')
  await task.sleep(isRunning ? 0.2 : 2)
  task.log(`INFO: started backup task '${randomUUID()}'`)
  if (isRunning) task.log('INFO: resuming VM again')
  const total = disks.reduce((sum, {volume}) => sum + volume.size, 0)
  const data = disks.reduce((sum, disk) => sum + disk.data, 0)
  const limit = Number(options['bwlimit'] ?? 0) * 1024
  const work = (total - data) / HOLE_SPEED + data / DATA_SPEED
  const seconds = Math.max(work, limit > 0 ? total / limit : 0)
  const steps = Math.max(1, Math.ceil(seconds / 3))
  for (let step = 1; step <= steps; step++) {
    // a limit is kept at any speed of time, so that others can meet a backup that is still running
    await (limit > 0 && seconds > work ? task.patience(seconds / steps) : task.sleep(seconds / steps))
    const share = step / steps
    const rate = total / Math.max(1, seconds)
    task.log(
      `INFO: ${String(Math.floor(share * 100)).padStart(3)}% (${bytes(total * share)} of ${bytes(total)}) in ${elapsed(seconds * share)}, read: ${bytes(rate)}/s, write: ${bytes(data / Math.max(1, seconds))}/s`,
    )
  }

  const zero = total - data
  if (total > 0 && zero > 0)
    task.log(`INFO: backup is sparse: ${bytes(zero, 2)} (${Math.floor((zero / total) * 100)}%) total zero data`)
  const whole = Math.floor(seconds)
  task.log(
    whole === 0
      ? `INFO: transferred ${bytes(total, 2)} in <1 seconds`
      : `INFO: transferred ${bytes(total, 2)} in ${whole} seconds (${bytes(total / whole)}/s)`,
  )
  if (!isRunning) {
    task.log('INFO: stopping kvm after backup task')
    await task.sleep(1)
  }
}

async function saveFiles({task, options}: Dump, data: number): Promise<void> {
  const limit = Number(options['bwlimit'] ?? 0) * 1024
  const work = data / DATA_SPEED
  const seconds = Math.max(work, limit > 0 ? data / limit : 0)
  await (seconds > work ? task.patience(seconds) : task.sleep(seconds))
  task.log(
    `INFO: Total bytes written: ${data} (${(data / MIB).toFixed(1)}MiB, ${(data / Math.max(0.1, seconds) / MIB).toFixed(0)}MiB/s)`,
  )
}

/** Notes, protection, and what retention removes for it. */
function finishArchive(
  {world, node, task, options, destination}: Dump,
  guest: GuestRecord,
  archive: VolumeRecord,
): void {
  const {storage} = destination
  task.log(`INFO: archive file size: ${fileSize(archive.size)}`)
  if (!storage) return
  const template = options['notes-template']
  if (template !== undefined) {
    task.log('INFO: adding notes to backup')
    world.store.of('volumes').update(volumeKey(archive), {notes: notesOf(String(template), world, guest)})
  }

  if (Number(options['protected'] ?? 0) === 1) {
    task.log('INFO: marking backup as protected')
    world.store.of('volumes').update(volumeKey(archive), {protected: true})
  }

  const keep = keepRules(options, storage)
  if (Number(options['remove'] ?? 1) !== 1 || !keep || keep.all) return
  task.log(
    `INFO: prune older backups with retention: ${recordText(Object.fromEntries(Object.entries(keep).map(([rule, count]) => [`keep-${rule}`, Number(count)])))}`,
  )
  const entries = pruneStorage(world, storage, keep, {node, vmid: guest.vmid, type: guest.type})
  const removed = removeMarked(world, entries, node, (line) => task.log(`INFO: ${line}`))
  task.log(`INFO: pruned ${removed} backup(s)${removed > 0 ? ' not covered by keep-retention policy' : ''}`)
}

function bytes(value: number, digits = 1): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let rest = value
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024
    unit++
  }

  return `${unit === 0 ? Math.floor(rest) : rest.toFixed(digits)} ${units[unit]}`
}

function elapsed(seconds: number): string {
  const whole = Math.floor(seconds)
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m ${whole % 60}s`
}

function fileSize(size: number): string {
  if (size < MIB) return `${Math.floor(size / 1024)}KB`
  return size < GIB ? `${Math.floor(size / MIB)}MB` : `${(size / GIB).toFixed(2)}GB`
}
