import {err, ok, type Result} from 'neverthrow'
import {
  originsOf,
  stepsToGoOnWith,
  withoutStep,
  withState,
  type DrainJournal,
  type MoveStep,
} from '../domain/drain-journal.js'
import {
  fitSavedPlan,
  planDrain,
  whoOf,
  type DrainManner,
  type DrainPlan,
  type PlannedDrain,
  type SavedDrainPlan,
  type Who,
} from '../domain/drain-plan.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel} from '../domain/guest.js'
import {blockedText, type BlockedManner} from '../domain/move-plan.js'
import {memoryLoad, takesMemory} from '../domain/placement-facts.js'
import {inOrder} from './in-order.js'
import {JournalKeeper, type JournalStore} from './journal-keeper.js'
import {JournalledMoves, type MoverParts} from './journalled-moves.js'
import type {Patience} from './patience.js'
import type {PlacementFactsService} from './placement-facts-service.js'

export interface DrainOptions {
  /** What to do with running guests that cannot move; as the journal says where a drain is gone on with, else `fail`. */
  readonly blocked?: BlockedManner
  /** Moves guests that are stopped, too; as the journal says where a drain is gone on with, else not. */
  readonly withStopped?: boolean
  readonly plan?: SavedDrainPlan
}

/** What became of it. */
export interface Drained {
  readonly node: string
  readonly changed: boolean
  /** No guest runs there any more. */
  readonly empty: boolean
  /** All that left, in earlier runs too. */
  readonly moved: readonly (Who & {readonly to: string})[]
  readonly shutDown: readonly Who[]
  /** Running guests that stay, for they cannot move. */
  readonly left: readonly Who[]
}

export interface DrainParts extends MoverParts {
  readonly facts: Pick<PlacementFactsService, 'look'>
  readonly journals: (node: string) => JournalStore
  /** Somebody has asked for this very memory ceiling. */
  readonly ceilingGiven?: boolean
  /** A word for this process. */
  readonly run: string
}

interface Prepared extends PlannedDrain {
  readonly begunAt?: string
  readonly memoryBytes: number
}

/** Empties nodes for maintenance: plans first, writes down what it does, and goes on where it was cut off. */
export class DrainService {
  readonly #prepared = new WeakMap<DrainPlan, Prepared>()

  constructor(private readonly parts: DrainParts) {}

  /** What would be done; sends GET requests only. Waits for guests that an earlier run has set in motion. */
  async prepare(node: string, options: DrainOptions, patience: Patience): Promise<Result<DrainPlan, Failure>> {
    const ready = await this.parts.watch.ready(node)
    if (ready.isErr()) return err(ready.error)
    const read = this.parts.journals(node).read()
    if (read.isErr()) return err(read.error)
    const journal = read.value
    const begun = (journal?.steps ?? []).filter(({state}) => state === 'begun' || state === 'returning')
    const look = await this.parts.watch.settled(new Set(begun.map(({vmid}) => vmid)), patience)
    if (look.isErr()) return err(look.error)
    const facts = await this.parts.facts.look((guest) => guest.node === node)
    if (facts.isErr()) return err(facts.error)
    const kept = journal === undefined ? [] : stepsToGoOnWith(journal, facts.value.guests)
    const open = kept.filter((step) => step.state === 'planned' || step.state === 'begun')
    const resumed = open.length > 0
    if (resumed && options.plan !== undefined) {
      return err(
        failure('conflict', `a drain of ${node} was cut off, and has a plan of its own`, {
          hint: `Go on with that: homelab proxmox node drain ${node} (without --plan)`,
        }),
      )
    }

    const {blocked, withStopped} = resumed && journal !== undefined ? journal : {}
    const manner: DrainManner = {
      whenBlocked: options.blocked ?? blocked ?? 'fail',
      withStopped: options.withStopped ?? withStopped ?? false,
    }
    const prepared = (
      options.plan === undefined
        ? ok(undefined)
        : fitSavedPlan(options.plan, node, facts.value, kept, manner, this.parts.policy).mapErr((problems) =>
            unfit(node, problems),
          )
    ).map((saved) => saved ?? planDrain(node, facts.value, kept, manner, this.parts.policy))
    return prepared.map(({plan, steps}) => {
      const whole = {...plan, resumed}
      const there = facts.value.nodes.find((one) => one.node === node) ?? {node}
      this.#prepared.set(whole, {
        plan: whole,
        steps,
        memoryBytes: Math.max(journal?.memoryBytes ?? 0, memoryLoad(there, facts.value.guests)),
        ...(journal !== undefined && {begunAt: journal.begunAt}),
      })
      return whole
    })
  }

  /** Carries out a plan of `prepare`. Stops at the first thing that is not as planned, once what is under way has ended; the journal keeps the rest. */
  async carryOut(plan: DrainPlan, parallel: number, patience: Patience): Promise<Result<Drained, Failure>> {
    const {node} = plan
    if (!plan.possible) return err(blockedFailure(plan))
    const {
      begunAt = new Date(this.parts.timing.now()).toISOString(),
      memoryBytes,
      steps = [],
    } = this.#prepared.get(plan) ?? {}
    const open = steps.filter((step) => step.state === 'planned' || step.state === 'begun')
    if (steps.length === 0) return this.finish(plan, undefined, false)
    const taken = JournalKeeper.take(this.parts.journals(node), {
      version: 1,
      node,
      run: this.parts.run,
      begunAt,
      phase: 'draining',
      blocked: plan.whenBlocked,
      ...(plan.withStopped && {withStopped: true}),
      steps,
      ...(memoryBytes !== undefined && {memoryBytes}),
    })
    if (taken.isErr()) return err(taken.error)
    const keeper = taken.value
    const moves = new JournalledMoves(this.parts, keeper, patience)
    let stopped: Failure | undefined
    const act = async (work: () => Promise<Result<void, Failure>>): Promise<boolean> => {
      const done = await work()
      if (done.isErr()) stopped ??= done.error
      return done.isOk()
    }

    const mayBegin = () => stopped === undefined
    const going = open.filter((step) => step.action === 'move')
    await inOrder(
      unitsOf(going),
      parallel,
      (unit) => act(() => this.moveAll(unit.steps, node, keeper, moves, () => tell(keeper, going, patience))),
      mayBegin,
    )
    await inOrder(
      open.filter((step) => step.action === 'shutdown').map((step) => ({vmids: [step.vmid], after: [], step})),
      parallel,
      ({step}) =>
        act(async () => {
          const done = await moves.power('shutdown', step, node, 'begun')
          return done.andThen(() => keeper.change((journal) => withState(journal, step.vmid, 'done')))
        }),
      mayBegin,
    )
    return stopped === undefined ? this.finish(plan, keeper, open.length > 0) : err(halted(stopped, keeper.journal))
  }

  private async moveAll(
    steps: readonly MoveStep[],
    from: string,
    keeper: JournalKeeper,
    moves: JournalledMoves,
    tellProgress: () => void,
  ): Promise<Result<void, Failure>> {
    for (const step of steps) {
      const begun = step.state === 'begun'
      const wish = {...step, from, copies: step.copies === true, begun, before: 'begun', undone: 'planned'} as const
      const moved = await moves.move(wish)
      const noted = moved.andThen((where) =>
        keeper.change((journal) =>
          where === undefined ? withoutStep(journal, step.vmid) : withState(journal, step.vmid, 'done'),
        ),
      )
      if (noted.isErr()) return noted
      tellProgress()
    }

    return ok(undefined)
  }

  /** Success is what is so: no guest runs there but those that were to stay. */
  private async finish(
    plan: DrainPlan,
    keeper: JournalKeeper | undefined,
    changed: boolean,
  ): Promise<Result<Drained, Failure>> {
    const {node} = plan
    const look = await this.parts.watch.settled(new Set(), NO_WAIT)
    if (look.isErr()) return err(look.error)
    const expected = new Set(plan.blocked.map(({vmid}) => vmid))
    const here = look.value.guests.filter((guest) => guest.node === node && takesMemory(guest))
    const shut = new Set(
      (keeper?.journal.steps ?? []).filter(({action}) => action === 'shutdown').map(({vmid}) => vmid),
    )
    // The list of guests is some seconds old; what was just shut down is known better.
    const late = here.filter(({vmid}) => !expected.has(vmid) && !shut.has(vmid))
    if (late.length > 0) {
      return err(
        failure(
          'refused',
          `${node} is not empty: meanwhile came ${late.map((guest) => guestLabel(guest)).join(', ')}`,
          {
            hint: `Go on: homelab proxmox node drain ${node}`,
            details: {node, guests: late.map(({vmid}) => vmid)},
          },
        ),
      )
    }

    const left = here.filter(({vmid}) => !shut.has(vmid))
    const noted =
      keeper?.change((journal) => ({...journal, phase: 'drained', left: left.map(({vmid}) => vmid)})) ?? ok(undefined)
    const steps = keeper?.journal.steps ?? []
    return noted.map(() => ({
      node,
      changed,
      empty: left.length === 0,
      moved: steps.flatMap((step) => (step.action === 'move' ? [{...whoOf(step), to: step.to}] : [])),
      shutDown: steps.filter(({action}) => action === 'shutdown').map((step) => whoOf(step)),
      left: left.map((guest) => whoOf(guest)),
    }))
  }
}

const NO_WAIT: Patience = {deadline: 0}

/** Guests that HA keeps together go one after the other: the first one takes the others along. */
function unitsOf(steps: readonly MoveStep[]) {
  const units: {vmids: number[]; after: readonly number[]; steps: MoveStep[]}[] = []
  for (const step of steps) {
    const unit = units.find(({vmids}) => vmids.some((vmid) => step.with?.includes(vmid)))
    if (unit === undefined) units.push({vmids: [step.vmid], after: [], steps: [step]})
    else {
      unit.vmids.push(step.vmid)
      unit.steps.push(step)
    }
  }

  return units
}

function unfit(node: string, problems: readonly string[]): Failure {
  return failure('refused', `the plan does not fit any more: ${problems.join('; ')}`, {
    hint: `Make another one: homelab proxmox node drain ${node} --dry-run --plan FILE`,
    details: {node, problems},
  })
}

function blockedFailure({blocked, node, shutdowns, whenBlocked}: DrainPlan): Failure {
  const shut = new Set(shutdowns.map(({vmid}) => vmid))
  const grave = blocked.filter(({running, vmid}) => running && !shut.has(vmid))
  const ways = [...(whenBlocked === 'fail' ? ['--blocked shutdown (started again on return)'] : []), '--blocked leave']
  return failure(
    'refused',
    `nothing was moved: ${grave.length} of the guests of ${node} cannot leave it: ${blockedText(grave)}`,
    {
      hint: [
        `Put that right, or say what to do with them: ${ways.join(', ')}`,
        ...(grave.some(({ha}) => ha === true)
          ? [`HA takes its guests away by itself after: homelab proxmox node maintenance on ${node}`]
          : []),
      ].join('. '),
      details: {node, blocked: grave.map(({reason, vmid}) => ({vmid, reason}))},
    },
  )
}

function tell({journal}: JournalKeeper, going: readonly MoveStep[], patience: Patience): void {
  const vmids = new Set(going.map(({vmid}) => vmid))
  const done = journal.steps.filter(({state, vmid}) => state === 'done' && vmids.has(vmid)).length
  patience.onStep?.({text: `drain of ${journal.node}: ${done} of ${going.length}`, fraction: done / going.length})
}

function counted(guests: number): string {
  return guests === 1 ? '1 guest' : `${guests} guests`
}

/** What a failure in the middle leaves, and the two ways from there. */
export function halted(failed: Failure, journal: DrainJournal): Failure {
  const away = originsOf(journal).length
  const moving = journal.steps.filter(({state}) => state === 'begun').length
  const open = journal.steps.length - away
  const {node} = journal
  const underWay = moving === 0 ? '' : `, ${moving} perhaps under way`
  return {
    ...failed,
    message: `the drain of ${node} stopped with ${counted(away - moving)} away${underWay}, ${open} not begun: ${failed.message}`,
    hint: [
      ...(failed.hint === undefined ? [] : [failed.hint]),
      `Then go on: homelab proxmox node drain ${node} - or bring all home: homelab proxmox node return ${node}`,
    ].join('. '),
    details: {
      ...failed.details,
      drain: {node, away, open},
    },
  }
}
