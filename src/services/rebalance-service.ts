import {err, ok, type Result} from 'neverthrow'
import {withState, type DrainJournal, type DrainStep} from '../domain/drain-journal.js'
import {EXIT_CODES, failure, type Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import type {PlannedMove} from '../domain/move-plan.js'
import {takesMemory} from '../domain/placement-facts.js'
import {planRebalance, type RebalancePlan} from '../domain/rebalance-plan.js'
import {inOrder} from './in-order.js'
import {JournalKeeper, type JournalStore} from './journal-keeper.js'
import {JournalledMoves, type MoverParts} from './journalled-moves.js'
import type {Patience} from './patience.js'
import type {PlacementFactsService} from './placement-facts-service.js'

/** What a rebalance will do; see `RebalancePlan`. */
export interface Rebalance extends Omit<RebalancePlan, 'steps'> {
  /** No move would even the nodes out any further. */
  readonly balanced: boolean
}

/** What became of it. */
export interface Rebalanced extends Rebalance {
  readonly changed: boolean
}

export interface RebalanceParts extends MoverParts {
  readonly facts: Pick<PlacementFactsService, 'look'>
}

/** Nobody knows yet how these end: a partial success would hide that. */
const GRAVE: ReadonlySet<number> = new Set([
  EXIT_CODES['outcome-unknown'],
  EXIT_CODES.timeout,
  EXIT_CODES.interrupted,
  EXIT_CODES.terminated,
])

/** Evens out how full the nodes are. */
export class RebalanceService {
  constructor(private readonly parts: RebalanceParts) {}

  /**
   * The moves that help most; sends GET requests only.
   * @returns `refused` where there is one node only, `no-quorum` where nothing can be moved
   */
  async prepare(maxMoves: number): Promise<Result<Rebalance, Failure>> {
    const facts = await this.parts.facts.look((guest) => takesMemory(guest))
    if (facts.isErr()) return err(facts.error)
    const [first, ...others] = facts.value.nodes
    if (others.length === 0) {
      return err(
        failure('refused', `there is nowhere to move to: ${first?.node ?? 'this server'} is the only node`, {
          hint: 'See how full it is: homelab proxmox node list',
        }),
      )
    }

    const quorum = await this.parts.watch.quorum()
    if (quorum.isErr()) return err(quorum.error)
    const {imbalanceAfter, imbalanceBefore, moves, nodes} = planRebalance(facts.value, {
      maxMoves,
      policy: this.parts.policy,
    })
    return ok({
      balanced: moves.length === 0,
      imbalanceBefore: rounded(imbalanceBefore),
      imbalanceAfter: rounded(imbalanceAfter),
      moves,
      nodes,
    })
  }

  /**
   * Carries out a plan of `prepare`; everything is asked again before each move. After the first failure nothing new is begun, and what is under way is waited for.
   * @returns what failed; as `partial` where others have moved by then, unless nobody knows yet how it ends
   */
  async carryOut(plan: Rebalance, parallel: number, patience: Patience): Promise<Result<Rebalanced, Failure>> {
    const taken = JournalKeeper.take(inMemory(), {
      version: 1,
      node: '',
      run: '',
      begunAt: new Date(this.parts.timing.now()).toISOString(),
      phase: 'draining',
      blocked: 'leave',
      steps: plan.moves.map((move) => stepOf(move)),
    })
    if (taken.isErr()) return err(taken.error)
    const keeper = taken.value
    const moves = new JournalledMoves(this.parts, keeper, patience)
    const done = new Set<number>()
    let stopped: {readonly failed: Failure; readonly move: PlannedMove} | undefined
    await inOrder(
      plan.moves.map((move) => ({vmids: [move.vmid], after: move.after ?? [], move})),
      parallel,
      async ({move}) => {
        const moved = await moves.move({
          ...move,
          copies: move.copies !== undefined,
          begun: false,
          before: 'begun',
          undone: 'planned',
        })
        const noted = moved.andThen(() => keeper.change((journal) => withState(journal, move.vmid, 'done')))
        if (noted.isErr()) stopped ??= {failed: noted.error, move}
        else {
          // A guest that is gone takes nothing any more, and did not move.
          if (moved.isOk() && moved.value !== undefined) done.add(move.vmid)
          patience.onStep?.({
            text: `rebalance: ${done.size} of ${plan.moves.length}`,
            fraction: done.size / plan.moves.length,
          })
        }

        return noted.isOk()
      },
      () => stopped === undefined,
    )
    if (stopped !== undefined) return err(halted(stopped.failed, stopped.move, plan.moves, done))
    return ok({...plan, changed: done.size > 0, moves: plan.moves.filter(({vmid}) => done.has(vmid))})
  }
}

function halted(failed: Failure, at: PlannedMove, planned: readonly PlannedMove[], done: ReadonlySet<number>): Failure {
  const moved = planned.filter(({vmid}) => done.has(vmid))
  const told = moved.length === 0 ? 'no guest was moved' : `${moved.length} of ${planned.length} guests were moved`
  const partial = moved.length > 0 && !GRAVE.has(EXIT_CODES[failed.kind])
  return {
    ...failed,
    ...(partial && {kind: 'partial' as const}),
    message: `the rebalance stopped at ${guestLabel(at)}, ${told}: ${failed.message}`,
    hint: [
      ...(failed.hint === undefined ? [] : [failed.hint]),
      'Then plan anew from where the guests are: homelab proxmox rebalance --dry-run',
    ].join('. '),
    details: {
      ...failed.details,
      ...(partial && {cause: failed.kind}),
      moved: moved.map(({from, to, vmid}) => ({vmid, from, to})),
      left: planned.filter(({vmid}) => !done.has(vmid)).map(({from, to, vmid}) => ({vmid, from, to})),
    },
  }
}

function stepOf({manner, memoryBytes, name, to, type, vmid}: PlannedMove): DrainStep {
  return {
    action: 'move',
    vmid,
    ...(name !== undefined && {name}),
    type,
    to,
    manner,
    memoryBytes,
    state: 'planned',
  }
}

/** Nothing of a rebalance has to be taken back or gone on with: the next one plans from where the guests are. */
function inMemory(): JournalStore {
  let kept: DrainJournal | undefined
  return {
    read: () => ok(kept),
    write(journal) {
      kept = journal
      return ok(undefined)
    },
    remove() {
      kept = undefined
      return ok(undefined)
    },
  }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000
}
