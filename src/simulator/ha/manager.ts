import {randomBytes} from 'node:crypto'

import {chooseNode} from './placement.js'
import {resources, type Resource} from './resources.js'

import type {World} from '../kernel/world.js'
import type {ManagerRecord, NodeState, ServiceRecord} from './records.js'

/** A node that is silent for so long is taken to be in need of fencing. */
const FENCE_AFTER = 60
/** Nobody holds a node's or the master's lock longer than this without renewing it. */
const LOCK_LIFETIME = 120
const ROUND_SECONDS = 10
/** States a service passes at most in one round. */
const MOST_STEPS = 4
/** Locks of work that ended with the node it ran on. */
const STALE_LOCKS = new Set(['backup', 'mounted'])

/** One round of the master: reads requests and reports, decides what each service should do. Quorate nodes only. */
export function managerRound(world: World): void {
  const manager = electMaster(world)
  if (manager) new Round(world, manager).run()
}

/** The state to go on from; undefined while nobody may be master. */
function electMaster(world: World): ManagerRecord | undefined {
  const {store, clock} = world
  const old = store.of('haManager').get('manager')
  const able = world.members().filter((node) => node.power === 'on' && world.isQuorate(node.node))
  const isAlive = able.some(({node}) => node === old?.masterNode)
  if (old && (isAlive || clock.now() - old.timestamp < LOCK_LIFETIME)) return isAlive ? old : undefined
  const next = able[0]
  if (!next) return undefined
  return {timestamp: 0, nodes: {}, seen: {}, services: {}, ...old, masterNode: next.node}
}

class Round {
  private readonly nodes: Record<string, NodeState>
  private readonly seen: Record<string, number>
  private readonly services: Record<string, ServiceRecord>
  private readonly configured: ReadonlyMap<string, Resource>
  private readonly online: readonly string[]
  /** By sid: how long a guest that is stopped may take. */
  private readonly stopTimeouts = new Map<string, number>()
  private readonly now: number

  constructor(
    private readonly world: World,
    private readonly manager: ManagerRecord,
  ) {
    this.nodes = {...manager.nodes}
    this.seen = {...manager.seen}
    this.services = {...manager.services}
    this.configured = resources(world)
    this.now = world.clock.now()
    this.online = world
      .members()
      .filter((node) => world.sees(manager.masterNode, node))
      .map(({node}) => node)
  }

  run(): void {
    this.watchNodes()
    const commands = this.readCommands()
    for (const sid of Object.keys(this.services)) if (!this.configured.has(sid)) delete this.services[sid]
    for (const [sid, resource] of this.configured) {
      if (resource.state === 'ignored') {
        delete this.services[sid]
        continue
      }

      const service = this.services[sid] ?? {state: 'request_start', node: resource.node, uid: newUid()}
      this.services[sid] = this.settle(resource, service, commands.get(sid))
    }

    const {masterNode} = this.manager
    this.world.store.of('haManager').put('manager', {
      masterNode,
      timestamp: this.now,
      nodes: this.nodes,
      seen: this.seen,
      services: this.services,
    })
  }

  private watchNodes(): void {
    for (const {node} of this.world.members()) {
      if (this.online.includes(node)) {
        this.seen[node] = this.now
        this.nodes[node] = 'online'
      } else {
        this.seen[node] ??= this.now
        if (this.nodes[node] !== 'fence') this.nodes[node] = 'unknown'
      }
    }
  }

  /** Requests by sid; the last one counts. A request for a node nobody knows is dropped, but leaves its name in the list of nodes. */
  private readCommands(): ReadonlyMap<string, {verb: 'migrate' | 'relocate'; target: string}> {
    const queue = this.world.store.of('haQueue')
    const commands = queue.get('queue')?.commands ?? []
    if (commands.length > 0) queue.delete('queue')
    const result = new Map<string, {verb: 'migrate' | 'relocate'; target: string}>()
    for (const command of commands) {
      const [verb, sid = '', target = ''] = command.split(' ')
      if (verb === 'stop') {
        this.stopTimeouts.set(sid, Number(target))
        continue
      }

      if (!this.world.members().some(({node}) => node === target)) this.nodes[target] ??= 'unknown'
      if (!this.online.includes(target) || this.services[sid]?.node === target) continue
      result.set(sid, {verb: verb === 'relocate' ? 'relocate' : 'migrate', target})
    }

    return result
  }

  /** Goes from state to state until something has to happen on a node first. */
  private settle(
    resource: Resource,
    service: ServiceRecord,
    command: {verb: 'migrate' | 'relocate'; target: string} | undefined,
  ): ServiceRecord {
    let current = service
    for (let step = 0; step < MOST_STEPS; step++) {
      const following = this.next(resource, current, command)
      if (following.state === current.state) return following
      current = following
    }

    return current
  }

  private next(
    resource: Resource,
    service: ServiceRecord,
    command: {verb: 'migrate' | 'relocate'; target: string} | undefined,
  ): ServiceRecord {
    const reported = this.world.store.of('haLrm').get(service.node)?.results[service.uid]
    const wantsRun = resource.state === 'started'
    switch (service.state) {
      case 'request_start': {
        return wantsRun ? order(service, 'started') : order(service, 'request_stop')
      }

      case 'stopped': {
        // what does not run is moved as it is
        if (command && this.online.includes(service.node))
          return this.move(resource, {...service, node: resource.node}, command.verb, command.target)
        return wantsRun && this.online.includes(service.node)
          ? order({...service, node: resource.node}, 'started')
          : service
      }

      case 'started': {
        if (this.isLost(service.node)) return this.fence(service)
        if (!this.online.includes(service.node)) return service
        if (!wantsRun) return this.stop(resource, service)
        if (command) return this.move(resource, service, command.verb, command.target)
        if (reported && reported.exit_code !== 0) return this.failed(resource, service)
        const here = reported ? {...service, running: 1 as const, failures: 0} : service
        const best = chooseNode(this.world, resource, this.online, this.others(resource.sid), service.node)
        return best !== undefined && best !== service.node ? this.move(resource, here, 'migrate', best) : here
      }

      case 'request_stop': {
        if (this.isLost(service.node)) return this.fence(service)
        if (reported?.exit_code === 0) return order(service, 'stopped')
        return reported ? order(service, 'error') : service
      }

      case 'migrate':
      case 'relocate': {
        if (this.isLost(service.node)) return this.fence(service)
        if (!reported) return service
        return order({...service, node: resource.node, target: undefined}, wantsRun ? 'started' : 'request_stop')
      }

      case 'fence': {
        return this.isFenced(service.node) ? this.recover(resource, service) : service
      }

      case 'recovery': {
        return this.recover(resource, service)
      }

      default: {
        return resource.state === 'disabled' || resource.state === 'stopped' ? order(service, 'stopped') : service
      }
    }
  }

  private others(sid: string): Readonly<Record<string, ServiceRecord>> {
    return Object.fromEntries(Object.entries(this.services).filter(([other]) => other !== sid))
  }

  /** Containers cannot move while they run: they are stopped, moved and started. */
  private move(
    resource: Resource,
    service: ServiceRecord,
    verb: 'migrate' | 'relocate',
    target: string,
  ): ServiceRecord {
    return {...order(service, resource.type === 'lxc' ? 'relocate' : verb), target}
  }

  /** Once more on the same node, then on others, then given up. */
  private failed(resource: Resource, service: ServiceRecord): ServiceRecord {
    const failures = (service.failures ?? 0) + 1
    if (failures <= resource.maxRestart) return {...order(service, 'started'), failures}
    const relocations = (service.relocations ?? 0) + 1
    const target =
      relocations > resource.maxRelocate
        ? undefined
        : chooseNode(this.world, resource, this.online, this.others(resource.sid), undefined, service.node)
    if (target === undefined) return order(service, 'error')
    return {...order({...service, failures: 0}, 'relocate'), target, relocations}
  }

  private stop(resource: Resource, service: ServiceRecord): ServiceRecord {
    const timeout = resource.state === 'disabled' ? 0 : this.stopTimeouts.get(resource.sid)
    return {...order(service, 'request_stop'), ...(timeout !== undefined && {timeout})}
  }

  private isLost(node: string): boolean {
    return (
      this.nodes[node] === 'fence' || (!this.online.includes(node) && this.now - (this.seen[node] ?? 0) >= FENCE_AFTER)
    )
  }

  private fence(service: ServiceRecord): ServiceRecord {
    if (!this.online.includes(service.node)) this.nodes[service.node] = 'fence'
    return order(service, 'fence')
  }

  /** Fenced is a node that has booted since, or whose lock has run out: it cannot be running anything any more. */
  private isFenced(node: string): boolean {
    if (this.online.includes(node)) return true
    // the lifetime counts from when the others missed the node, and one more round is needed to get the lock
    const last = Math.max(this.world.store.of('haLrm').get(node)?.timestamp ?? 0, this.seen[node] ?? 0)
    if (this.now - last < LOCK_LIFETIME + ROUND_SECONDS) return false
    this.nodes[node] = 'unknown'
    return true
  }

  /** Takes a service over from a dead node: its configuration moves, it starts at the next order. */
  private recover(resource: Resource, service: ServiceRecord): ServiceRecord {
    const {sid, vmid} = resource
    const node = chooseNode(this.world, resource, this.online, this.others(sid), undefined, undefined)
    if (node === undefined) return order(service, 'recovery')
    const guests = this.world.store.of('guests')
    const guest = guests.get(vmid)
    if (guest && guest.node !== node) {
      const {lock, ...config} = guest.config
      guests.update(vmid, {
        node,
        run: undefined,
        config: lock === undefined || STALE_LOCKS.has(String(lock)) ? config : guest.config,
      })
    }

    return order(
      {...service, node, running: undefined, failures: 0},
      resource.state === 'started' ? 'started' : 'request_stop',
    )
  }
}

type Draft = {readonly [K in keyof ServiceRecord]: ServiceRecord[K] | undefined}

/** The service with a new order for its node. */
function order(service: Draft, state: ServiceRecord['state']): ServiceRecord {
  const {running: _, target: __, timeout: ___, ...rest} = service
  const clean = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return {...clean, state, uid: newUid()} as ServiceRecord
}

/** 22 characters, as the manager makes them. */
function newUid(): string {
  return randomBytes(16).toString('base64').slice(0, 22)
}
