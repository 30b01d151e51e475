import {randomBytes} from 'node:crypto'

import {Figures, isEnabledOn, isShared} from '../views/node-figures.js'
import {type ClusterFault, FaultError} from './fault.js'

import type {GuestRecord, NodeRecord, StorageRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** What a fault does to the servers around the state. */
export interface FaultGround {
  readonly world: World
  powerOff(node: string): Promise<void>
  powerOn(node: string): Promise<void>
  /** Presents a fresh certificate. */
  changeCertificate(node: string): Promise<void>
  restoreCertificate(node: string): void
  stopApi(node: string): Promise<void>
  startApi(node: string): Promise<void>
}

/** Puts the cluster into the state of a fault. @throws FaultError when that is not possible */
export async function applyFault(ground: FaultGround, fault: ClusterFault): Promise<void> {
  const {world} = ground
  switch (fault.kind) {
    case 'lock': {
      const guest = guestOf(world, fault.vmid)
      if (guest.config['lock'] !== undefined)
        throw new FaultError('refused', `guest ${fault.vmid} is locked already (${guest.config['lock']})`)
      world.store.of('guests').update(fault.vmid, {config: {...guest.config, lock: lockOf(fault)}})
      break
    }

    case 'storage-full': {
      fill(world, fault)
      break
    }

    case 'node-offline': {
      requireOn(world, fault.node)
      await ground.powerOff(fault.node)
      break
    }

    case 'api-down': {
      requireOn(world, fault.node)
      world.store.of('nodes').update(fault.node, {power: 'refusing'})
      await ground.stopApi(fault.node)
      break
    }

    case 'daemon-down': {
      if (nodeOf(world, fault.node).power !== 'on') throw new FaultError('refused', `node ${fault.node} is not running`)
      world.store.of('nodes').update(fault.node, {daemonDown: true})
      break
    }

    case 'no-quorum': {
      if (world.members().length < 2) throw new FaultError('refused', 'a node alone has no quorum to lose')
      for (const {node} of cutNodes(world, fault)) world.cutNode(node)
      break
    }

    case 'certificate': {
      for (const {node} of certificateNodes(world, fault)) await ground.changeCertificate(node)
      break
    }
  }
}

/** Takes the state of a fault away again, as far as it is still there. */
export async function undoFault(ground: FaultGround, fault: ClusterFault): Promise<void> {
  const {world} = ground
  const nodes = world.store.of('nodes')
  switch (fault.kind) {
    case 'lock': {
      const guest = world.store.of('guests').get(fault.vmid)
      if (guest?.config['lock'] !== lockOf(fault)) break
      const {lock: _, ...config} = guest.config
      world.store.of('guests').update(fault.vmid, {config})
      break
    }

    case 'storage-full': {
      for (const storage of siblings(world, fault.storage)) {
        const filled = Object.entries(storage.filled ?? {}).filter(
          ([node]) => fault.node !== undefined && node !== fault.node,
        )
        world.store
          .of('storages')
          .update(storage.storage, {filled: filled.length === 0 ? undefined : Object.fromEntries(filled)})
      }

      break
    }

    case 'node-offline': {
      if (nodes.get(fault.node)?.power === 'off') await ground.powerOn(fault.node)
      break
    }

    case 'api-down': {
      if (nodes.get(fault.node)?.power !== 'refusing') break
      nodes.update(fault.node, {power: 'on'})
      await ground.startApi(fault.node)
      break
    }

    case 'daemon-down': {
      nodes.update(fault.node, {daemonDown: undefined})
      break
    }

    case 'no-quorum': {
      for (const {node} of cutNodes(world, fault)) world.joinNode(node)
      break
    }

    case 'certificate': {
      for (const {node} of certificateNodes(world, fault)) ground.restoreCertificate(node)
      break
    }
  }
}

/** Makes every ticket and CSRF token that was given out worthless; API tokens go on working. */
export function expireTickets(world: World): void {
  world.store.of('meta').put('world', {...world.meta, authKey: randomBytes(32).toString('base64')})
}

const lockOf = (fault: {readonly lock?: string}): string => fault.lock ?? 'backup'

function guestOf(world: World, vmid: number): GuestRecord {
  const guest = world.store.of('guests').get(vmid)
  if (!guest) throw new FaultError('not-found', `there is no guest ${vmid}`)
  return guest
}

/** A node by its name. @throws FaultError if there is none */
export function nodeOf(world: World, name: string): NodeRecord {
  const node = world.store.of('nodes').get(name)
  if (!node) throw new FaultError('not-found', `there is no node ${name}`)
  return node
}

function requireOn(world: World, name: string): void {
  if (nodeOf(world, name).power !== 'on') throw new FaultError('refused', `node ${name} is not running`)
  const alive = world.members().filter(({power}) => power === 'on')
  if (alive.length < 2) throw new FaultError('refused', `node ${name} is the last one that answers`)
}

const cutNodes = (world: World, {node}: {readonly node?: string}): readonly NodeRecord[] =>
  node === undefined ? world.members() : [nodeOf(world, node)]

const certificateNodes = cutNodes

/** The storages whose space is that of the given one. */
function siblings(world: World, id: string): readonly StorageRecord[] {
  const storage = world.store.of('storages').get(id)
  if (!storage) return []
  return [...world.store.of('storages').values()].filter(
    (other) => other === storage || (storage.filesystem !== undefined && other.filesystem === storage.filesystem),
  )
}

function fill(world: World, {storage: id, node, freeBytes = 0}: ClusterFault & {kind: 'storage-full'}): void {
  const storage = world.store.of('storages').get(id)
  if (!storage) throw new FaultError('not-found', `there is no storage ${id}`)
  if (node !== undefined) nodeOf(world, node)
  const figures = new Figures(world)
  const filled: Record<string, number> = {...storage.filled}
  for (const member of world.members()) {
    if (!isEnabledOn(storage, member.node) || (node !== undefined && !isShared(storage) && node !== member.node))
      continue
    const key = isShared(storage) ? '' : member.node
    const missing = figures.storage(storage, member.node).avail - freeBytes
    filled[key] = (storage.filled?.[key] ?? 0) + Math.max(0, missing)
  }

  for (const other of siblings(world, id)) world.store.of('storages').update(other.storage, {filled})
}
