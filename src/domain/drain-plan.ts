import {err, ok, type Result} from 'neverthrow'
import type {DrainStep, MoveStep} from './drain-journal.js'
import type {PlacementPolicy} from './guest-reach.js'
import {guestLabel, type Guest} from './guest.js'
import {
  planMoves,
  type BlockedGuest,
  type BlockedManner,
  type NodeMemoryPlan,
  type PlannedMove,
  type StayingGuest,
} from './move-plan.js'
import {planObstacles} from './plan-check.js'
import {takesMemory, type PlacementFacts} from './placement-facts.js'

/** A guest, for people and scripts. */
export type Who = Pick<Guest, 'name' | 'type' | 'vmid'>

/** What a plan keeps of a move; enough to carry it out later. */
export type DrainMove = Who &
  Pick<PlannedMove, 'from' | 'manner' | 'memoryBytes' | 'to' | 'with'> & {readonly copies?: true}

/** A plan that was saved, to be carried out as it is or not at all. */
export interface SavedDrainPlan {
  readonly node: string
  readonly moves: readonly DrainMove[]
  readonly shutdowns: readonly Who[]
}

/** What a drain will do. */
export interface DrainPlan extends SavedDrainPlan {
  /** It goes on with a drain that was cut off. */
  readonly resumed: boolean
  /** False: nothing may be done, for guests are blocked. */
  readonly possible: boolean
  readonly whenBlocked: BlockedManner
  readonly withStopped: boolean
  readonly blocked: readonly BlockedGuest[]
  readonly staying: readonly StayingGuest[]
  /** Guests that are away or shut down already, by an earlier run. */
  readonly away: readonly Who[]
  readonly nodes?: readonly NodeMemoryPlan[]
}

export type DrainManner = Pick<DrainPlan, 'whenBlocked' | 'withStopped'>

/** A plan, and the steps that it takes, those of earlier runs among them. */
export interface PlannedDrain {
  readonly plan: DrainPlan
  readonly steps: readonly DrainStep[]
}

/**
 * Goes on as planned where that is still possible, else plans anew for those that are still there.
 * @param kept steps of an earlier run, as `stepsToGoOnWith` has them
 */
export function planDrain(
  node: string,
  facts: PlacementFacts,
  kept: readonly DrainStep[],
  manner: DrainManner,
  policy: PlacementPolicy,
): PlannedDrain {
  const {whenBlocked, withStopped} = manner
  const open = kept.filter((step) => step.state === 'planned' || step.state === 'begun')
  const away = kept.filter((step) => !open.includes(step))
  // A container that was cut off between its stop and its start is one that runs.
  const halfway = new Set(
    open.flatMap((step) =>
      step.action === 'move' && step.state === 'begun' && step.manner === 'restart' ? [step.vmid] : [],
    ),
  )
  const guests = facts.guests.map((guest) =>
    halfway.has(guest.vmid) && guest.status === 'stopped' ? {...guest, status: 'running' as const} : guest,
  )
  const fresh = planMoves(
    {...facts, guests},
    {leaving: [node], policy, blocked: whenBlocked, stopped: withStopped ? 'move' : 'stay'},
  )
  const covered = new Set(open.map(({vmid}) => vmid))
  const moves = open.filter((step) => step.action === 'move')
  const here = guests.filter((guest) => guest.node === node && takesMemory(guest))
  const holds =
    open.length > 0 &&
    fresh.moves.every(({manner: how, vmid}) => how !== 'offline' || covered.has(vmid)) &&
    here.every(
      ({vmid}) => covered.has(vmid) || (whenBlocked === 'leave' && fresh.blocked.some((one) => one.vmid === vmid)),
    ) &&
    planObstacles({...facts, guests}, node, moves, policy).length === 0
  const arrived = moves.filter((step) => guests.some(({node: at, vmid}) => vmid === step.vmid && at !== node))
  const state = new Map(open.map((step) => [step.vmid, step.state]))
  const steps = holds
    ? open
    : [
        ...arrived,
        ...fresh.moves.map((move): MoveStep => ({...stepOf(move), state: state.get(move.vmid) ?? 'planned'})),
        ...fresh.shutdowns.map((guest): DrainStep => ({action: 'shutdown', ...whoOf(guest), state: 'planned'})),
      ]
  const shut = new Set(away.map(({vmid}) => vmid))
  return {
    steps: [...away, ...steps],
    plan: {
      node,
      resumed: false,
      possible: holds || fresh.possible,
      ...manner,
      moves: steps.flatMap((step) => (step.action === 'move' ? [moveOf(step, node)] : [])),
      shutdowns: steps.flatMap((step) => (step.action === 'shutdown' ? [whoOf(step)] : [])),
      blocked: fresh.blocked.filter(({vmid}) => !holds || !moves.some((step) => step.vmid === vmid)),
      staying: fresh.staying.filter(({vmid}) => !shut.has(vmid)),
      away: away.map((step) => whoOf(step)),
      nodes: fresh.nodes,
    },
  }
}

/**
 * A saved plan is carried out as it is: every running guest of the node is in it, and every move is still possible.
 * @param away steps of an earlier run
 * @returns what does not fit any more, a sentence each
 */
export function fitSavedPlan(
  saved: SavedDrainPlan,
  node: string,
  facts: PlacementFacts,
  away: readonly DrainStep[],
  manner: DrainManner,
  policy: PlacementPolicy,
): Result<PlannedDrain, readonly string[]> {
  const planned = new Set([...saved.moves, ...saved.shutdowns].map(({vmid}) => vmid))
  const known = new Map(facts.guests.map((guest) => [guest.vmid, guest]))
  const here = facts.guests.filter((guest) => guest.node === node && takesMemory(guest))
  const off = saved.moves.filter(({to, vmid}) => known.get(vmid)?.node !== node && known.get(vmid)?.node !== to)
  const problems = [
    ...(saved.node === node ? [] : [`it is a plan for ${saved.node}`]),
    ...(manner.whenBlocked === 'leave'
      ? []
      : here.filter(({vmid}) => !planned.has(vmid)).map((guest) => `${guestLabel(guest)} is not in it`)),
    ...off.map(
      (move) =>
        `${guestLabel(move)} is ${known.get(move.vmid) === undefined ? 'gone' : `on ${known.get(move.vmid)?.node}`}`,
    ),
    ...planObstacles(facts, node, saved.moves, policy),
  ]
  if (problems.length > 0) return err(problems)
  const moves = saved.moves.filter(({vmid}) => known.get(vmid)?.node === node)
  const shutdowns = saved.shutdowns.filter(({vmid}) => here.some((guest) => guest.vmid === vmid))
  return ok({
    steps: [
      ...away,
      ...moves.map((move): MoveStep => ({...stepOf(move), state: 'planned'})),
      ...shutdowns.map((guest): DrainStep => ({action: 'shutdown', ...whoOf(guest), state: 'planned'})),
    ],
    plan: {
      node,
      resumed: false,
      possible: true,
      ...manner,
      moves,
      shutdowns,
      blocked: [],
      staying: [],
      away: away.map((step) => whoOf(step)),
    },
  })
}

function stepOf({
  copies,
  manner,
  memoryBytes,
  to,
  with: company,
  ...move
}: DrainMove | PlannedMove): Omit<MoveStep, 'state'> {
  return {
    action: 'move',
    ...whoOf(move),
    to,
    manner,
    memoryBytes,
    ...(copies !== undefined && {copies: true}),
    ...(company !== undefined && {with: company}),
  }
}

function moveOf(step: MoveStep, from: string): DrainMove {
  const {copies, manner, memoryBytes, to, with: company} = step
  return {
    ...whoOf(step),
    from,
    to,
    manner,
    memoryBytes,
    ...(copies === true && {copies}),
    ...(company !== undefined && {with: company}),
  }
}

export function whoOf({name, type, vmid}: Who): Who {
  return {vmid, ...(name !== undefined && {name}), type}
}
