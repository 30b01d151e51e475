import {Args, type Interfaces} from '@oclif/core'
import {EXIT_CODES, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {fanOut} from '../services/fan-out.js'
import type {GuestChange} from '../services/guest-service.js'
import {GuestActionCommand, type GuestActionFlags} from './guest-action-command.js'
import {ok} from 'neverthrow'

type Values = Record<string, unknown>

/** What a verb would do to one guest, or why it does not. */
export interface PlanForGuest {
  readonly guest: Guest
  readonly refusal?: Failure
}

/** The words of a command line, taken apart. */
export interface SnapshotWords {
  readonly guests: readonly string[]
  readonly snapshots: readonly string[]
}

/** A verb on the snapshots of guests of both kinds: some words name guests, the others snapshots. What would be refused is known before anything is sent. */
export abstract class SnapshotActionCommand<
  Flags extends GuestActionFlags,
  Change extends GuestChange,
  Plan extends PlanForGuest,
> extends GuestActionCommand<Flags, Change> {
  static override args = {
    name: Args.string({description: 'Names or VMIDs of guests, and the snapshot.', required: false}),
  }

  protected readonly guestType = undefined
  protected snapshotWords: readonly string[] = []
  protected plans: ReadonlyMap<number, Plan> = new Map()

  /** @param selection guests were chosen by `-l` or `--all` */
  protected abstract split(words: readonly string[], selection: boolean, flags: Flags): SnapshotWords

  /** By GET requests alone. */
  protected abstract plan(guest: Guest, flags: Flags, several: boolean): PromiseLike<Plan>

  /** What would be done, for `--dry-run` and the question; of a guest that is not refused. */
  protected abstract tell(plan: Plan, flags: Flags): {readonly fields: object; readonly text: string}

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    const flags = parsed.flags as unknown as Flags
    const {guests, snapshots} = this.split(parsed.argv as string[], isSelection(flags), flags)
    this.snapshotWords = snapshots
    return {...parsed, argv: [...guests]}
  }

  protected override async examine(_services: unknown, guests: readonly Guest[], flags: Flags): Promise<void> {
    const several = guests.length > 1 || isSelection(flags)
    const planned = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      async (guest) => ok<Plan, Failure>(await this.plan(guest, flags, several)),
      {parallel: flags.parallel, failFast: false, signal: this.signal},
    )
    this.plans = new Map(planned.flatMap((result) => (result.ok ? [[Number(result.target), result.value]] : [])))
    const refused = [...this.plans.values()].flatMap(({refusal}) => refusal ?? [])
    const [first] = refused
    if (first !== undefined && !several) this.fail(first)
    if (flags['dry-run'] && first !== undefined) this.endWith(EXIT_CODES.partial)
  }

  protected planFor({vmid}: Guest): Plan {
    return this.plans.get(vmid) as Plan
  }

  protected override planOf(guest: Guest, flags: Flags): {readonly fields: object; readonly text: string} {
    const plan = this.planFor(guest)
    if (plan.refusal === undefined) return this.tell(plan, flags)
    const {hint, kind, message} = plan.refusal
    return {
      fields: {refused: {code: kind, message, ...(hint !== undefined && {hint})}},
      text: `would not ${this.verb} ${guestLabel(guest)}: ${message}`,
    }
  }

  /** What will happen, a line for each guest, before the question about it. */
  protected tellAll(guests: readonly Guest[], flags: Flags): void {
    for (const guest of guests) for (const line of this.planOf(guest, flags).text.split('\n')) this.note(`  ${line}`)
  }
}

export function isSelection({all, selector}: Pick<GuestActionFlags, 'all' | 'selector'>): boolean {
  return all || (selector ?? []).length > 0
}
