import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkWritable, loadGuest, setOptions} from '../guest/guests.js'
import {isHaManaged, requestHaMigration} from '../guest/ha-request.js'
import {die, errorText, paramError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {createdLogLines, findVolume, freeVolume, hasContent, storageConfig, storageOnNode} from '../storage/volumes.js'
import {isShared} from '../views/node-figures.js'
import {mountPoints} from './mount-points.js'
import {halt, startContainer} from './power.js'

import type {Call} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {GuestConfig, GuestRecord, NodeRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const MIB = 1024 ** 2
/** A restarted container gets so long to shut down. */
const SHUTDOWN_SECONDS = 180
/** Bytes copied in a second, and how often that is told. */
const COPY_RATE = 100 * MIB
const COPY_REPORT_SECONDS = 3
const SSH_SECONDS = 0.3
/** Until an unreachable node is given up. */
const SSH_TIMEOUT_SECONDS = 3
const CONFIG_MOVE_SECONDS = 0.5
/** Storages whose volumes can be sent to another node. */
const SENDABLE = new Set(['btrfs', 'dir', 'lvm', 'lvmthin', 'zfspool'])

interface Migration {
  readonly world: World
  readonly task: Task
  readonly vmid: number
  readonly node: string
  readonly target: NodeRecord
  readonly restart: boolean
  readonly timeout: number
  readonly mapStorage: (storage: string) => string
}

/** `POST /nodes/{node}/lxc/{vmid}/migrate`: with the container stopped, or stopped for it (cluster facts, "LXC migration"). */
export function migrateContainer(call: Call): string {
  const {world, node, vmid} = call
  const name = call.required('target')
  if (name === node || name === 'localhost') paramError({target: 'target is local node.'})
  world.checkQuorum(node)
  const target = world.members().find((member) => member.node === name) ?? die(`no such cluster node '${name}'`)
  const guest = loadGuest(world, 'lxc', node, vmid)
  const online = call.flag('online') ?? false
  const restart = call.flag('restart') ?? false
  if (guest.run && !online && !restart) {
    die("can't migrate running container without --online or --restart")
  }

  if (isHaManaged(call, 'lxc', vmid)) return requestHaMigration(call, 'lxc', vmid, name)
  const mapStorage = storageMap(call, target.node)
  return call.startTask('vzmigrate', vmid, (task) =>
    migrate(
      {
        world,
        task,
        vmid,
        node,
        target,
        restart,
        timeout: call.number('timeout') ?? SHUTDOWN_SECONDS,
        mapStorage,
      },
      online,
    ),
  )
}

/** `store`, `a:b,c:d` or `1` as a function; the targets must be usable. */
function storageMap(call: Call, target: string): (storage: string) => string {
  const pairs = new Map<string, string>()
  let fallback: string | undefined
  for (const entry of call.list('target-storage')) {
    const [from = '', to] = entry.split(':')
    if (to !== undefined) pairs.set(from, to)
    else if (from !== '1') fallback = from
  }

  for (const storage of [...pairs.values(), ...(fallback === undefined ? [] : [fallback])]) {
    const record = storageOnNode(call.world, storage, target)
    call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
    if (!hasContent(record, 'rootdir')) die(`storage '${storage}' does not support CT rootdirs`)
  }

  return (storage) => pairs.get(storage) ?? fallback ?? storage
}

/** Logs with the time in front, as migrations do. */
function info({world, task}: Pick<Migration, 'task' | 'world'>, text: string): void {
  task.log(`${stamp(world)} ${text}`)
}

function stamp(world: World): string {
  const date = new Date(world.clock.nowMs())
  return date.toISOString().slice(0, 19).replace('T', ' ')
}

function duration(world: World, since: number): string {
  const seconds = Math.max(0, Math.round((world.clock.nowMs() - since) / 1000))
  const pad = (value: number): string => String(value).padStart(2, '0')
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
}

async function migrate(migration: Migration, online: boolean): Promise<void> {
  const {world, task, node, vmid} = migration
  const started = world.clock.nowMs()
  let wasRunning: boolean
  try {
    wasRunning = await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, () => prepare(migration, online))
  } catch (error) {
    info(migration, `ERROR: migration aborted (duration ${duration(world, started)}): ${errorText(error)}`)
    die('migration aborted')
  }

  try {
    await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, () => transfer(migration))
  } catch (error) {
    info(migration, `ERROR: ${errorText(error)}`)
    info(migration, 'aborting phase 1 - cleanup resources')
    info(migration, 'start final cleanup')
    setOptions(world, vmid, {lock: undefined})
    if (wasRunning) {
      info(migration, 'start container on source node')
      await startContainer(world, node, vmid, task, {skiplock: true})
    }

    info(migration, `ERROR: migration aborted (duration ${duration(world, started)}): ${errorText(error)}`)
    die('migration aborted')
  }

  await finish(migration, wasRunning)
  info(migration, `migration finished successfully (duration ${duration(world, started)})`)
}

/** Checks everything and stops a running container; tells whether it ran. */
async function prepare(migration: Migration, online: boolean): Promise<boolean> {
  const {world, task, node, vmid, target, restart} = migration
  const guest = loadGuest(world, 'lxc', node, vmid)
  checkLock(guest)
  if (guest.run && online) die('lxc live migration is currently not implemented')
  if (guest.run && !restart) die('running container can only be migrated in restart mode')
  for (const [key, {type, volume, rest}] of mountPoints(guest.config, {unused: true})) {
    if (type !== 'volume') {
      if (rest.get('shared') !== '1') die(`cannot migrate local ${type} mount point '${key}'`)
      continue
    }

    checkStorage(migration, volume)
  }

  if (!world.reaches(node, target)) {
    info(migration, `# ${sshCommand(target)} /bin/true`)
    await task.patience(SSH_TIMEOUT_SECONDS)
    info(migration, `ssh: connect to host ${target.ip} port 22: No route to host`)
    die("Can't connect to destination address using public key")
  }

  await task.sleep(SSH_SECONDS)
  if (!guest.run) return false
  info(migration, `shutdown CT ${vmid}`)
  await halt(world, guest, task, {shutdown: true, timeout: migration.timeout})
  return true
}

function checkStorage({world, node, target, mapStorage}: Migration, volid: string): void {
  const storage = storageOnNode(world, volid.split(':', 1)[0]!, node)
  if (!hasContent(storage, 'rootdir')) die(`content type 'rootdir' is not available on storage '${storage.storage}'`)
  const other = isShared(storage) ? storage.storage : mapStorage(storage.storage)
  if (!hasContent(storageOnNode(world, other, target.node), 'rootdir')) {
    die(`${volid}: content type 'rootdir' is not available on storage '${other}'`)
  }
}

function sshCommand(target: NodeRecord): string {
  return `/usr/bin/ssh -e none -o 'BatchMode=yes' -o 'HostKeyAlias=${target.node}' -o 'UserKnownHostsFile=/etc/pve/nodes/${target.node}/ssh_known_hosts' -o 'GlobalKnownHostsFile=none' root@${target.ip}`
}

/** Locks the container, copies what is local, and moves the configuration. */
async function transfer(migration: Migration): Promise<void> {
  const {world, task, node, vmid, target} = migration
  info(migration, `starting migration of CT ${vmid} to node '${target.node}' (${target.ip})`)
  const guest = loadGuest(world, 'lxc', node, vmid)
  checkWritable(world, 'lxc', node, vmid, task.upid)
  setOptions(world, vmid, {lock: 'migrate'})
  const local = localVolumes(migration, guest)
  const renamed = new Map<string, string>()
  const copies: VolumeRecord[] = []
  try {
    for (const volume of local) {
      const copy = await sendVolume(migration, volume)
      copies.push(copy)
      renamed.set(volume.volid, copy.volid)
      info(migration, `volume '${volume.volid}' is '${copy.volid}' on the target`)
    }
  } catch (error) {
    for (const copy of copies) freeVolume(world, volumeKey(copy))
    throw error
  }

  await task.sleep(CONFIG_MOVE_SECONDS)
  if (local.length > 0) {
    info(migration, String.raw`# ${sshCommand(target)} pvesr set-state ${vmid} \''{}'\'`)
  }

  const current = loadGuest(world, 'lxc', node, vmid)
  const {run: _run, ...rest} = current
  const snapshots = current.snapshots && {
    snapshots: Object.fromEntries(
      Object.entries(current.snapshots).map(([name, snapshot]) => [
        name,
        {...snapshot, config: withVolumes(snapshot.config, renamed)},
      ]),
    ),
  }
  world.store.of('guests').put(vmid, {
    ...rest,
    ...snapshots,
    node: target.node,
    config: withVolumes(current.config, renamed),
  })
  for (const volume of local) freeVolume(world, volumeKey(volume))
}

function withVolumes(config: GuestConfig, renamed: ReadonlyMap<string, string>): GuestConfig {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      const [head = '', ...rest] = String(value).split(',')
      const other = /^(?:rootfs|mp\d+|unused\d+)$/.test(key) ? renamed.get(head) : undefined
      return [key, other === undefined ? value : [other, ...rest].join(',')]
    }),
  )
}

/** The volumes that have to be copied; logs where each of them lies. */
function localVolumes(migration: Migration, guest: GuestRecord): readonly VolumeRecord[] {
  const {world, node, vmid} = migration
  const found = new Map<string, 'config' | 'snapshot' | 'storage'>()
  for (const volume of world.store.of('volumes').values()) {
    if (volume.vmid === vmid && volume.node === node && volume.content === 'rootdir') found.set(volume.volid, 'storage')
  }

  for (const {config} of Object.values(guest.snapshots ?? {})) {
    for (const [, {type, volume}] of mountPoints(config)) {
      if (type === 'volume' && isLocal(world, volume)) found.set(volume, 'snapshot')
    }
  }

  for (const [key, {type, volume}] of mountPoints(guest.config, {unused: true})) {
    if (type !== 'volume') info(migration, `ignoring shared '${type}' mount point '${key}' ('${volume}')`)
    else if (!isLocal(world, volume)) {
      info(migration, `volume '${volume}' is on shared storage '${volume.split(':', 1)[0]}'`)
    } else if (found.get(volume) !== 'snapshot') found.set(volume, 'config')
  }

  return checkedVolumes(migration, found)
}

const isLocal = (world: World, volid: string): boolean => !isShared(storageConfig(world, volid.split(':', 1)[0]!))

const REFERENCES = {config: 'in current VM config', snapshot: 'referenced by snapshot(s)', storage: 'via storage'}

function checkedVolumes(
  migration: Migration,
  found: ReadonlyMap<string, keyof typeof REFERENCES>,
): readonly VolumeRecord[] {
  const {world, node} = migration
  const errors = new Map<string, string>()
  const volumes: VolumeRecord[] = []
  for (const [volid, reference] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const storage = storageConfig(world, volid.split(':', 1)[0]!)
    const volume = findVolume(world, volid, node)
    info(migration, `found local volume '${volid}' (${REFERENCES[reference]})`)
    if (!SENDABLE.has(storage.type)) errors.set(volid, `storage type '${storage.type}' not supported`)
    else if (reference === 'snapshot' && storage.type !== 'zfspool' && storage.type !== 'btrfs') {
      errors.set(volid, 'non-migratable snapshot exists')
    } else if (volume?.parent !== undefined) {
      errors.set(volid, `clone of '${volume.parent.slice(volume.storage.length + 1)}'`)
    } else if (volume) volumes.push(volume)
    else errors.set(volid, `volume '${volid}' does not exist`)
  }

  for (const [volid, text] of errors) info(migration, `can't migrate local volume '${volid}': ${text}`)
  if (errors.size > 0) die("can't migrate CT - check log")
  return volumes
}

/** Sends a volume to the target node; it keeps its name where that is free. */
async function sendVolume({world, task, target, mapStorage}: Migration, volume: VolumeRecord): Promise<VolumeRecord> {
  const storage = mapStorage(volume.storage)
  const record = storageOnNode(world, storage, target.node)
  const {node: _node, ...rest} = volume
  const copy: VolumeRecord = {
    ...rest,
    ...(!isShared(record) && {node: target.node}),
    storage,
    volid: freeVolid(world, volume, storage, target.node),
    ctime: world.clock.now(),
  }
  for (const line of createdLogLines(world, copy)) task.log(line)
  for (let sent = 0, seconds = 0; sent < volume.used;) {
    const step = Math.min(COPY_REPORT_SECONDS, (volume.used - sent) / COPY_RATE)
    await task.sleep(step)
    seconds += step
    sent = Math.min(volume.used, sent + step * COPY_RATE)
    const mega = Math.round(sent / 1e6)
    task.log(
      `${Math.round(sent)} bytes (${mega} MB, ${Math.round(sent / MIB)} MiB) copied, ${Math.max(1, Math.round(seconds))} s, ${(sent / 1e6 / Math.max(seconds, 0.01)).toFixed(1)} MB/s`,
    )
  }

  world.store.of('volumes').put(volumeKey(copy), copy)
  task.log(`successfully imported '${copy.volid}'`)
  return copy
}

function freeVolid(world: World, {volid, storage: from}: VolumeRecord, storage: string, node: string): string {
  const same = `${storage}:${volid.slice(from.length + 1)}`
  const taken = (candidate: string): boolean => findVolume(world, candidate, node) !== undefined
  if (!taken(same)) return same
  for (let index = 0; ; index++) {
    const candidate = same.replace(/disk-\d+/, `disk-${index}`)
    if (!taken(candidate)) return candidate
  }
}

/** Unlocks the container on its new node, and starts it there if it ran. */
async function finish(migration: Migration, wasRunning: boolean): Promise<void> {
  const {world, vmid, target} = migration
  info(migration, 'start final cleanup')
  setOptions(world, vmid, {lock: undefined})
  if (!wasRunning) return
  info(migration, 'start container on target node')
  info(migration, `# ${sshCommand(target)} pct start ${vmid}`)
  const upid = world.tasks.start({node: target.node, type: 'vzstart', id: vmid, user: 'root@pam'}, (task) =>
    startContainer(world, target.node, vmid, task),
  )
  await world.tasks.ended(upid)
}

/** `GET …/migrate` of 9.x: where the container could go. */
export function migrationPrecondition(call: Call): Json {
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
