import {err, ok, type Result} from 'neverthrow'
import {originsOf, withoutStep, type DrainJournal} from '../domain/drain-journal.js'
import {exitCodeOf, failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {PlacementPolicy} from '../domain/guest-reach.js'
import type {BlockedGuest, PlannedMove} from '../domain/move-plan.js'
import {fullAgain, type PlacementFacts} from '../domain/placement-facts.js'
import {planReturn, type PlannedStart, type ReturnPlan} from '../domain/return-plan.js'
import type {DrainParts} from './drain-service.js'
import {inOrder} from './in-order.js'
import {JournalKeeper} from './journal-keeper.js'
import {JournalledMoves} from './journalled-moves.js'
import type {Patience} from './patience.js'

type Who = Pick<Guest, 'name' | 'type' | 'vmid'>

/** How the guests of a node come home again. */
export interface HomePlan {
  readonly node: string
  /** False: no drain of this node is on record. */
  readonly known: boolean
  readonly moves: readonly PlannedMove[]
  readonly starts: readonly PlannedStart[]
  readonly blocked: readonly BlockedGuest[]
  /** VMIDs of guests that are where they belong. */
  readonly home: readonly number[]
  /** VMIDs of guests that are gone. */
  readonly gone: readonly number[]
}

export interface ReturnFailure extends Who {
  readonly error: Failure
}

export interface Returned {
  readonly node: string
  readonly changed: boolean
  /** Nothing is left to bring home; the record of the drain is removed. */
  readonly complete: boolean
  readonly moved: readonly (Who & {readonly from: string})[]
  readonly started: readonly Who[]
  readonly blocked: readonly BlockedGuest[]
  readonly failed: readonly ReturnFailure[]
  readonly gone: readonly number[]
}

/** Brings home what a drain sent away, and starts what it shut down. */
export class ReturnService {
  readonly #policies = new WeakMap<HomePlan, PlacementPolicy>()

  constructor(private readonly parts: DrainParts) {}

  /** What would be done; sends GET requests only. Waits for guests that an earlier run has set in motion. */
  async prepare(node: string, patience: Patience): Promise<Result<HomePlan, Failure>> {
    const read = this.parts.journals(node).read()
    if (read.isErr()) return err(read.error)
    const ready = await this.parts.watch.ready(node)
    // Where there is nothing to bring home, it does not matter whether it could be.
    if (ready.isErr() && (read.value !== undefined || exitCodeOf(ready.error) !== EXIT_REFUSED)) return err(ready.error)
    const journal = read.value
    if (journal === undefined) {
      return ok({node, known: false, moves: [], starts: [], blocked: [], home: [], gone: []})
    }

    const origins = originsOf(journal)
    const vmids = new Set(origins.map(({vmid}) => vmid))
    const look = await this.parts.watch.settled(vmids, patience)
    if (look.isErr()) return err(look.error)
    const facts = await this.parts.facts.look(({vmid}) => vmids.has(vmid))
    return facts.map((known) => {
      const policy = this.policyFor(journal, known)
      const plan = planOf(node, planReturn(known, origins, policy))
      this.#policies.set(plan, policy)
      return plan
    })
  }

  /** The node may be as full as it was before it was drained, unless somebody says otherwise. */
  private policyFor({memoryBytes = 0, node}: DrainJournal, facts: PlacementFacts): PlacementPolicy {
    const {ceilingGiven, policy} = this.parts
    if (ceilingGiven === true) return policy
    return {...policy, memoryCeiling: Math.max(policy.memoryCeiling, fullAgain(node, memoryBytes, facts))}
  }

  /** Does what it can; the journal keeps what is left of it. Without quorum, or when it cannot be known where a guest is, nothing more is begun. */
  async carryOut(plan: HomePlan, parallel: number, patience: Patience): Promise<Result<Returned, Failure>> {
    const store = this.parts.journals(plan.node)
    const read = store.read()
    if (read.isErr()) return err(read.error)
    const outcome = {moved: [] as (Who & {from: string})[], started: [] as Who[], failed: [] as ReturnFailure[]}
    if (read.value === undefined) return ok(resultOf(plan, outcome))
    const taken = JournalKeeper.take(store, afterLook(read.value, plan, this.parts.run))
    if (taken.isErr()) return err(taken.error)
    const keeper = taken.value
    const moves = new JournalledMoves(
      {...this.parts, policy: this.#policies.get(plan) ?? this.parts.policy},
      keeper,
      patience,
    )
    let stopped: Failure | undefined
    const act = async (who: Who, work: () => Promise<Result<void, Failure>>): Promise<boolean> => {
      const done = await work()
      if (done.isOk()) return true
      outcome.failed.push({...whoOf(who), error: done.error})
      if (endsAll(done.error)) stopped ??= done.error
      return false
    }

    const mayBegin = () => stopped === undefined
    const states = new Map(read.value.steps.map(({state, vmid}) => [vmid, state]))
    await inOrder(
      plan.moves.map((move) => ({vmids: [move.vmid], after: move.after ?? [], move})),
      parallel,
      ({move}) =>
        act(move, async () => {
          const begun = states.get(move.vmid) !== 'done'
          const wish = {...move, copies: move.copies !== undefined, begun, before: 'returning', undone: 'done'} as const
          const moved = await moves.move(wish)
          if (moved.isErr()) return err(moved.error)
          if (moved.value !== undefined && moved.value !== plan.node) return err(elsewhere(move, moved.value))
          outcome.moved.push({...whoOf(move), from: move.from})
          const all = plan.moves.length
          patience.onStep?.({
            text: `return to ${plan.node}: ${outcome.moved.length} of ${all}`,
            fraction: outcome.moved.length / all,
          })
          if (plan.starts.some(({vmid}) => vmid === move.vmid)) return ok(undefined)
          return keeper.change((journal) => withoutStep(journal, move.vmid))
        }),
      mayBegin,
    )
    const stranded = new Set(outcome.failed.map(({vmid}) => vmid))
    await inOrder(
      plan.starts.filter(({vmid}) => !stranded.has(vmid)).map((start) => ({vmids: [start.vmid], after: [], start})),
      parallel,
      ({start}) =>
        act(start, async () => {
          const done = await moves.power('start', start, start.node, 'returning')
          if (done.isErr()) return done
          outcome.started.push(whoOf(start))
          return keeper.change((journal) => withoutStep(journal, start.vmid))
        }),
      mayBegin,
    )
    if (stopped !== undefined) return err(halted(stopped, keeper.journal))
    const result = resultOf(plan, outcome)
    if (!result.complete) return ok(result)
    return keeper.remove().map(() => result)
  }
}

const EXIT_REFUSED = exitCodeOf(failure('refused', ''))

/** Quorum, an outcome that nobody knows, and what is about us and not about one guest. */
function endsAll(failed: Failure): boolean {
  return failed.kind === 'no-quorum' || exitCodeOf(failed) !== EXIT_REFUSED
}

/** What is home, gone, or was never begun needs no journal. */
function afterLook(journal: DrainJournal, plan: HomePlan, run: string): DrainJournal {
  const over = new Set([...plan.home, ...plan.gone])
  return {
    ...journal,
    run,
    phase: 'returning',
    steps: journal.steps.filter(({state, vmid}) => state !== 'planned' && !over.has(vmid)),
  }
}

function planOf(node: string, {blocked, gone, home, moves, starts}: ReturnPlan): HomePlan {
  return {node, known: true, moves, starts, blocked, home, gone}
}

function resultOf(
  {blocked, gone, node}: HomePlan,
  {failed, moved, started}: Pick<Returned, 'failed' | 'moved' | 'started'>,
): Returned {
  return {
    node,
    changed: moved.length + started.length > 0,
    complete: blocked.length + failed.length === 0,
    moved,
    started,
    blocked,
    failed,
    gone,
  }
}

function elsewhere(move: PlannedMove, node: string): Failure {
  return failure('refused', `${guestLabel(move)} is on ${node}, not at home on ${move.to}`, {
    details: {vmid: move.vmid, node},
  })
}

function halted(failed: Failure, {node, steps}: DrainJournal): Failure {
  return {
    ...failed,
    message: `the return to ${node} stopped with ${steps.length} guests not at home: ${failed.message}`,
    hint: [...(failed.hint === undefined ? [] : [failed.hint]), `Then go on: homelab proxmox node return ${node}`].join(
      '. ',
    ),
    details: {...failed.details, return: {node, open: steps.length}},
  }
}

function whoOf({name, type, vmid}: Who): Who {
  return {vmid, ...(name !== undefined && {name}), type}
}
