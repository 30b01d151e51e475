import {guestLabel} from './guest.js'
import {anchorOf, copiedDisks, PlaceIndex, reachObstacle, type PlacementPolicy} from './guest-reach.js'
import {haPreference} from './ha-rules.js'
import {naturalOrder} from './natural-order.js'
import {memoryLoad, runningMemory, type PlacementFacts, type PlacementGuest} from './placement-facts.js'
import {freeShare, likesOf, scoreOf, type Score} from './placement-score.js'
import {formatSize} from './size.js'

/** Guests that go together: those that a positive resource affinity ties to each other, else a single one. */
export interface MoveUnit {
  /** By VMID; never empty. */
  readonly guests: readonly PlacementGuest[]
  /** What all of them take at a node. */
  readonly memoryBytes: number
  /** Room that copied volumes need, for each node: storage -> bytes. */
  readonly copies: readonly ReadonlyMap<string, number>[]
  /** Negative affinities of its guests, by number; one entry per guest in each. */
  readonly apart: readonly number[]
  /** For each node why it is out whatever else happens; undefined where it is not. */
  readonly out: readonly (string | undefined)[]
}

/**
 * A cluster in which guests are moved about, as numbers. Nodes are numbered in natural order of their names. Counts its own work: `steps` grows by one with each
 * question whether a unit fits on a node.
 */
export class MoveBoard {
  readonly nodes: readonly string[]
  readonly index: PlaceIndex
  steps = 0
  readonly #number: ReadonlyMap<string, number>
  readonly #load: number[]
  readonly #ceiling: readonly (number | undefined)[]
  readonly #room: Map<string, number>[]
  readonly #negatives: {readonly name: string; readonly vmids: ReadonlySet<number>}[]
  readonly #apartAt: number[][]
  readonly #where: Map<number, number>

  constructor(
    facts: PlacementFacts,
    readonly policy: PlacementPolicy,
    private readonly leaving: ReadonlySet<string> = new Set(),
  ) {
    this.index = new PlaceIndex(facts)
    const nodes = [...facts.nodes].sort((a, b) => naturalOrder(a.node, b.node))
    this.nodes = nodes.map(({node}) => node)
    this.#number = new Map(this.nodes.map((node, number) => [node, number]))
    this.#where = new Map(facts.guests.map(({node, vmid}) => [vmid, this.#number.get(node) ?? -1]))
    this.#load = nodes.map((node) => memoryLoad(node, facts.guests))
    this.#ceiling = nodes.map(({memoryBytes, memoryUsedBytes}) =>
      memoryBytes === undefined || memoryUsedBytes === undefined ? undefined : memoryBytes * policy.memoryCeiling,
    )
    this.#room = nodes.map(() => new Map())
    for (const {node, storage, totalBytes, usedBytes} of facts.storages) {
      const at = this.#number.get(node)
      if (at !== undefined && totalBytes !== undefined && usedBytes !== undefined)
        this.#room[at]?.set(storage, totalBytes - usedBytes)
    }

    this.#negatives = facts.rules.resourceAffinities.filter(({affinity}) => affinity === 'negative')
    this.#apartAt = this.#negatives.map(({vmids}) => {
      const counts = nodes.map(() => 0)
      for (const vmid of vmids) {
        const at = this.#where.get(vmid) ?? -1
        if (at >= 0) counts[at] = (counts[at] ?? 0) + 1
      }

      return counts
    })
  }

  get guests(): readonly PlacementGuest[] {
    return this.index.facts.guests
  }

  numberOf(node: string): number {
    return this.#number.get(node) ?? -1
  }

  /** Where a guest is at this point of the plan. */
  whereIs(vmid: number): string | undefined {
    return this.nodes[this.#where.get(vmid) ?? -1]
  }

  /** Memory that is taken at a node: see `PlacementPolicy.memoryCeiling`. */
  load(node: number): number {
    return this.#load[node] ?? 0
  }

  /** What the load may reach; undefined where nobody knows the node's memory: nothing may be added there. */
  ceiling(node: number): number | undefined {
    return this.#ceiling[node]
  }

  /** Memory that may still be taken; below 0 where a node is too full already. */
  room(node: number): number {
    return (this.#ceiling[node] ?? Number.NEGATIVE_INFINITY) - this.load(node)
  }

  memoryOf(node: number): number | undefined {
    return this.index.node(this.nodes[node] ?? '')?.memoryBytes
  }

  /**
   * Guests as one unit, with everything about them that no move changes.
   * @param stays guests they are tied to that do not move: the unit can only go to them
   */
  unit(guests: readonly PlacementGuest[], stays: readonly PlacementGuest[] = []): MoveUnit {
    const sorted = [...guests].sort((a, b) => a.vmid - b.vmid)
    const apart = sorted.flatMap(({vmid}) =>
      this.#negatives.flatMap(({vmids}, number) => (vmids.has(vmid) ? [number] : [])),
    )
    const [clash] = apart.filter((number, at) => apart.indexOf(number) !== at)
    const homes = [...new Set(stays.map(({node}) => node))].sort(naturalOrder)
    const out = this.nodes.map((node) => {
      if (clash !== undefined) return `HA rule ${this.#negatives[clash]?.name} keeps its own guests apart`
      if (homes.length > 0 && !homes.includes(node))
        return `HA keeps it together with ${stays.map((guest) => guestLabel(guest)).join(', ')} on ${homes.join(', ')}`
      for (const guest of sorted) {
        const obstacle = reachObstacle(guest, node, this.index, this.policy, this.leaving)
        if (obstacle !== undefined) return sorted.length === 1 ? obstacle : `${guestLabel(guest)}: ${obstacle}`
      }

      return undefined
    })
    return {
      guests: sorted,
      memoryBytes: sorted.reduce((sum, guest) => sum + runningMemory(guest), 0),
      copies: this.nodes.map((node) => {
        const bytes = new Map<string, number>()
        for (const guest of sorted)
          for (const disk of copiedDisks(guest, node, this.index, this.policy))
            bytes.set(disk.to, (bytes.get(disk.to) ?? 0) + disk.bytes)
        return bytes
      }),
      apart,
      out,
    }
  }

  /** Why none of a unit's guests may leave, or undefined. */
  anchor({guests}: MoveUnit): string | undefined {
    for (const guest of guests) {
      const anchor = anchorOf(guest, this.index, this.policy)
      if (anchor !== undefined)
        return guests.length === 1 ? anchor : `HA keeps it together with ${guestLabel(guest)}: ${anchor}`
    }

    return undefined
  }

  fits(unit: MoveUnit, node: number): boolean {
    this.steps++
    return unit.out[node] === undefined && this.#lack(unit, node) === 'none'
  }

  /** Why a unit cannot go to a node as things stand, in words; undefined where it can. */
  obstacle(unit: MoveUnit, node: number): string | undefined {
    const out = unit.out[node]
    if (out !== undefined) return out
    const lack = this.#lack(unit, node)
    if (lack === 'none') return undefined
    if (lack === 'blind') return 'its memory is not visible to this user'
    if (lack === 'memory') {
      const {memoryBytes} = unit
      const percent = Math.round(this.policy.memoryCeiling * 100)
      return `${formatSize(Math.max(0, this.room(node)))} of memory left below ${percent}%, ${formatSize(memoryBytes)} needed`
    }

    if (lack === 'room') {
      const [storage, bytes] = [...(unit.copies[node] ?? [])].find(([name, need]) => this.#free(node, name) < need) ?? [
        '',
        0,
      ]
      return `storage ${storage} has ${formatSize(Math.max(0, this.#free(node, storage)))} free, ${formatSize(bytes)} needed`
    }

    const own = new Set(unit.guests.map(({vmid}) => vmid))
    const {name, vmids} = this.#negatives[lack] ?? {name: '', vmids: new Set<number>()}
    const rival = this.guests.find(({vmid}) => vmids.has(vmid) && !own.has(vmid) && this.#where.get(vmid) === node)
    return `HA rule ${name} keeps it apart from ${rival === undefined ? 'a guest that is to go there' : guestLabel(rival)}`
  }

  /** Whether memory, and nothing that no move changes, keeps a unit from a node. */
  lacksMemory(unit: MoveUnit, node: number): boolean {
    return unit.out[node] === undefined && this.#lack(unit, node) === 'memory'
  }

  /** Counts a unit at a node as well as where it is: a guest on its way takes memory at both ends. */
  arrive(unit: MoveUnit, node: number): void {
    this.#count(unit, node, 1)
    for (const [storage, bytes] of unit.copies[node] ?? [])
      this.#room[node]?.set(storage, this.#free(node, storage) - bytes)
  }

  /** Takes an arrival back. */
  unarrive(unit: MoveUnit, node: number): void {
    this.#count(unit, node, -1)
    for (const [storage, bytes] of unit.copies[node] ?? [])
      this.#room[node]?.set(storage, this.#free(node, storage) + bytes)
  }

  /** The rest of a move: the guests are gone from where they were. */
  settle(unit: MoveUnit, node: number): void {
    for (const {vmid, ...guest} of unit.guests) {
      const from = this.#where.get(vmid) ?? -1
      if (from === node || from < 0) continue
      this.#load[from] = (this.#load[from] ?? 0) - runningMemory(guest)
      for (const [number, {vmids}] of this.#negatives.entries()) if (vmids.has(vmid)) this.#bump(number, from, -1)
      this.#where.set(vmid, node)
    }
  }

  /** A whole move; gives what takes it back. */
  carry(unit: MoveUnit, node: number): () => void {
    const from = unit.guests.map(({vmid}) => this.#where.get(vmid) ?? -1)
    this.arrive(unit, node)
    this.settle(unit, node)
    return () => {
      for (const [at, {vmid, ...guest}] of unit.guests.entries()) {
        const home = from[at] ?? -1
        if (home === node || home < 0) continue
        this.#load[home] = (this.#load[home] ?? 0) + runningMemory(guest)
        for (const [number, {vmids}] of this.#negatives.entries()) if (vmids.has(vmid)) this.#bump(number, home, 1)
        this.#where.set(vmid, home)
      }

      this.unarrive(unit, node)
    }
  }

  /** Counts memory that is taken where nobody arrives: a guest that is started. */
  take(node: number, bytes: number): void {
    this.#load[node] = (this.#load[node] ?? 0) + bytes
  }

  /** What speaks for a node, as things stand; a unit that is there already adds nothing to it. */
  score(unit: MoveUnit, node: number): Score {
    const [guest] = unit.guests as [PlacementGuest]
    const name = this.nodes[node] ?? ''
    const {cpus, cpuUsage} = this.index.node(name) ?? {}
    const memory = this.memoryOf(node)
    const here = this.#where.get(guest.vmid) === node
    const more = here ? 0 : unit.memoryBytes
    const busy = here ? 0 : unit.guests.reduce((sum, one) => sum + (one.cpus ?? 0) * (one.cpuUsage ?? 0), 0)
    const likes = this.#likes(guest)
    const preference = guest.ha === undefined ? undefined : haPreference(guest.vmid, name, this.index.facts.rules)
    return scoreOf({
      ...(memory !== undefined && {memory: freeShare(this.load(node) + more, memory)}),
      ...(cpus !== undefined && cpuUsage !== undefined && {cpu: freeShare(cpuUsage * cpus + busy, cpus)}),
      ...(likes !== undefined && {
        spread: 1 - likes.filter((vmid) => this.#where.get(vmid) === node).length / likes.length,
      }),
      ...(preference !== undefined && {affinity: preference}),
      // Who comes from nowhere stays nowhere.
      ...((this.#where.get(guest.vmid) ?? -1) >= 0 && {stay: here ? 1 : 0}),
    })
  }

  readonly #likesOf = new Map<number, readonly number[] | undefined>()

  #likes(guest: PlacementGuest): readonly number[] | undefined {
    if (!this.#likesOf.has(guest.vmid)) {
      this.#likesOf.set(
        guest.vmid,
        likesOf(guest, this.guests)?.guests.map(({vmid}) => vmid),
      )
    }

    return this.#likesOf.get(guest.vmid)
  }

  #free(node: number, storage: string): number {
    return this.#room[node]?.get(storage) ?? Number.POSITIVE_INFINITY
  }

  #lack(unit: MoveUnit, node: number): number | 'blind' | 'memory' | 'none' | 'room' {
    if (unit.memoryBytes > 0) {
      if (this.#ceiling[node] === undefined) return 'blind'
      if (this.room(node) < unit.memoryBytes) return 'memory'
    }

    for (const [storage, bytes] of unit.copies[node] ?? []) if (this.#free(node, storage) < bytes) return 'room'
    for (const number of unit.apart) if ((this.#apartAt[number]?.[node] ?? 0) > 0) return number
    return 'none'
  }

  #count(unit: MoveUnit, node: number, sign: 1 | -1): void {
    this.#load[node] = (this.#load[node] ?? 0) + sign * unit.memoryBytes
    for (const number of unit.apart) this.#bump(number, node, sign)
  }

  #bump(number: number, node: number, by: number): void {
    const counts = this.#apartAt[number]
    if (counts !== undefined) counts[node] = (counts[node] ?? 0) + by
  }
}
