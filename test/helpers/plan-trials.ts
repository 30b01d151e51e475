import {PLACEMENT_POLICY, type PlacementPolicy} from '../../src/domain/guest-reach.js'
import {planMoves, type MovePlan} from '../../src/domain/move-plan.js'
import {planRebalance} from '../../src/domain/rebalance-plan.js'
import {planReturn} from '../../src/domain/return-plan.js'
import type {PlacementFacts} from '../../src/domain/placement-facts.js'
import {mayLeave, mostThatLeave, playMoves, staticFaults, tiedTo, tieFaults} from './plan-checker.js'
import {dice, randomCluster, type Dice} from './random-clusters.js'

/** Less than usual: what takes the whole of it must be seen, not waited for. */
const BUDGET = 200_000

/** What a search may cost at most: the budget, what both greedy rounds and the last look at scores ask. */
const mostSteps = (nodes: number, guests: number): number => BUDGET + 8 * nodes * guests * (guests + 4)

/** Empties nodes of the cluster of that seed, brings the guests home again, evens out; every fault found. */
export function tryPlans(seed: number): string[] {
  const small = seed % 2 === 0
  const {facts, leaving, memoryCeiling} = randomCluster(seed, small)
  const die = dice(seed + 1)
  const policy: PlacementPolicy = {
    ...PLACEMENT_POLICY,
    memoryCeiling: memoryCeiling ?? die.pick([0.8, 0.9, 1]),
    localDisks: die.chance(0.5),
    ...(die.chance(0.2) && {storageMap: {local: 'nas'}}),
  }
  const options = {
    leaving,
    policy,
    blocked: die.pick(['fail', 'leave', 'shutdown'] as const),
    stopped: 'stay' as const,
    budget: BUDGET,
  }
  const plan = planMoves(facts, options)
  const faults = [
    ...drainFaults(facts, policy, new Set(leaving), plan, options.blocked),
    ...playMoves(facts, policy, plan.moves, die.between(1, 4), die),
  ]
  if (JSON.stringify(planMoves(facts, options)) !== JSON.stringify(plan)) faults.push('the same question, another plan')
  if (plan.steps > mostSteps(facts.nodes.length, facts.guests.length)) faults.push(`${plan.steps} steps`)
  if (small) {
    const {groups, placed} = mostThatLeave(facts, policy, new Set(leaving))
    const moved = new Set(
      plan.moves
        .filter(({manner}) => manner !== 'offline')
        .map(({vmid}) =>
          Math.min(
            ...tiedTo(vmid, facts)
              .filter(({node}) => leaving.includes(node))
              .map((one) => one.vmid),
          ),
        ),
    )
    if (plan.exhaustive && moved.size !== placed)
      faults.push(`${moved.size} of ${groups} groups leave, ${placed} could`)
    if (placed === groups && plan.blocked.some(({running}) => running)) faults.push('a complete plan exists')
    if (!plan.exhaustive) faults.push('a small cluster, and not searched to the end')
  }

  faults.push(
    ...shuffleFaults(facts, policy, die),
    ...returnFaults(facts, policy, plan, die.between(1, 4), seed),
    ...rebalanceFaults(facts, policy, die.between(1, 4), seed),
  )
  return faults.map((fault) => `seed ${seed}: ${fault}`)
}

function drainFaults(
  facts: PlacementFacts,
  policy: PlacementPolicy,
  leaving: ReadonlySet<string>,
  plan: MovePlan,
  manner: 'fail' | 'leave' | 'shutdown',
): string[] {
  const faults: string[] = []
  const moved = new Map(plan.moves.map(({to, vmid}) => [vmid, to]))
  const told = [...plan.moves, ...plan.blocked, ...plan.staying].map(({vmid}) => vmid)
  const here = facts.guests.filter(({node}) => leaving.has(node)).map(({vmid}) => vmid)
  if (told.sort((a, b) => a - b).join() !== here.sort((a, b) => a - b).join())
    faults.push(`guests forgotten or told twice: ${told.join()} of ${here.join()}`)
  for (const {to, vmid} of plan.moves) {
    const guest = facts.guests.find((one) => one.vmid === vmid)!
    if (leaving.has(to)) faults.push(`${vmid} goes to ${to}, which is to be empty`)
    if (!mayLeave(guest, facts, policy)) faults.push(`${vmid} may not leave`)
    faults.push(...staticFaults(guest, to, facts, policy).map((fault) => `${vmid}: ${fault}`))
  }

  faults.push(...tieFaults(facts, moved))
  const stuck = plan.blocked.filter(({running}) => running)
  const stubborn = stuck.filter(({vmid}) => {
    const {lock, status} = facts.guests.find((guest) => guest.vmid === vmid)!
    return lock !== undefined || status === 'paused'
  })
  const bearable = {fail: stuck.length === 0, leave: true, shutdown: stubborn.length === 0}[manner]
  if (plan.possible !== bearable) faults.push('possible says the wrong thing')
  if (plan.shutdowns.length !== (manner === 'shutdown' ? stuck.length - stubborn.length : 0)) faults.push('shutdowns')
  if (plan.blocked.some(({reason}) => reason === '')) faults.push('a guest is blocked without a reason')
  for (const {afterBytes, beforeBytes, ceilingBytes = 0, node, peakBytes} of plan.nodes) {
    if (peakBytes > Math.max(ceilingBytes, beforeBytes) || afterBytes > peakBytes) faults.push(`memory of ${node}`)
  }

  return faults
}

/** The cluster once all moves are done. */
function afterMoves(facts: PlacementFacts, plan: MovePlan): PlacementFacts {
  const to = new Map(plan.moves.map((move) => [move.vmid, move.to]))
  const change = new Map<string, number>()
  for (const {from, memoryBytes, to: target} of plan.moves) {
    change.set(from, (change.get(from) ?? 0) - memoryBytes)
    change.set(target, (change.get(target) ?? 0) + memoryBytes)
  }

  return {
    ...facts,
    guests: facts.guests.map((guest) => ({...guest, node: to.get(guest.vmid) ?? guest.node})),
    nodes: facts.nodes.map((node) =>
      node.memoryUsedBytes === undefined
        ? node
        : {...node, memoryUsedBytes: Math.max(0, node.memoryUsedBytes + (change.get(node.node) ?? 0))},
    ),
  }
}

/** Going home breaks no rule on the way, and nobody is forgotten. */
function returnFaults(
  facts: PlacementFacts,
  policy: PlacementPolicy,
  plan: MovePlan,
  parallel: number,
  seed: number,
): string[] {
  const now = afterMoves(facts, plan)
  const origins = plan.moves.map(({from, vmid}) => ({vmid, node: from}))
  const back = planReturn(now, origins, policy)
  const faults = playMoves(now, policy, back.moves, parallel, dice(seed + 2))
  for (const {to, vmid} of back.moves) {
    const guest = now.guests.find((one) => one.vmid === vmid)!
    if (facts.guests.find((one) => one.vmid === vmid)?.node !== to) faults.push(`${vmid} goes to ${to} instead of home`)
    faults.push(...staticFaults(guest, to, now, policy).map((fault) => `back: ${vmid}: ${fault}`))
  }

  const told = [...back.moves, ...back.blocked].map(({vmid}) => vmid).sort((a, b) => a - b)
  if (
    told.join() !==
    origins
      .map(({vmid}) => vmid)
      .sort((a, b) => a - b)
      .join()
  )
    faults.push('guests forgotten on the way back')
  return faults
}

/** Guests that are said to belong anywhere: nodes gain and lose at the same time, and the order counts. */
function shuffleFaults(facts: PlacementFacts, policy: PlacementPolicy, die: Dice): string[] {
  const origins = facts.guests
    .filter(() => die.chance(0.3))
    .slice(0, 40)
    .map(({vmid}) => ({vmid, node: die.pick(facts.nodes).node}))
  const plan = planReturn(facts, origins, policy)
  const faults = [
    ...playMoves(facts, policy, plan.moves, die.between(1, 4), die),
    ...tieFaults(facts, new Map(plan.moves.map(({to, vmid}) => [vmid, to]))),
  ]
  for (const {to, vmid} of plan.moves) {
    const guest = facts.guests.find((one) => one.vmid === vmid)!
    if (!mayLeave(guest, facts, policy)) faults.push(`${vmid} may not leave`)
    faults.push(...staticFaults(guest, to, facts, policy).map((fault) => `${vmid}: ${fault}`))
  }

  return faults.map((fault) => `shuffle: ${fault}`)
}

function rebalanceFaults(facts: PlacementFacts, policy: PlacementPolicy, parallel: number, seed: number): string[] {
  const plan = planRebalance(facts, {policy, maxMoves: 5})
  const faults = playMoves(facts, policy, plan.moves, parallel, dice(seed + 3))
  if (plan.moves.length > 5) faults.push('more moves than allowed')
  if (plan.imbalanceAfter > plan.imbalanceBefore) faults.push('worse than before')
  if (plan.moves.length > 0 && plan.imbalanceAfter > plan.imbalanceBefore - 0.0099 * plan.moves.length)
    faults.push('moves for nothing')
  for (const {to, vmid} of plan.moves) {
    const guest = facts.guests.find((one) => one.vmid === vmid)!
    if (!mayLeave(guest, facts, policy)) faults.push(`rebalance: ${vmid} may not leave`)
    faults.push(...staticFaults(guest, to, facts, policy).map((fault) => `rebalance: ${vmid}: ${fault}`))
  }

  faults.push(...tieFaults(facts, new Map(plan.moves.map(({to, vmid}) => [vmid, to]))))
  return faults.map((fault) => `rebalance: ${fault}`)
}
