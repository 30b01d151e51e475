import {withConfigLock} from '../guest/config-lock.js'
import {
  checkLock,
  checkVmidUnused,
  checkWritable,
  configPath,
  isTemplate,
  loadGuest,
  setOptions,
} from '../guest/guests.js'
import {snapshotOf} from '../guest/snapshots.js'
import {die, errorText} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {checkBridgeAccess, checkPoolExists} from '../guest/access.js'
import {randomMac} from '../guest/mac-address.js'
import {allocateVolume} from '../storage/allocate.js'
import {findVolume, freeVolume, storageConfig, storageOnNode} from '../storage/volumes.js'
import {isShared} from '../views/node-figures.js'
import {copyVolume} from './copy.js'
import {mountPoints, printMountPoint, withNewAddress} from './mount-points.js'
import {volumeHas} from './volumes.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig, GuestRecord, VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'
import type {MountPoint} from './mount-points.js'

/** A clone waits only so long for the lock file of its source. */
const LOCK_SECONDS = 10

interface Plan {
  readonly source: GuestRecord
  readonly newid: number
  readonly target: string | undefined
  readonly storage: string | undefined
  readonly snapname: string | undefined
  readonly full: boolean
  readonly pool: string | undefined
  /** The new container's options without its mount points. */
  readonly options: GuestConfig
  readonly mounts: readonly (readonly [key: string, mountPoint: MountPoint])[]
}

/** `POST /nodes/{node}/lxc/{vmid}/clone`: the source is locked for the whole run (reference 2.13). */
export async function cloneContainer(call: Call): Promise<string> {
  const {world, node, vmid} = call
  const pool = call.text('pool')
  if (pool !== undefined) checkPoolExists(call, pool)
  const target = cloneTarget(call)
  checkTargetStorage(call, target)
  world.checkQuorum(node)

  const newid = call.number('newid')!
  await withConfigLock(world, {type: 'lxc', node, vmid}, {timeout: LOCK_SECONDS}, () => {
    const source = loadGuest(world, 'lxc', node, vmid)
    checkLock(source)
    setOptions(world, vmid, {lock: 'disk'})
  })
  let plan: Plan
  try {
    checkVmidUnused(world, newid)
    plan = makePlan(call, newid, target)
  } catch (error) {
    setOptions(world, vmid, {lock: undefined})
    throw error
  }

  world.store.of('guests').put(newid, {vmid: newid, type: 'lxc', node, config: {...plan.options, lock: 'create'}})
  copyFirewall(world, vmid, newid)
  return call.startTask('vzclone', vmid, (task) => run(world, task, plan))
}

/** The node the clone goes to; undefined: it stays. */
function cloneTarget(call: Call): string | undefined {
  const target = call.text('target')
  if (target === undefined || target === call.node || target === 'localhost') return undefined
  if (!call.world.members().some(({node}) => node === target)) die(`no such cluster node '${target}'`)
  return target
}

function checkTargetStorage(call: Call, target: string | undefined): void {
  const storage = call.text('storage')
  if (storage === undefined) return
  storageOnNode(call.world, storage, call.node)
  if (target === undefined) return
  const record = storageOnNode(call.world, storage, target)
  if (!isShared(record)) die(`can't clone to non-shared storage '${storage}'`)
}

function makePlan(call: Call, newid: number, target: string | undefined): Plan {
  const {world, node, vmid} = call
  const source = loadGuest(world, 'lxc', node, vmid)
  const full = call.flag('full') ?? !isTemplate(source)
  const storage = call.text('storage')
  if (storage !== undefined && !full) die("parameter 'storage' not allowed for linked clones")
  const snapname = call.text('snapname')
  const config = snapname === undefined ? source.config : snapshotOf(source, snapname).config
  const mounts = mountPoints(config)
  let uses: 'local' | 'shared' = 'shared'
  for (const [key, mountPoint] of mounts) {
    if (mountPoint.type !== 'volume') die(`unable to clone mountpoint '${key}' (type ${mountPoint.type})`)
    const where = storage ?? mountPoint.volume.split(':', 1)[0]!
    if (!isShared(storageConfig(world, where))) uses = 'local'
    call.check(`/storage/${where}`, 'Datastore.AllocateSpace')
    if (full) {
      if (source.run && snapname === undefined) {
        die('Cannot do full clones on a running container without snapshots')
      }
    } else if (!volumeHas(world, node, mountPoint.volume, 'clone', snapname)) {
      die(`Linked clone feature for '${mountPoint.volume}' is not available`)
    }
  }

  const options = clonedOptions(call, config)
  if (target !== undefined && uses === 'local') die(`can't clone CT to node '${target}' (CT uses local storage)`)
  return {source, newid, target, storage, snapname, full, pool: call.text('pool'), options, mounts}
}

function clonedOptions(call: Call, config: GuestConfig): GuestConfig {
  const options: Record<string, number | string> = {}
  for (const [key, value] of Object.entries(config)) {
    if (/^(?:rootfs|mp\d+|unused\d+|lock|parent|template)$/.test(key)) continue
    options[key] = /^net\d+$/.test(key) ? withNewAddress(String(value), () => randomMac(call.world)) : value
    if (/^net\d+$/.test(key)) checkBridgeAccess(call, {[key]: options[key]})
  }

  for (const key of ['hostname', 'description']) {
    const value = call.text(key)
    if (value !== undefined && value !== '') options[key] = value
  }

  return options
}

function copyFirewall(world: World, from: number, to: number): void {
  const record = world.store.of('firewall').get(`lxc/${from}`)
  if (record) world.store.of('firewall').put(`lxc/${to}`, record)
}

async function run(world: World, task: Task, plan: Plan): Promise<void> {
  const {source, newid, options} = plan
  const {node, vmid} = source
  const made: VolumeRecord[] = []
  const config: Record<string, number | string> = {...options}
  try {
    for (const [key, mountPoint] of plan.mounts) {
      const volume = await cloneVolume(world, task, plan, key, mountPoint)
      made.push(volume)
      config[key] = printMountPoint({...mountPoint, volume: volume.volid})
    }

    checkWritable(world, 'lxc', node, newid, task.upid)
    const target = plan.target ?? node
    moveIn(world, {
      vmid: newid,
      type: 'lxc',
      node: target,
      config,
      ...(source.behaviour && {behaviour: source.behaviour}),
    })
    const pool = plan.pool === undefined ? undefined : world.store.of('pools').get(plan.pool)
    if (pool) world.store.of('pools').update(plan.pool!, {vms: [...pool.vms, newid]})
  } catch (error) {
    for (const volume of made) freeVolume(world, volumeKey(volume))
    world.store.of('guests').delete(newid)
    world.store.of('firewall').delete(`lxc/${newid}`)
    die(`clone failed: ${errorText(error)}`)
  } finally {
    setOptions(world, vmid, {lock: undefined})
  }
}

function moveIn(world: World, guest: GuestRecord): void {
  const existing = world.store.of('guests').get(guest.vmid)
  if (existing?.config['lock'] !== 'create' || existing.type !== 'lxc') {
    const path = configPath('lxc', guest.node, guest.vmid)
    die(`close (rename) atomic file '/etc/pve/${path}' failed: File exists`)
  }

  world.store.of('guests').put(guest.vmid, guest)
}

async function cloneVolume(
  world: World,
  task: Task,
  {source, newid, storage, full}: Plan,
  key: string,
  mountPoint: MountPoint,
): Promise<VolumeRecord> {
  const {node} = source
  const own = mountPoint.volume.split(':', 1)[0]!
  if (full) {
    task.log(`create full clone of mountpoint ${key} (${mountPoint.volume})`)
    // what goes to another node lies on shared storage, so it can be made here
    return copyVolume(world, task, mountPoint, {storage: storage ?? own, node, vmid: newid})
  }

  task.log(`create linked clone of mount point ${key} (${mountPoint.volume})`)
  const base = findVolume(world, mountPoint.volume, node) ?? die(`volume '${mountPoint.volume}' does not exist`)
  return allocateVolume(world, {
    storage: own,
    node,
    vmid: newid,
    sizeBytes: base.size,
    format: base.format,
    content: 'rootdir',
    ...(base.format === 'subvol' && {prefix: 'subvol' as const}),
    base,
  })
}
