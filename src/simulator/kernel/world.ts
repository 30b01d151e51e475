import {Access} from '../access/privileges.js'
import {Clock, type ClockMode} from './clock.js'
import {FileLocks} from './file-locks.js'
import {die} from './pve-error.js'
import {Store} from './store.js'
import {Tasks} from './tasks.js'

import type {Schema} from '../../schema/schema.js'
import type {MetaRecord, NodeRecord} from './state.js'

/** Figures of a dead node are shown for so long (reference 2.10). */
const FIGURES_SECONDS = 300
/** A node that boots sends its first figures after so long (cluster facts, "Rejoin"). */
const FIRST_FIGURES_SECONDS = 12

/** Why one node cannot be talked to from another: what the asked node's proxy answers. */
export interface Unreachable {
  readonly status: 595 | 596
  readonly reason: string
  /** Seconds until it is known. */
  readonly delay: number
}

/** One simulated cluster: its state, its time, its workers and its rules of access. Everything a handler works on. */
export class World {
  readonly tasks: Tasks
  readonly access: Access
  readonly fileLocks: FileLocks
  /** Certificate fingerprint of each node, filled by the server. */
  readonly fingerprints = new Map<string, string>()
  private readonly memo = new Map<(record: never) => unknown, WeakMap<object, unknown>>()

  constructor(
    readonly store: Store,
    readonly clock: Clock,
    readonly schema: Schema,
  ) {
    this.tasks = new Tasks(store, clock)
    this.access = new Access(store, schema.version)
    this.fileLocks = new FileLocks(clock)
  }

  /** `derive(record)`, kept as long as the record: records are immutable, so what follows from one is computed once. */
  derived<R extends object, T>(record: R, derive: (record: R) => T): T {
    let known = this.memo.get(derive as (record: never) => unknown)
    if (!known) this.memo.set(derive as (record: never) => unknown, (known = new WeakMap()))
    let value = known.get(record) as T | undefined
    if (value === undefined) known.set(record, (value = derive(record)))
    return value
  }

  get meta(): MetaRecord {
    return this.store.of('meta').get('world') ?? die('the simulator has no state')
  }

  get release(): Schema['version'] {
    return this.schema.version
  }

  /** Forgets everything, to be filled anew: no task, timer or record remains. */
  restart(): void {
    this.tasks.close()
    this.fileLocks.clear()
    this.clock.clear()
    this.store.clear()
  }

  /** Ends for good; the state stays in its directory. */
  close(): void {
    this.tasks.close()
    this.clock.stop()
    this.store.close()
  }

  /** Starts what a loaded state left behind: tasks of a dead process end, dead nodes go on ageing. */
  resume(): void {
    this.tasks.recover()
    for (const node of this.store.of('nodes').values()) {
      if (node.power === 'on' && node.expired) this.figuresSoon(node.node)
      if (node.power === 'off' && !node.expired) this.expireLater(node.node, node.downSince ?? this.clock.nowMs())
    }
  }

  node(name: string): NodeRecord {
    return this.store.of('nodes').get(name) ?? die(`no such cluster node '${name}'`)
  }

  /** The members of the cluster, by name. */
  members(): readonly NodeRecord[] {
    return [...this.store.of('nodes').values()].filter((node) => node.member)
  }

  /** Whether the other nodes see this node. */
  isOnline(node: NodeRecord): boolean {
    return node.power !== 'off' && node.connected
  }

  /** Whether a node runs and sees a member, itself included. */
  sees(from: string, to: NodeRecord): boolean {
    if (to.power === 'off') return false
    return from === to.node || ((this.store.of('nodes').get(from)?.connected ?? false) && to.connected)
  }

  /** Whether the node is in the majority of its cluster; a stand-alone host always is. */
  isQuorate(from: string): boolean {
    const members = this.members()
    return members.filter((node) => this.sees(from, node)).length > members.length / 2
  }

  /** What the nodes' lists say about a member, as seen from one node (reference 2.10). */
  nodeStatus(from: string, node: NodeRecord): 'offline' | 'online' | 'unknown' {
    if (!this.sees(from, node)) return 'offline'
    return node.expired ? 'unknown' : 'online'
  }

  /** 500 `cluster not ready - no quorum?` where the executing node has none. */
  checkQuorum(node: string): void {
    if (!this.isQuorate(node)) die('cluster not ready - no quorum?')
  }

  /** Whether a request on one node can be forwarded to another; undefined when it can. */
  unreachable(from: string, to: NodeRecord): Unreachable | undefined {
    if (from === to.node) return undefined
    if (to.power === 'refusing') return {status: 595, reason: 'Connection refused', delay: 0}
    return this.sees(from, to) ? undefined : {status: 595, reason: 'No route to host', delay: 3}
  }

  /** The node loses its power now: its workers are gone, its guests' figures stay for five minutes. */
  killNode(name: string): void {
    if (this.node(name).power === 'off') return
    this.store.of('nodes').update(name, {power: 'off', downSince: this.clock.nowMs(), expired: undefined})
    this.tasks.nodeDied(name)
    this.expireLater(name, this.clock.nowMs())
  }

  /** The node boots: nothing of what it ran is running, its tasks ended without a last word. */
  bootNode(name: string): void {
    this.store
      .of('nodes')
      .update(name, {power: 'on', downSince: undefined, expired: true, bootedAt: this.clock.nowMs()})
    this.figuresSoon(name)
    for (const guest of [...this.store.of('guests').values()]) {
      if (guest.node === name && guest.run) this.store.of('guests').update(guest.vmid, {run: undefined})
    }

    this.tasks.recover(name)
  }

  private figuresSoon(name: string): void {
    this.clock.after(FIRST_FIGURES_SECONDS, () => {
      if (this.store.of('nodes').get(name)?.power === 'on') this.store.of('nodes').update(name, {expired: undefined})
    })
  }

  private expireLater(name: string, since: number): void {
    const seconds = Math.max(0, FIGURES_SECONDS - (this.clock.nowMs() - since) / 1000)
    this.clock.after(seconds, () => {
      const node = this.store.of('nodes').get(name)
      if (node?.power === 'off' && node.downSince === since) this.store.of('nodes').update(name, {expired: true})
    })
  }
}

/** Opens a world: in memory, or in a directory whose state it goes on from. */
export function openWorld(schema: Schema, clock: ClockMode, directory?: string): World {
  const store: Store = new Store(directory, () => running.nowMs())
  const running = new Clock(clock, store.loadedTime)
  return new World(store, running, schema)
}
