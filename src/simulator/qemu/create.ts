import {die, errorText, permissionError, PveError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {freeVolume} from '../storage/volumes.js'
import {checkBridgeAccess, checkPoolExists} from '../guest/access.js'
import {checkDeviceAccess, checkDriveAccess, checkDriveOptions, checkOptionAccess} from './access.js'
import {createDisks, type CreatedDisks} from './disks.js'
import {drivesOf, isCdrom} from './drives.js'
import {withConfigLock} from '../guest/config-lock.js'
import {uniqueTags} from '../guest/tags.js'
import {checkVmidUnused, withOptions} from '../guest/guests.js'
import {areSshKeys, newMeta, newUuid} from './identity.js'
import {completeNet} from './network.js'
import {isDriveKey, optionParams} from './options.js'
import {startVm} from './power.js'
import {createVm, loadVm, updateVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestConfig} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** Seconds a create needs besides its disks. */
const CREATE_SECONDS = 0.5
/** Another create of the same VMID on the node is waited for so long. */
const RESERVE_SECONDS = 5

/** Makes a VM (reference 2.12). What is wrong with the request is said at once; disks are made in the task, which leaves nothing behind when it fails. */
export async function createQemu(call: Call): Promise<string> {
  const {world, node, vmid} = call
  const pool = call.text('pool')
  const defaultStorage = call.text('storage')
  const options = optionParams(world, call.params)
  checkSshKeys(options['sshkeys'])
  world.checkQuorum(node)
  checkCreateRights(call, pool, defaultStorage)
  checkOptions(call, options, pool, defaultStorage)
  for (const [key, value] of Object.entries(options)) {
    if (/^net\d+$/.test(key)) options[key] = completeNet(world, String(value))
  }

  const failed = `unable to create VM ${vmid} -`
  try {
    await withConfigLock(world, {node, vmid}, {timeout: RESERVE_SECONDS}, async () => {
      checkVmidUnused(world, vmid)
      // between the look and the write another node may do the same
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      createVm(world, node, vmid, {lock: 'create'})
    })
  } catch (error) {
    throw new PveError(500, `${failed} ${errorText(error)}`)
  }

  return call.startTask('qmcreate', vmid, async (task) => {
    try {
      await withConfigLock(world, {node, vmid}, {timeout: 1, task}, () =>
        build(task, {world, node, vmid, options, pool, defaultStorage}),
      )
    } catch (error) {
      if (world.store.of('guests').get(vmid)?.config['lock'] === 'create') world.store.of('guests').delete(vmid)
      throw new PveError(500, `${failed} ${errorText(error)}`)
    }

    if (call.flag('ha-managed')) manageByHa(call, task)
    if (call.flag('start') && !call.flag('ha-managed')) {
      task.log('Execute autostart')
      autostart(call)
    }
  })
}

/** Hands the VM over to the HA manager, which starts it if it is to run. */
function manageByHa(call: Call, task: Task): void {
  task.log('Add as HA resource')
  const state = call.flag('start') ? 'started' : 'stopped'
  call.world.store.of('haResources').put(`vm:${call.vmid}`, {type: 'vm', state})
}

/** The started VM is another task's business; if that fails, this one does not. */
function autostart(call: Call): void {
  call.startTask('qmstart', call.vmid, (task) => startVm(call.world, call.node, call.vmid, task))
}

interface Build {
  readonly world: World
  readonly node: string
  readonly vmid: number
  readonly options: Readonly<Record<string, number | string>>
  readonly pool: string | undefined
  readonly defaultStorage: string | undefined
}

async function build(task: Task, {world, node, vmid, options, pool, defaultStorage}: Build): Promise<void> {
  const meta = newMeta(world)
  let made: CreatedDisks | undefined
  try {
    made = await createDisks(world, {node, vmid, options, config: options, defaultStorage}, task)
    await task.sleep(CREATE_SECONDS)
    const config = withOptions({...options, ...made.options}, {meta})
    const complete = withDefaults(world, config)
    const guest = loadVm(world, node, vmid)
    updateVm(world, guest, {config: complete})
  } catch (error) {
    for (const volume of made?.volumes ?? []) freeVolume(world, volumeKey(volume))
    throw error
  }

  if (pool !== undefined) addToPool(world, pool, vmid)
}

/** What Proxmox VE adds when it is not given: the boot order, an identity, a generation id. */
export function withDefaults(world: World, config: GuestConfig): GuestConfig {
  const isArm = config['arch'] === 'aarch64'
  return withOptions(config, {
    boot: config['boot'] ?? defaultBootOrder(config),
    smbios1: config['smbios1'] ?? `uuid=${newUuid()}`,
    ...(!isArm && (config['vmgenid'] === undefined || config['vmgenid'] === '1') && {vmgenid: newUuid()}),
    ...(config['tags'] !== undefined && {tags: uniqueTags(world, String(config['tags']))}),
  })
}

/** The first disk, the first CD-ROM drive, the first network card. A VM with none of them has a boot order of one blank. */
export function defaultBootOrder(config: GuestConfig): string {
  const bootable = drivesOf(config).filter(([key]) => key !== 'efidisk0' && key !== 'tpmstate0')
  const disk = bootable.find(([, drive]) => !isCdrom(drive))
  const cdrom = bootable.find(([, drive]) => isCdrom(drive))
  const net = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .sort()[0]
  const devices = [disk?.[0], cdrom?.[0], net].filter((device) => device !== undefined)
  return devices.length === 0 ? ' ' : `order=${devices.join(';')}`
}

/** @throws PveError 500 `SSH public key validation error` */
export function checkSshKeys(keys: number | string | undefined): void {
  if (keys !== undefined && !areSshKeys(String(keys))) die('SSH public key validation error')
}

function checkCreateRights(call: Call, pool: string | undefined, storage: string | undefined): void {
  if (pool !== undefined) checkPoolExists(call, pool)
  if (storage !== undefined) call.check(`/storage/${storage}`, 'Datastore.AllocateSpace')
  const allowed =
    call.has(`/vms/${call.vmid}`, 'VM.Allocate') || (pool !== undefined && call.has(`/pool/${pool}`, 'VM.Allocate'))
  if (!allowed) permissionError()
}

function checkOptions(
  call: Call,
  options: Readonly<Record<string, number | string>>,
  pool: string | undefined,
  storage: string | undefined,
): void {
  const {vmid} = call
  checkDriveAccess(call, vmid, options, storage)
  checkOptionAccess(call, vmid, pool, Object.keys(options))
  checkDeviceAccess(call, vmid, pool, options)
  checkBridgeAccess(call, options)
  checkDriveOptions(options)
  checkDriveRights(call, pool, options)
}

/** Disks and CD-ROM drives each have their privilege. */
export function checkDriveRights(
  call: Call,
  pool: string | undefined,
  options: Readonly<Record<string, number | string>>,
): void {
  for (const [key, drive] of drivesOf(options)) {
    if (!isDriveKey(key)) continue
    const privilege = isCdrom(drive) ? 'VM.Config.CDROM' : 'VM.Config.Disk'
    if (pool !== undefined && call.has(`/pool/${pool}`, privilege)) continue
    call.check(`/vms/${call.vmid}`, privilege)
  }
}

/** Puts a guest into a pool, and out of the one it was in. */
export function addToPool(world: World, poolid: string, vmid: number): void {
  for (const pool of [...world.store.of('pools').values()]) {
    if (pool.vms.includes(vmid)) {
      world.store.of('pools').update(pool.poolid, {vms: pool.vms.filter((other) => other !== vmid)})
    }
  }

  const pool = world.store.of('pools').get(poolid)
  if (pool) world.store.of('pools').update(poolid, {vms: [...pool.vms, vmid]})
}
