import type {PlacementPolicy} from '../../src/domain/guest-reach.js'
import type {PlannedMove} from '../../src/domain/move-plan.js'
import type {PlacementFacts, PlacementGuest} from '../../src/domain/placement-facts.js'
import type {Dice} from './random-clusters.js'

/** Written apart from the planner: it knows the rules, not how plans are found. */

const runs = (guest: PlacementGuest): boolean => !guest.template && guest.status !== 'stopped'
export const memoryOf = (guest: PlacementGuest): number => (runs(guest) ? (guest.memoryBytes ?? 0) : 0)

function isShared(storage: string, {storages}: PlacementFacts): boolean {
  return storages.some((one) => one.storage === storage && one.shared)
}

function isUp(name: string, {nodes}: PlacementFacts): boolean {
  const node = nodes.find((one) => one.node === name)
  return node?.status === 'online' && node.haState !== 'maintenance'
}

/** Whether a guest may leave its node at all. */
export function mayLeave(guest: PlacementGuest, facts: PlacementFacts, policy: PlacementPolicy): boolean {
  const {needs} = guest
  if (guest.template || guest.lock !== undefined || guest.status === 'unknown' || needs === undefined) return false
  if (facts.nodes.find(({node}) => node === guest.node)?.status !== 'online') return false
  if (needs.pins.length > 0) return false
  if (runs(guest) && needs.devices.some(({live}) => !live)) return false
  return needs.disks.every(
    (disk) =>
      isShared(disk.storage, facts) ||
      (disk.kind === 'disk' && (policy.localDisks || policy.storageMap?.[disk.storage] !== undefined)),
  )
}

/** What makes a guest impossible on another node, apart from the other guests. */
export function staticFaults(
  guest: PlacementGuest,
  to: string,
  facts: PlacementFacts,
  policy: PlacementPolicy,
): string[] {
  const faults: string[] = []
  const node = facts.nodes.find((one) => one.node === to)
  if (node === undefined || !isUp(to, facts)) return [`${to} is not there`]
  for (const disk of guest.needs?.disks ?? []) {
    const copied = disk.kind === 'disk' && !isShared(disk.storage, facts)
    const name = copied ? (policy.storageMap?.[disk.storage] ?? disk.storage) : disk.storage
    const storage = facts.storages.find((one) => one.node === to && one.storage === name)
    if (!storage?.available) faults.push(`${name} is not on ${to}`)
    else if (copied && !storage.content.includes(guest.type === 'qemu' ? 'images' : 'rootdir'))
      faults.push(`${name} on ${to} takes no disks`)
  }

  for (const bridge of guest.needs?.bridges ?? [])
    if (node.bridges !== undefined && !node.bridges.has(bridge)) faults.push(`no ${bridge} on ${to}`)
  for (const {kind, mapping} of guest.needs?.devices ?? [])
    if (node.mappings !== undefined && !node.mappings.has(`${kind}:${mapping}`)) faults.push(`no ${mapping} on ${to}`)
  const rule = facts.rules.nodeAffinities.find(({vmids}) => vmids.has(guest.vmid))
  if (guest.ha !== undefined && rule !== undefined) {
    if (rule.strict && !rule.nodes.has(to)) faults.push(`${rule.name} forbids ${to}`)
    if (guest.ha.failback) {
      const best = Math.max(
        -1,
        ...[...rule.nodes].filter(([name]) => isUp(name, facts)).map(([, priority]) => priority),
      )
      if ((rule.nodes.get(to) ?? -1) < best) faults.push(`${rule.name} takes it back from ${to}`)
    }
  }

  return faults
}

/** Load of every node, by name. */
function loads(facts: PlacementFacts, where: (guest: PlacementGuest) => readonly string[]): Map<string, number> {
  const now = new Map(facts.nodes.map(({memoryUsedBytes = 0, node}) => [node, memoryUsedBytes]))
  const first = new Map<string, number>()
  for (const guest of facts.guests) first.set(guest.node, (first.get(guest.node) ?? 0) + memoryOf(guest))
  for (const [node, used] of now) now.set(node, Math.max(0, used - (first.get(node) ?? 0)))
  for (const guest of facts.guests)
    for (const node of where(guest)) now.set(node, (now.get(node) ?? 0) + memoryOf(guest))
  return now
}

/** What of the rules about guests among each other is broken, while guests are at the given places: at two of them while they move. */
export function crowdFaults(
  facts: PlacementFacts,
  policy: PlacementPolicy,
  where: (guest: PlacementGuest) => readonly string[],
  before = loads(facts, ({node}) => [node]),
): string[] {
  const faults: string[] = []
  const now = loads(facts, where)
  for (const {memoryBytes, node} of facts.nodes) {
    const load = now.get(node) ?? 0
    const limit = Math.max((memoryBytes ?? 0) * policy.memoryCeiling, before.get(node) ?? 0)
    if (load > limit + 1) faults.push(`${node} takes ${load} of ${limit}`)
  }

  for (const {affinity, name, vmids} of facts.rules.resourceAffinities) {
    if (affinity === 'positive') continue
    const members = facts.guests.filter(({vmid}) => vmids.has(vmid))
    for (const [index, one] of members.entries()) {
      for (const other of members.slice(index + 1)) {
        const meet = where(one).find((node) => where(other).includes(node))
        const met = one.node === other.node && meet === one.node
        if (meet !== undefined && !met) faults.push(`${name}: ${one.vmid} meets ${other.vmid} on ${meet}`)
      }
    }
  }

  return faults
}

/** Guests that positive rules tie together, by rule chains. */
export function tiedTo(vmid: number, facts: PlacementFacts): PlacementGuest[] {
  const tied = [vmid]
  for (const one of tied) {
    for (const {affinity, vmids} of facts.rules.resourceAffinities)
      if (affinity === 'positive' && vmids.has(one)) tied.push(...[...vmids].filter((other) => !tied.includes(other)))
  }

  return facts.guests.filter((guest) => tied.includes(guest.vmid))
}

/** Whether guests that belong together are, for given final places: who moves goes to where those are who stay, and all movers to one node. */
export function tieFaults(facts: PlacementFacts, moved: ReadonlyMap<number, string>): string[] {
  return [...moved].flatMap(([vmid, to]) => {
    const others = tiedTo(vmid, facts).filter((guest) => guest.vmid !== vmid)
    const stay = others.filter((guest) => !moved.has(guest.vmid) && guest.node !== to)
    const join = others.some((guest) => !moved.has(guest.vmid) && guest.node === to)
    const apart = others.filter((guest) => moved.has(guest.vmid) && moved.get(guest.vmid) !== to)
    return apart.length > 0 || (stay.length > 0 && !join) ? [`${vmid} is parted from its own`] : []
  })
}

/** Lets a plan happen, with moves side by side in a random order that `after` allows, and looks at every moment for a rule that is broken. */
export function playMoves(
  facts: PlacementFacts,
  policy: PlacementPolicy,
  moves: readonly PlannedMove[],
  parallel: number,
  die: Dice,
): string[] {
  const faults: string[] = []
  const at = new Map(facts.guests.map((guest) => [guest.vmid, [guest.node]]))
  const where = (guest: PlacementGuest): readonly string[] => at.get(guest.vmid) ?? []
  const room = new Map(
    facts.storages.map((one) => [`${one.node}/${one.storage}`, (one.totalBytes ?? Infinity) - (one.usedBytes ?? 0)]),
  )
  const before = loads(facts, ({node}) => [node])
  const waiting = groups(moves)
  const running: PlannedMove[][] = []
  const over = new Set<number>()
  while (waiting.length + running.length > 0) {
    const ready = waiting.filter((group) => group.every(({after = []}) => after.every((vmid) => over.has(vmid))))
    if (ready.length > 0 && running.length < parallel && (running.length === 0 || die.chance(0.7))) {
      const group = die.pick(ready)
      waiting.splice(waiting.indexOf(group), 1)
      running.push(group)
      for (const {copies = [], from, to, vmid} of group) {
        if (at.get(vmid)?.join() !== from) faults.push(`${vmid} is not on ${from}`)
        at.set(vmid, [from, to])
        for (const {bytes, to: storage} of copies) {
          const left = (room.get(`${to}/${storage}`) ?? 0) - bytes
          room.set(`${to}/${storage}`, left)
          if (left < 0) faults.push(`${storage} on ${to} is full`)
        }
      }
    } else if (running.length > 0) {
      const [group = []] = running.splice(die.between(0, running.length - 1), 1)
      for (const {to, vmid} of group) {
        at.set(vmid, [to])
        over.add(vmid)
      }
    } else return [...faults, 'the plan waits for itself']

    faults.push(...crowdFaults(facts, policy, where, before))
    if (faults.length > 0) return faults
  }

  return faults
}

function groups(moves: readonly PlannedMove[]): PlannedMove[][] {
  const done = new Set<number>()
  return moves.flatMap((move) => {
    if (done.has(move.vmid)) return []
    const group = moves.filter(({vmid}) => vmid === move.vmid || move.with?.includes(vmid))
    for (const {vmid} of group) done.add(vmid)
    return [group]
  })
}

/** The most tied groups that can leave, found by trying every combination of nodes; for small clusters. */
export function mostThatLeave(
  facts: PlacementFacts,
  policy: PlacementPolicy,
  leaving: ReadonlySet<string>,
): {readonly groups: number; readonly placed: number} {
  const targets = facts.nodes.map(({node}) => node).filter((node) => !leaving.has(node))
  const seen = new Set<number>()
  const units: PlacementGuest[][] = []
  for (const guest of facts.guests) {
    if (!leaving.has(guest.node) || !runs(guest) || seen.has(guest.vmid)) continue
    const unit = tiedTo(guest.vmid, facts).filter(({node}) => leaving.has(node))
    for (const {vmid} of unit) seen.add(vmid)
    units.push(unit)
  }

  let most = 0
  const moved = new Map<number, string>()
  const isPossible = (): boolean => {
    const where = (guest: PlacementGuest) => [moved.get(guest.vmid) ?? guest.node]
    if (tieFaults(facts, moved).length > 0) return false
    const now = loads(facts, where)
    for (const node of new Set(moved.values())) {
      const memory = facts.nodes.find((one) => one.node === node)?.memoryBytes
      const added = facts.guests.some((guest) => moved.get(guest.vmid) === node && memoryOf(guest) > 0)
      if (added && (memory === undefined || (now.get(node) ?? 0) > memory * policy.memoryCeiling)) return false
    }

    const need = new Map<string, number>()
    for (const guest of facts.guests) {
      const to = moved.get(guest.vmid)
      for (const disk of to === undefined ? [] : (guest.needs?.disks ?? [])) {
        if (disk.kind !== 'disk' || isShared(disk.storage, facts)) continue
        const key = `${to}/${policy.storageMap?.[disk.storage] ?? disk.storage}`
        need.set(key, (need.get(key) ?? 0) + (disk.bytes ?? 0))
      }
    }

    for (const {node, storage, totalBytes, usedBytes} of facts.storages) {
      const free = totalBytes === undefined || usedBytes === undefined ? Infinity : totalBytes - usedBytes
      if ((need.get(`${node}/${storage}`) ?? 0) > free) return false
    }

    return crowdFaults(facts, policy, where).length === 0
  }

  const tryFrom = (index: number, placed: number): void => {
    if (placed + units.length - index <= most) return
    const unit = units[index]
    if (unit === undefined) {
      most = placed
      return
    }

    if (unit.every((guest) => mayLeave(guest, facts, policy))) {
      for (const target of targets) {
        if (unit.some((guest) => staticFaults(guest, target, facts, policy).length > 0)) continue
        for (const {vmid} of unit) moved.set(vmid, target)
        // Targets only gain: what is impossible now stays so.
        if (isPossible()) tryFrom(index + 1, placed + 1)
        for (const {vmid} of unit) moved.delete(vmid)
      }
    }

    tryFrom(index + 1, placed)
  }
  tryFrom(0, 0)
  return {groups: units.length, placed: most}
}
