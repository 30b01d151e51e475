import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkWritable, loadGuest, setOptions} from '../guest/guests.js'
import {isHaManaged, requestHaMigration} from '../guest/ha-request.js'
import {die, errorText} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {mountPoints} from '../lxc/mount-points.js'
import {halt, startContainer} from '../lxc/power.js'
import {freeVolume, hasContent, storageOnNode} from '../storage/volumes.js'
import {isShared} from '../views/node-figures.js'
import {localVolumes, sendVolume} from './container-volumes.js'
import {
  connectionTrouble,
  elapsed,
  info,
  type Migration,
  readStorageMap,
  relocated,
  sendAll,
  sshCommand,
  targetOf,
} from './migration.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig} from '../kernel/state.js'

/** A restarted container gets so long to shut down. */
const SHUTDOWN_SECONDS = 180
const CONFIG_MOVE_SECONDS = 0.5

interface ContainerMigration extends Migration {
  readonly restart: boolean
  /** Seconds. */
  readonly timeout: number
}

/** `POST /nodes/{node}/lxc/{vmid}/migrate`: with the container stopped, or stopped for it (cluster facts, "LXC migration"). */
export function migrateContainer(call: Call): string {
  const {world, node, vmid} = call
  const to = targetOf(call)
  const guest = loadGuest(world, 'lxc', node, vmid)
  const online = call.flag('online') ?? false
  const restart = call.flag('restart') ?? false
  if (guest.run && !online && !restart) {
    die("can't migrate running container without --online or --restart")
  }

  if (isHaManaged(call, 'lxc', vmid)) return requestHaMigration(call, 'lxc', vmid, to.node)
  const mapStorage = storageMap(call, to.node)
  return call.startTask('vzmigrate', vmid, (task) =>
    migrate(
      {
        world,
        task,
        vmid,
        node,
        to,
        started: world.clock.nowMs(),
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
  const {map, targets} = readStorageMap(call.list('target-storage'))
  for (const storage of targets) {
    const record = storageOnNode(call.world, storage, target)
    call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
    if (!hasContent(record, 'rootdir')) die(`storage '${storage}' does not support CT rootdirs`)
  }

  return map
}

async function migrate(migration: ContainerMigration, online: boolean): Promise<void> {
  const {world, task, node, vmid} = migration
  let wasRunning: boolean
  try {
    wasRunning = await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, () => prepare(migration, online))
  } catch (error) {
    info(migration, `ERROR: migration aborted (duration ${elapsed(migration)}): ${errorText(error)}`)
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

    info(migration, `ERROR: migration aborted (duration ${elapsed(migration)}): ${errorText(error)}`)
    die('migration aborted')
  }

  await finish(migration, wasRunning)
  info(migration, `migration finished successfully (duration ${elapsed(migration)})`)
}

/** Checks everything and stops a running container; tells whether it ran. */
async function prepare(migration: ContainerMigration, online: boolean): Promise<boolean> {
  const {world, task, node, vmid, restart} = migration
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

  const trouble = await connectionTrouble(migration)
  if (trouble !== undefined) die(trouble)
  if (!guest.run) return false
  info(migration, `shutdown CT ${vmid}`)
  await halt(world, guest, task, {shutdown: true, timeout: migration.timeout})
  return true
}

function checkStorage({world, node, to, mapStorage}: Migration, volid: string): void {
  const storage = storageOnNode(world, volid.split(':', 1)[0]!, node)
  if (!hasContent(storage, 'rootdir')) die(`content type 'rootdir' is not available on storage '${storage.storage}'`)
  const other = isShared(storage) ? storage.storage : mapStorage(storage.storage)
  if (!hasContent(storageOnNode(world, other, to.node), 'rootdir')) {
    die(`${volid}: content type 'rootdir' is not available on storage '${other}'`)
  }
}

/** Locks the container, copies what is local, and moves the configuration. */
async function transfer(migration: ContainerMigration): Promise<void> {
  const {world, task, node, vmid, to} = migration
  info(migration, `starting migration of CT ${vmid} to node '${to.node}' (${to.ip})`)
  const guest = loadGuest(world, 'lxc', node, vmid)
  checkWritable(world, 'lxc', node, vmid, task.upid)
  setOptions(world, vmid, {lock: 'migrate'})
  const local = localVolumes(migration, guest)
  const renamed = await sendAll(migration, local, (volume) => sendVolume(migration, volume))
  await task.sleep(CONFIG_MOVE_SECONDS)
  if (local.length > 0) {
    info(migration, String.raw`# ${sshCommand(to)} pvesr set-state ${vmid} \''{}'\'`)
  }

  const current = loadGuest(world, 'lxc', node, vmid)
  world.store.of('guests').put(
    vmid,
    relocated(current, to, (config) => withVolumes(config, renamed)),
  )
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

/** Unlocks the container on its new node, and starts it there if it ran. */
async function finish(migration: ContainerMigration, wasRunning: boolean): Promise<void> {
  const {world, vmid, to} = migration
  info(migration, 'start final cleanup')
  setOptions(world, vmid, {lock: undefined})
  if (!wasRunning) return
  info(migration, 'start container on target node')
  info(migration, `# ${sshCommand(to)} pct start ${vmid}`)
  const upid = world.tasks.start({node: to.node, type: 'vzstart', id: vmid, user: 'root@pam'}, (task) =>
    startContainer(world, to.node, vmid, task),
  )
  await world.tasks.ended(upid)
}
