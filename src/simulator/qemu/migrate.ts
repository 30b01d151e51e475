import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkWritable, withOptions} from '../guest/guests.js'
import {isHaManaged, requestHaMigration} from '../guest/ha-request.js'
import {die, errorText, paramError, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {
  createdLogLines,
  findVolume,
  formatDiskSize,
  freeVolume,
  hasContent,
  storageConfig,
  storageOnNode,
} from '../storage/volumes.js'
import {storageType} from '../storage/types.js'
import {guestUsage} from '../views/guest-figures.js'
import {isShared} from '../views/node-figures.js'
import {checkGuestPrivileges} from '../guest/access.js'
import {renderBytes} from './copy.js'
import {splitVolid} from '../storage/volume-name.js'
import {drivesOf, isCdrom, isCloudInit, isPlainCdrom, parseDrive, printDrive, withProperties} from './drives.js'
import {isDriveKey} from './options.js'
import {unlock} from './power.js'
import {localResources} from './precondition.js'
import {loadVm, setVmOptions, updateVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, NodeRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const MIB = 1024 ** 2
/** Bytes a second between two nodes, of disks and of memory, and how often it is told. */
const COPY_RATE = 125e6
const MEMORY_RATE = 110 * MIB
const REPORT_SECONDS = 3
const TRY_SECONDS = 3
const LOCK_SECONDS = 10
/** Storages whose volumes can be sent to another node. */
const SENDABLE = new Set(['btrfs', 'dir', 'lvm', 'lvmthin', 'zfspool'])

export interface MigrationOptions {
  readonly target: string
  readonly online: boolean
  readonly withLocalDisks: boolean
  readonly force: boolean
  readonly insecure: boolean
  /** The storage on the target that takes the place of one here. */
  readonly mapStorage: (storage: string) => string
}

/** Moves a VM to another node (cluster facts, "QEMU migration"). The task runs on the source. */
export function migrateQemu(call: Call): string {
  const {world, node, vmid} = call
  const target = call.required('target')
  if (target === node || target === 'localhost') paramError({target: 'target is local node.'})
  world.checkQuorum(node)
  if (!world.members().some((member) => member.node === target)) die(`no such cluster node '${target}'`)
  for (const name of ['force', 'migration_type', 'migration_network']) {
    if (call.text(name) !== undefined && call.text(name) !== '0' && !call.isRootPam) {
      paramError({[name]: 'Only root may use this option.'})
    }
  }

  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  const online = call.flag('online') ?? false
  if (guest.run && !online) die("can't migrate running VM without --online")
  const mapStorage = storageMap(call, guest, target)
  if (isHaManaged(call, 'qemu', vmid)) return requestHaMigration(call, 'qemu', vmid, target)
  const options: MigrationOptions = {
    target,
    online: online && guest.run !== undefined,
    withLocalDisks: call.flag('with-local-disks') ?? false,
    force: call.flag('force') ?? false,
    insecure: call.text('migration_type') === 'insecure',
    mapStorage,
  }
  return call.startTask('qmigrate', vmid, (task) => migrateVm(world, node, vmid, task, options))
}

/** Reads `targetstorage`; without it every storage of the VM must be on the target, too. */
function storageMap(call: Call, guest: GuestRecord, target: string): (storage: string) => string {
  const {world, vmid} = call
  const entries = call.list('targetstorage')
  const pairs = new Map<string, string>()
  let fallback: string | undefined
  for (const entry of entries) {
    const [from = '', to] = entry.split(':')
    if (to !== undefined) pairs.set(from, to)
    else if (from !== '1') fallback = from
  }

  const isIdentity = entries.includes('1')
  if (entries.length > 0 && !isIdentity) checkGuestPrivileges(call, vmid, undefined, ['VM.Config.Disk'])
  for (const storage of [...pairs.values(), ...(fallback === undefined ? [] : [fallback])]) {
    storageConfig(world, storage)
    call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
    if (!hasContent(storageOnNode(world, storage, target), 'images')) {
      paramError({targetstorage: `storage '${storage}' does not support vm images`})
    }
  }

  if (entries.length === 0 || isIdentity) checkStorages(world, guest, target)
  return (storage) => pairs.get(storage) ?? fallback ?? storage
}

function checkStorages(world: World, {config}: GuestRecord, target: string): void {
  for (const [, drive] of drivesOf(config)) {
    const volid = splitVolid(drive.file)
    if (volid) storageOnNode(world, volid.storage, target)
  }
}

interface Migration extends MigrationOptions {
  readonly world: World
  readonly task: Task
  readonly node: string
  readonly vmid: number
  readonly to: NodeRecord
  readonly started: number
}

/** The whole migration. Ends with `migration aborted` while nothing has happened yet, `migration problems` afterwards. */
export async function migrateVm(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  options: MigrationOptions,
): Promise<void> {
  const migration: Migration = {
    ...options,
    world,
    task,
    node,
    vmid,
    to: world.node(options.target),
    started: world.clock.nowMs(),
  }
  await withConfigLock(world, {node, vmid}, {task, timeout: LOCK_SECONDS}, async () => {
    const phase = {value: 1}
    try {
      await prepare(migration)
      await (loadVm(world, node, vmid).run ? moveOnline(migration, phase) : moveOffline(migration))
    } catch (error) {
      abort(migration, phase.value, error)
    }

    info(migration, `migration finished successfully (duration ${elapsed(migration)})`)
  })
}

class PreparationError extends PveError {}

async function prepare(migration: Migration): Promise<void> {
  const {world, task, node, vmid, to, force} = migration
  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  const resources = localResources(guest)
  if (resources.length > 0) {
    if (!force && !(guest.run === undefined && resources.length === 0)) {
      throw new PreparationError(500, `can't migrate VM which uses local devices: ${resources.join(', ')}`)
    }

    info(migration, 'migrating VM which uses local devices')
  }

  if (!world.reaches(node, to)) {
    const options = [
      'BatchMode=yes',
      `HostKeyAlias=${to.node}`,
      `UserKnownHostsFile=/etc/pve/nodes/${to.node}/ssh_known_hosts`,
      'GlobalKnownHostsFile=none',
    ]
    info(
      migration,
      `# /usr/bin/ssh -e none ${options.map((option) => `-o '${option}'`).join(' ')} root@${to.ip} /bin/true`,
    )
    await task.patience(TRY_SECONDS)
    info(migration, `ssh: connect to host ${to.ip} port 22: No route to host`)
    throw new PreparationError(500, "Can't connect to destination address using public key")
  }

  await task.sleep(0.3)
}

function abort(migration: Migration, phase: number, error: unknown): never {
  const {world, node, vmid} = migration
  const text = errorText(error)
  if (error instanceof PreparationError) {
    info(migration, `ERROR: migration aborted (duration ${elapsed(migration)}): ${text}`)
    die('migration aborted')
  }

  info(migration, phase === 1 ? `ERROR: ${text}` : `ERROR: online migrate failure - ${text}`)
  info(migration, `aborting phase ${phase} - cleanup resources`)
  if (phase === 2) info(migration, 'migrate_cancel')
  unlock(world, node, vmid, 'migrate')
  if (phase === 1) {
    info(migration, `ERROR: migration aborted (duration ${elapsed(migration)}): ${text}`)
    die('migration aborted')
  }

  info(migration, `ERROR: migration finished with problems (duration ${elapsed(migration)})`)
  return die('migration problems')
}

async function moveOffline(migration: Migration): Promise<void> {
  const {world, task, node, vmid, target} = migration
  begin(migration)
  const local = localVolumes(migration, loadVm(world, node, vmid), false)
  const moved = await sendVolumes(migration, local)
  await task.sleep(0.7)
  checkConnection(migration)
  moveConfig(migration, moved, undefined)
  for (const {volume} of local) freeVolume(world, volumeKey(volume))
  unlock(world, target, vmid, 'migrate')
}

function begin(migration: Migration): void {
  const {world, task, node, vmid, to} = migration
  info(migration, `starting migration of VM ${vmid} to node '${to.node}' (${to.ip})`)
  const guest = loadVm(world, node, vmid)
  updateVm(world, guest, {config: withOptions(guest.config, {lock: 'migrate'})}, task.upid)
}

/** A running VM: QEMU is started on the target, disks and memory follow, and at last the configuration. */
async function moveOnline(migration: Migration, phase: {value: number}): Promise<void> {
  const {world, task, node, vmid, target, to, insecure} = migration
  begin(migration)
  const guest = loadVm(world, node, vmid)
  const local = localVolumes(migration, guest, true)
  const attached = local.filter(({reference}) => reference === 'attached')
  const moved = await sendVolumes(
    migration,
    local.filter(({reference}) => reference !== 'attached'),
  )
  info(migration, `starting VM ${vmid} on remote node '${to.node}'`)
  const mirrored: VolumeRecord[] = []
  phase.value = 2
  try {
    await startOnTarget(migration)
    for (const {volume} of attached) {
      const copy = placeCopy(migration, volume)
      mirrored.push(copy)
      moved.set(volume.volid, copy.volid)
      info(migration, `volume '${volume.volid}' is '${copy.volid}' on the target`)
    }

    info(migration, 'start remote tunnel')
    await task.sleep(1)
    info(migration, 'ssh tunnel ver 1')
    if (attached.length > 0) await mirrorDisks(migration, guest, attached)
    await moveMemory(migration, guest, insecure ? `tcp:${to.ip}:60000` : `unix:/run/qemu-server/${vmid}.migrate`)
    checkConnection(migration)
    if (attached.length > 0) completeMirrors(migration, guest, attached)
  } catch (error) {
    for (const copy of mirrored) freeVolume(world, volumeKey(copy))
    throw error
  }

  const run = loadVm(world, node, vmid).run
  moveConfig(migration, moved, run, attached)
  if (attached.length > 0) info(migration, 'stopping NBD storage migration server on target.')
  await task.sleep(3)
  for (const {volume} of local) freeVolume(world, volumeKey(volume))
  unlock(world, target, vmid, 'migrate')
}

/** The way to the target, over which everything goes, is still there. */
function checkConnection({world, node, to}: Migration): void {
  if (!world.reaches(node, to) || !world.isQuorate(to.node))
    die(`command '/usr/bin/ssh -e none -o 'HostKeyAlias=${to.node}' root@${to.ip}' failed: exit code 255`)
}

async function startOnTarget(migration: Migration): Promise<void> {
  const {world, task, vmid, target} = migration
  await task.sleep(0.5)
  const upid = world.tasks.start({node: target, type: 'qmstart', id: vmid, user: 'root@pam'}, (start) => start.sleep(1))
  // the target may die meanwhile, and then nobody says how its task ended
  while (world.tasks.isRunning(upid)) await task.sleep(0.2)
  await task.sleep(0.3)
  checkConnection(migration)
}

async function moveMemory(migration: Migration, guest: GuestRecord, uri: string): Promise<void> {
  const {world, task} = migration
  const {mem} = guestUsage(guest, world.clock.nowMs())
  const total = Number.parseInt(String(guest.config['memory'] ?? '512').replace('current=', ''), 10) * MIB
  info(migration, `starting online/live migration on ${uri}`)
  info(migration, 'set migration capabilities')
  info(migration, `migration downtime limit: ${Math.round(Number(guest.config['migrate_downtime'] ?? 0.1) * 1000)} ms`)
  info(migration, `migration cachesize: ${renderBytes(cacheSize(total))}`)
  info(migration, 'set migration parameters')
  info(migration, `start migrate command to ${uri}`)
  const seconds = Math.max(1, Math.ceil(mem / MEMORY_RATE))
  for (let passed = 1; passed <= seconds; passed++) {
    await task.sleep(1)
    if (passed < seconds) {
      info(
        migration,
        `migration active, transferred ${renderBytes((mem * passed) / seconds)} of ${renderBytes(total)} VM-state, ${renderBytes(mem / seconds)}/s`,
      )
    }
  }

  info(
    migration,
    `average migration speed: ${renderBytes((total + 16.8 * MIB) / seconds)}/s - downtime ${5 + (guest.vmid % 60)} ms`,
  )
  info(migration, `migration completed, transferred ${renderBytes(mem)} VM-state`)
  info(migration, 'migration status: completed')
}

/** An eighth of the memory, as a power of two. */
function cacheSize(total: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(MIB, total / 8)))
}

async function mirrorDisks(migration: Migration, guest: GuestRecord, disks: readonly LocalVolume[]): Promise<void> {
  const {task, vmid} = migration
  info(migration, 'starting storage migration')
  for (const {volume} of disks) {
    const key = keyOf(guest, volume.volid)
    info(migration, `${key}: start migration to nbd:unix:/run/qemu-server/${vmid}_nbd.migrate:exportname=drive-${key}`)
    task.log(`drive mirror is starting for drive-${key}`)
    const seconds = Math.max(1, Math.ceil(volume.size / COPY_RATE))
    for (let passed = 1; passed <= seconds; passed++) {
      await task.sleep(1)
      const share = passed / seconds
      task.log(
        `drive-${key}: transferred ${renderBytes(volume.size * share)} of ${renderBytes(volume.size)} (${(share * 100).toFixed(2)}%) in ${passed}s${share === 1 ? ', ready' : ''}`,
      )
    }
  }

  task.log("all 'mirror' jobs are ready")
}

function completeMirrors({task}: Migration, guest: GuestRecord, disks: readonly LocalVolume[]): void {
  for (const {volume} of disks) task.log(`drive-${keyOf(guest, volume.volid)}: Completing block job...`)
  for (const {volume} of disks) {
    const key = keyOf(guest, volume.volid)
    task.log(`drive-${key}: Completed successfully.`)
    task.log(`drive-${key}: mirror-job finished`)
  }
}

function keyOf({config}: GuestRecord, file: string): string {
  return drivesOf(config).find(([, drive]) => drive.file === file)?.[0] ?? 'unknown'
}

interface LocalVolume {
  readonly volume: VolumeRecord
  readonly reference: 'attached' | 'generated' | 'snapshot' | 'unused'
}

const REFERENCES = {
  attached: "local disk 'X' (attached)",
  generated: "generated disk 'X' (in current VM config)",
  snapshot: "local disk 'X' (referenced by snapshot(s))",
  unused: "local disk 'X' (unused)",
}

/** What has to be copied. Logs each, and what stands in the way of any. */
function localVolumes(migration: Migration, guest: GuestRecord, live: boolean): readonly LocalVolume[] {
  const {world, node, vmid, withLocalDisks} = migration
  const found = new Map<string, LocalVolume['reference']>()
  const isLocal = (file: string): boolean => {
    const volid = splitVolid(file)
    return volid !== undefined && !isShared(storageConfig(world, volid.storage))
  }

  for (const {config} of Object.values(guest.snapshots ?? {})) {
    for (const [, drive] of drivesOf(config)) if (isLocal(drive.file)) found.set(drive.file, 'snapshot')
    const state = config['vmstate']
    if (state !== undefined && isLocal(String(state))) found.set(String(state), 'snapshot')
  }

  for (const [key, value] of Object.entries(guest.config)) {
    if (/^unused\d+$/.test(key) && isLocal(parseDrive(value).file)) found.set(parseDrive(value).file, 'unused')
  }

  for (const [, drive] of drivesOf(guest.config)) {
    if (isLocal(drive.file)) found.set(drive.file, isCloudInit(drive) ? 'generated' : 'attached')
  }

  const errors: [string, string][] = []
  const volumes: LocalVolume[] = []
  for (const [file, reference] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    info(migration, `found ${REFERENCES[reference].replace('X', file)}`)
    const volume = findVolume(world, file, node)
    const hasSnapshots = Object.keys(guest.snapshots ?? {}).length > 0
    const trouble = obstacle(world, guest, file, volume, {reference, live, withLocalDisks, hasSnapshots, vmid})
    if (trouble === undefined) volumes.push({volume: volume!, reference})
    else errors.push([file, trouble])
  }

  for (const [file, text] of errors) info(migration, `can't migrate local disk '${file}': ${text}`)
  if (errors.length > 0) die("Problem found while scanning volumes - can't migrate VM - check log")
  return volumes
}

interface Circumstances {
  readonly reference: LocalVolume['reference']
  readonly live: boolean
  readonly withLocalDisks: boolean
  readonly hasSnapshots: boolean
  readonly vmid: number
}

function obstacle(
  world: World,
  guest: GuestRecord,
  file: string,
  volume: VolumeRecord | undefined,
  {reference, live, withLocalDisks, hasSnapshots, vmid}: Circumstances,
): string | undefined {
  const drive = drivesOf(guest.config).find(([, {file: other}]) => other === file)?.[1]
  if (drive && isPlainCdrom(drive)) return 'local cdrom image'
  if (!volume) return `volume '${file}' does not exist`
  if (volume.vmid !== vmid) return `owned by other VM (owner = VM ${volume.vmid})`
  if (live && reference === 'attached' && !withLocalDisks) {
    return "can't live migrate attached local disks without with-local-disks option"
  }

  if (live && hasSnapshots && reference !== 'unused')
    return 'online storage migration not possible if non-replicated snapshot exists'
  const {type} = storageConfig(world, volume.storage)
  if (!SENDABLE.has(type)) return `storage type '${type}' not supported`
  if (hasSnapshots && reference !== 'unused' && volume.format !== 'qcow2' && type !== 'zfspool' && type !== 'btrfs') {
    return 'non-migratable snapshot exists'
  }

  return volume.parent === undefined ? undefined : `clone of '${volume.parent.slice(volume.storage.length + 1)}'`
}

/** Sends volumes one after the other; the new name of each. */
async function sendVolumes(migration: Migration, volumes: readonly LocalVolume[]): Promise<Map<string, string>> {
  const {world, node, vmid} = migration
  const names = new Map<string, string>()
  if (volumes.length === 0) return names
  updateSizes(migration, loadVm(world, node, vmid))
  info(migration, 'copying local disk images')
  const copies: VolumeRecord[] = []
  try {
    for (const {volume} of volumes) {
      const copy = await sendVolume(migration, volume)
      copies.push(copy)
      names.set(volume.volid, copy.volid)
      info(migration, `volume '${volume.volid}' is '${copy.volid}' on the target`)
    }
  } catch (error) {
    for (const copy of copies) freeVolume(world, volumeKey(copy))
    throw error
  }

  return names
}

/** The sizes in the configuration are made those of the volumes. */
function updateSizes(migration: Migration, guest: GuestRecord): void {
  const {world, node, vmid} = migration
  for (const [key, drive] of drivesOf(guest.config)) {
    const volume = splitVolid(drive.file) && findVolume(world, drive.file, node)
    const size = drive.properties.get('size')
    if (!volume || (isCdrom(drive) && !isCloudInit(drive)) || size === formatDiskSize(volume.size)) continue
    info(
      migration,
      `drive '${key}': size of disk '${drive.file}' updated from ${size ?? '0T'} to ${formatDiskSize(volume.size)}`,
    )
    setVmOptions(world, node, vmid, {[key]: printDrive(withProperties(drive, {size: formatDiskSize(volume.size)}))})
  }
}

/** The record of a volume's copy on the target. */
function placeCopy({world, target, mapStorage}: Migration, volume: VolumeRecord): VolumeRecord {
  const id = mapStorage(volume.storage)
  const storage = storageOnNode(world, id, target)
  const {node: _node, ...rest} = volume
  const isFile = storageType(storage.type).layout === 'file'
  const name = volume.volid
    .split(/[:/]/)
    .at(-1)!
    .replace(/\.(?:raw|qcow2|vmdk)$/, '')
  const format = isFile ? volume.format : 'raw'
  const volid = freeVolid(world, {id, name, isFile, format, vmid: volume.vmid ?? 0}, target)
  const copy: VolumeRecord = {
    ...rest,
    ...(!isShared(storage) && {node: target}),
    storage: id,
    volid,
    format,
    ctime: world.clock.now(),
  }
  world.store.of('volumes').put(volumeKey(copy), copy)
  return copy
}

/** The volume keeps its name where that is free. */
function freeVolid(
  world: World,
  {id, name, isFile, format, vmid}: {id: string; name: string; isFile: boolean; format: string; vmid: number},
  node: string,
): string {
  const volid = (candidate: string): string => (isFile ? `${id}:${vmid}/${candidate}.${format}` : `${id}:${candidate}`)
  if (!findVolume(world, volid(name), node)) return volid(name)
  for (let index = 0; ; index++) {
    const candidate = volid(name.replace(/disk-\d+$/, `disk-${index}`))
    if (!findVolume(world, candidate, node)) return candidate
  }
}

async function sendVolume(migration: Migration, volume: VolumeRecord): Promise<VolumeRecord> {
  const {world, task} = migration
  await task.sleep(1)
  const copy = placeCopy(migration, volume)
  try {
    for (const line of createdLogLines(world, copy)) info(migration, line)
    const bytes =
      volume.format === 'qcow2' ? volume.size + (4 + Math.ceil(volume.size / (512 * MIB))) * 64 * 1024 : volume.size
    const seconds = bytes / COPY_RATE
    const report = (sent: number, text: string): void => {
      const rate = sent / 1e6 / Math.max(0.001, Number(text))
      info(
        migration,
        `${sent} bytes (${ddSize(sent, 1000)}, ${ddSize(sent, 1024)}) copied, ${text} s, ${threeDigits(rate)} MB/s`,
      )
    }

    let passed = 0
    for (; passed + REPORT_SECONDS < seconds;) {
      await task.sleep(REPORT_SECONDS)
      passed += REPORT_SECONDS
      report(Math.floor(passed * COPY_RATE), String(passed))
    }

    await task.sleep(seconds - passed)
    // one end counts what it read, the other what it wrote
    for (const wait of [0, 0.02]) {
      await task.sleep(wait)
      const records = `${Math.floor(bytes / 4096)}+${bytes % 4096 === 0 ? 0 : 1} records`
      info(migration, `${records} in`)
      info(migration, `${records} out`)
      report(bytes, Math.max(0.01, seconds).toPrecision(6))
    }

    info(migration, `successfully imported '${copy.volid}'`)
    return copy
  } catch (error) {
    freeVolume(world, volumeKey(copy))
    throw error
  }
}

/** `107 MB`, `1.1 GB`, `4.3 MiB`: a size the way dd shows it. */
function ddSize(bytes: number, base: 1000 | 1024): string {
  const units = base === 1000 ? ['B', 'kB', 'MB', 'GB', 'TB'] : ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length - 1, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(base)))
  const value = bytes / base ** power
  return `${value.toFixed(value < 10 && power > 0 ? 1 : 0)} ${units[power]}`
}

function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** The configuration goes to the target, with the new names of the volumes; a running process is the target's from now on. */
function moveConfig(
  {world, task, node, vmid, target}: Migration,
  moved: ReadonlyMap<string, string>,
  run: GuestRecord['run'],
  mirrored: readonly LocalVolume[] = [],
): void {
  const guest = loadVm(world, node, vmid)
  checkWritable(world, 'qemu', node, vmid, task.upid)
  const withFormat = new Set(mirrored.map(({volume}) => volume.volid))
  const rename = (config: GuestConfig): GuestConfig =>
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => {
        if (!isDriveKey(key) && !/^unused\d+$/.test(key) && key !== 'vmstate') return [key, value]
        const drive = parseDrive(value)
        const file = moved.get(drive.file)
        if (file === undefined) return [key, value]
        const format = /\.(qcow2|raw|vmdk)$/.exec(file)?.[1] ?? 'raw'
        return [key, printDrive(withProperties(drive, withFormat.has(drive.file) ? {format} : {}, file))]
      }),
    )
  const {run: _run, snapshots, ...rest} = guest
  world.store.of('guests').put(vmid, {
    ...rest,
    node: target,
    config: rename(guest.config),
    ...(snapshots && {
      snapshots: Object.fromEntries(
        Object.entries(snapshots).map(([name, snapshot]) => [name, {...snapshot, config: rename(snapshot.config)}]),
      ),
    }),
    ...(run && {run: {...run, startedAt: world.clock.nowMs() - 3000, config: rename(run.config)}}),
  })
}

/** Logs with the node's time in front, as migrations do. */
function info({world, task, node}: Migration, text: string): void {
  const time = new Date(world.clock.nowMs()).toLocaleString('sv-SE', {timeZone: world.node(node).timezone})
  task.log(`${time} ${text}`)
}

function elapsed({world, started}: Migration): string {
  const seconds = Math.max(0, Math.round((world.clock.nowMs() - started) / 1000))
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
}
