import {Access} from '../access/privileges.js'
import {Consoles} from '../console/consoles.js'
import {Clock, type ClockMode} from './clock.js'
import {FileLocks} from './file-locks.js'
import {die} from './pve-error.js'
import {Store} from './store.js'
import {Tasks} from './tasks.js'

import type {Schema} from '../../schema/schema.js'
import type {GuestSystem} from '../qemu/guest-system.js'
import type {MetaRecord, NodeRecord} from './state.js'

/** Figures of a dead node are shown for so long (reference 2.10). */
const FIGURES_SECONDS = 300
/** The others notice that a node is gone, and that it is reachable again, after so long (cluster facts, "Quorum loss"). */
const LOSS_SECONDS = 8
const RETURN_SECONDS = 3.9
/** A machine that has just lost its power still has an address for so long, at which nobody listens. */
const REFUSED_SECONDS = 4
/** How long the search for a machine that is not there takes. */
const SEARCH_SECONDS = 3
/** From power on until the others hear a node, until its API answers, and from there to its first figures (cluster facts, "Rejoin"). */
const RING_SECONDS = 4.1
const BOOT_SECONDS = 5
const FIRST_FIGURES_SECONDS = 12
/** A node sends its figures anew after so long. */
const ROUND_SECONDS = 10

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
  readonly consoles = new Consoles()
  /** What runs in VMs; absent: what they were programmed to answer. */
  guestSystem: GuestSystem | undefined
  /** Certificate fingerprint of each node, filled by the server. */
  readonly fingerprints = new Map<string, string>()
  /** The certificate of each node, PEM, filled by the server. */
  readonly certificates = new Map<string, string>()
  private readonly answers = new Map<string, object>()
  private answersStamp = ''
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

  /**
   * What `make` answers, asked once per question as long as nothing changes, and no longer than a second of the displayed time. For long lists that clients poll;
   * the answer is frozen, and its text is kept with it.
   */
  answerOnce<T extends object>(question: string, make: () => T): T {
    const stamp = `${this.store.version} ${this.clock.now()}`
    if (stamp !== this.answersStamp) {
      this.answersStamp = stamp
      this.answers.clear()
    }

    let answer = this.answers.get(question) as T | undefined
    if (!answer) this.answers.set(question, (answer = Object.freeze(make())))
    return answer
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
    this.consoles.cut()
    this.clock.clear()
    this.store.clear()
  }

  /** Ends for good; the state stays in its directory. */
  close(): void {
    this.tasks.close()
    this.consoles.cut()
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

  /** Whether a node runs and sees a member, itself included, as far as it has noticed yet. */
  sees(from: string, to: NodeRecord): boolean {
    if (from === to.node) return to.power !== 'off'
    const self = this.store.of('nodes').get(from)
    return self !== undefined && this.isInRing(self) && this.isInRing(to)
  }

  /** Whether a machine can be talked to from another one at this moment. */
  reaches(from: string, to: NodeRecord): boolean {
    if (from === to.node) return to.power !== 'off'
    return to.power !== 'off' && to.connected && (this.store.of('nodes').get(from)?.connected ?? false)
  }

  /** Whether the node is in the majority of its cluster; a stand-alone host always is. */
  isQuorate(from: string): boolean {
    return this.isMajority(from, (node) => this.sees(from, node))
  }

  /** Whether the node will be in the majority once everybody has noticed what has happened. */
  willBeQuorate(from: string): boolean {
    return this.isMajority(from, (node) => this.reaches(from, node))
  }

  /**
   * Seconds until the ring of nodes has formed anew after a loss; 0 when it stands. Until then every write waits (cluster facts, "A node loses power").
   */
  ringFormsIn(from: string): number {
    const changes = this.members()
      .filter((node) => node.node !== from || !node.connected)
      .map((node) => (node.power === 'off' ? node.downSince : node.connected ? undefined : node.cutSince))
    const left = changes.map((since) => (since === undefined ? 0 : this.secondsLeft(since, LOSS_SECONDS)))
    return Math.max(0, ...left)
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
    const refused = {status: 595, reason: 'Connection refused', delay: 0} as const
    if (to.power === 'refusing' || (to.power === 'on' && this.isStarting(to))) return refused
    if (this.reaches(from, to)) return undefined
    if (to.power === 'off' && to.downSince !== undefined && this.secondsLeft(to.downSince, REFUSED_SECONDS) > 0)
      return refused
    return {status: 595, reason: 'No route to host', delay: SEARCH_SECONDS}
  }

  /** Whether a node has power and its API does not answer yet. */
  isStarting(node: NodeRecord): boolean {
    return node.expired === true && this.secondsLeft(node.bootedAt, BOOT_SECONDS) > 0
  }

  /** When a node last sent its figures and those of its guests to the others, epoch ms. At instant speed it has just done so. */
  figuresSentAt({bootedAt, downSince}: NodeRecord): number {
    const end = downSince ?? this.clock.nowMs()
    if (this.clock.mode.kind === 'instant') return end
    // on a whole second: answers are kept until the next one
    const first = Math.ceil(bootedAt / 1000 + BOOT_SECONDS + FIRST_FIGURES_SECONDS) * 1000
    const round = ROUND_SECONDS * 1000
    return first + Math.floor((end - first) / round) * round
  }

  /**
   * The node loses its power: its workers are gone, its guests' figures stay for five minutes.
   * @param secondsAgo when it did; the others need some seconds to notice
   */
  killNode(name: string, secondsAgo = 0): void {
    if (this.node(name).power === 'off') return
    const since = this.clock.nowMs() - secondsAgo * 1000
    this.store.of('nodes').update(name, {power: 'off', downSince: since, expired: undefined})
    this.tasks.nodeDied(name)
    this.consoles.cut(name)
    this.expireLater(name, since)
  }

  /** The network between this node and all others breaks; it goes on running. */
  cutNode(name: string): void {
    if (!this.node(name).connected) return
    this.store.of('nodes').update(name, {connected: false, cutSince: this.clock.nowMs(), joinedSince: undefined})
  }

  /** The network is whole again. */
  joinNode(name: string): void {
    if (this.node(name).connected) return
    this.store.of('nodes').update(name, {connected: true, cutSince: undefined, joinedSince: this.clock.nowMs()})
  }

  /** The node boots: nothing of what it ran is running, its tasks ended without a last word. */
  bootNode(name: string): void {
    this.store.of('nodes').update(name, {
      power: 'on',
      downSince: undefined,
      expired: true,
      daemonDown: undefined,
      bootedAt: this.clock.nowMs(),
    })
    this.figuresSoon(name)
    for (const guest of [...this.store.of('guests').values()]) {
      if (guest.node === name && guest.run) this.store.of('guests').update(guest.vmid, {run: undefined})
    }

    this.tasks.recover(name)
  }

  /** A node that is cut off from the others is cut off from the quorum device, too. */
  private isMajority(from: string, isThere: (node: NodeRecord) => boolean): boolean {
    const members = this.members()
    const {quorumDevice: device} = this.meta
    const more = device === undefined ? 0 : device.algorithm === 'lms' ? Math.max(1, members.length - 1) : 1
    const isReached = device?.connected === true && this.store.of('nodes').get(from)?.connected === true
    return members.filter((node) => isThere(node)).length + (isReached ? more : 0) > (members.length + more) / 2
  }

  /** Whether a node is one of those that hear each other, as far as these have noticed. */
  private isInRing({power, connected, downSince, cutSince, joinedSince, expired, bootedAt}: NodeRecord): boolean {
    if (power === 'off') return downSince !== undefined && this.secondsLeft(downSince, LOSS_SECONDS) > 0
    if (!connected) return cutSince !== undefined && this.secondsLeft(cutSince, LOSS_SECONDS) > 0
    if (expired && this.secondsLeft(bootedAt, RING_SECONDS) > 0) return false
    return joinedSince === undefined || this.secondsLeft(joinedSince, RETURN_SECONDS) === 0
  }

  /** What is left of so many seconds that began at a moment; at instant speed they are always over. */
  private secondsLeft(sinceMs: number, seconds: number): number {
    if (this.clock.mode.kind === 'instant') return 0
    return Math.max(0, seconds - (this.clock.nowMs() - sinceMs) / 1000)
  }

  private figuresSoon(name: string): void {
    this.clock.after(BOOT_SECONDS + FIRST_FIGURES_SECONDS, () => {
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
