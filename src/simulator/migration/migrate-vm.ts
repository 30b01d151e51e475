import {checkGuestPrivileges} from '../guest/access.js'
import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkWritable, withOptions} from '../guest/guests.js'
import {isHaManaged, requestHaMigration} from '../guest/ha-request.js'
import {die, errorText, paramError, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {drivesOf, parseDrive, printDrive, withProperties} from '../qemu/drives.js'
import {isDriveKey} from '../qemu/options.js'
import {unlock} from '../qemu/power.js'
import {loadVm, updateVm} from '../qemu/vm.js'
import {splitVolid} from '../storage/volume-name.js'
import {freeVolume, hasContent, storageConfig, storageOnNode} from '../storage/volumes.js'
import {arrival, depart, isInsecure, stay, stayBehind} from './departure.js'
import {connectionTrouble, elapsed, info, type Migration, readStorageMap, relocated, targetOf} from './migration.js'
import {completeMirrors, mirrorDisks, moveMemory} from './vm-live.js'
import {localResources} from './vm-precondition.js'
import {type LocalVolume, localVolumes, placeCopy, sendVolumes} from './vm-volumes.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const LOCK_SECONDS = 10
/** From the end of the memory until the configuration moves. */
const HANDOVER_SECONDS = 0.7

interface VmMigration extends Migration {
  readonly withLocalDisks: boolean
  readonly force: boolean
  readonly insecure: boolean
}

/** Moves a VM to another node (cluster facts, "QEMU migration"). The task runs on the source. */
export function migrateQemu(call: Call): string {
  const {world, node, vmid} = call
  const target = targetOf(call).node
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
  return call.startTask('qmigrate', vmid, (task) =>
    migrate({
      world,
      task,
      node,
      vmid,
      to: world.node(target),
      started: world.clock.nowMs(),
      mapStorage,
      withLocalDisks: call.flag('with-local-disks') ?? false,
      force: call.flag('force') ?? false,
      insecure: isInsecure(world, call.text('migration_type')),
    }),
  )
}

/** Reads `targetstorage`; without it every storage of the VM must be on the target, too. */
function storageMap(call: Call, guest: GuestRecord, target: string): (storage: string) => string {
  const {world, vmid} = call
  const {map, targets, isIdentity} = readStorageMap(call.list('targetstorage'))
  if (!isIdentity) checkGuestPrivileges(call, vmid, undefined, ['VM.Config.Disk'])
  for (const storage of targets) {
    storageConfig(world, storage)
    call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
    if (!hasContent(storageOnNode(world, storage, target), 'images')) {
      paramError({targetstorage: `storage '${storage}' does not support vm images`})
    }
  }

  if (isIdentity) checkStorages(world, guest, target)
  return map
}

function checkStorages(world: World, {config}: GuestRecord, target: string): void {
  for (const [, drive] of drivesOf(config)) {
    const volid = splitVolid(drive.file)
    if (volid) storageOnNode(world, volid.storage, target)
  }
}

/** The whole migration. Ends with `migration aborted` while nothing has happened yet, `migration problems` afterwards. */
async function migrate(migration: VmMigration): Promise<void> {
  const {world, task, node, vmid} = migration
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

async function prepare(migration: VmMigration): Promise<void> {
  const {world, node, vmid, force} = migration
  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  const resources = localResources(guest)
  if (resources.length > 0) {
    if (!force) throw new PreparationError(500, `can't migrate VM which uses local devices: ${resources.join(', ')}`)

    info(migration, 'migrating VM which uses local devices')
  }

  const trouble = await connectionTrouble(migration)
  if (trouble !== undefined) throw new PreparationError(500, trouble)
}

function abort(migration: VmMigration, phase: number, error: unknown): never {
  const {world, node, vmid} = migration
  const text = errorText(error)
  if (error instanceof PreparationError) {
    info(migration, `ERROR: migration aborted (duration ${elapsed(migration)}): ${text}`)
    die('migration aborted')
  }

  info(migration, phase === 1 ? `ERROR: ${text}` : `ERROR: online migrate failure - ${text}`)
  info(migration, `aborting phase ${phase} - cleanup resources`)
  if (phase === 2) info(migration, 'migrate_cancel')
  stay(migration)
  unlock(world, node, vmid, 'migrate')
  if (phase === 1) {
    info(migration, `ERROR: migration aborted (duration ${elapsed(migration)}): ${text}`)
    die('migration aborted')
  }

  info(migration, `ERROR: migration finished with problems (duration ${elapsed(migration)})`)
  return die('migration problems')
}

async function moveOffline(migration: VmMigration): Promise<void> {
  const {world, task, node, vmid, to} = migration
  begin(migration)
  const local = localVolumes(migration, loadVm(world, node, vmid), false)
  const moved = await sendVolumes(migration, local)
  await task.sleep(0.7)
  checkConnection(migration)
  moveConfig(migration, moved, undefined)
  for (const {volume} of local) freeVolume(world, volumeKey(volume))
  unlock(world, to.node, vmid, 'migrate')
}

function begin(migration: VmMigration): void {
  const {world, task, node, vmid, to} = migration
  info(migration, `starting migration of VM ${vmid} to node '${to.node}' (${to.ip})`)
  const guest = loadVm(world, node, vmid)
  updateVm(world, guest, {config: withOptions(guest.config, {lock: 'migrate'})}, task.upid)
}

/** A running VM: QEMU is started on the target, disks and memory follow, and at last the configuration. */
async function moveOnline(migration: VmMigration, phase: {value: number}): Promise<void> {
  const {world, task, node, vmid, to, insecure} = migration
  begin(migration)
  const guest = loadVm(world, node, vmid)
  const local = localVolumes(migration, guest, true)
  const attached = local.filter(({reference}) => reference === 'attached')
  const moved = await sendVolumes(
    migration,
    local.filter(({reference}) => reference !== 'attached'),
  )
  info(migration, `starting VM ${vmid} on remote node '${to.node}'`)
  const leaving = depart(migration, {insecure, disks: attached.length > 0})
  const [memoryPort, diskPort] = leaving.ports
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
    if (attached.length > 0) await mirrorDisks(migration, guest, attached, diskPort)
    await moveMemory(migration, guest, memoryPort)
    stayBehind(migration, leaving)
    await task.sleep(HANDOVER_SECONDS)
    checkConnection(migration)
    if (attached.length > 0) completeMirrors(migration, guest, attached)
  } catch (error) {
    for (const copy of mirrored) freeVolume(world, volumeKey(copy))
    throw error
  }

  moveConfig(migration, moved, arrival(migration, world.clock.nowMs() - 3000), attached)
  if (attached.length > 0) info(migration, 'stopping NBD storage migration server on target.')
  await task.sleep(3)
  for (const {volume} of local) freeVolume(world, volumeKey(volume))
  unlock(world, to.node, vmid, 'migrate')
}

/** The way to the target, over which everything goes, is still there. */
function checkConnection({world, node, to}: Migration): void {
  if (!world.reaches(node, to) || !world.isQuorate(to.node))
    die(`command '/usr/bin/ssh -e none -o 'HostKeyAlias=${to.node}' root@${to.ip}' failed: exit code 255`)
}

async function startOnTarget(migration: VmMigration): Promise<void> {
  const {world, task, vmid, to} = migration
  await task.sleep(0.5)
  const upid = world.tasks.start({node: to.node, type: 'qmstart', id: vmid, user: 'root@pam'}, (start) =>
    start.sleep(1),
  )
  // the target may die meanwhile, and then nobody says how its task ended
  while (world.tasks.isRunning(upid)) await task.sleep(0.2)
  await task.sleep(0.3)
  checkConnection(migration)
}

/** The configuration goes to the target, with the new names of the volumes; a running process is the target's from now on. */
function moveConfig(
  {world, task, node, vmid, to}: Migration,
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
  world.store.of('guests').put(vmid, {
    ...relocated(guest, to, rename),
    ...(run && {run: {...run, config: rename(run.config)}}),
  })
}
