import {Args} from '@oclif/core'
import type {Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import type {TaskReport} from '../domain/task.js'
import {fanOut} from '../services/fan-out.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {BaseCommand} from './base-command.js'
import {confirmFlags, dryRunFlag, parallelFlags, selectorFlags, waitFlags, warningsFlag} from './flags.js'
import {exitCodeOfResults, resultsOf, type Results} from './output/results.js'
import type {Services} from './services.js'

export const guestActionFlags = {
  ...selectorFlags,
  ...waitFlags,
  ...confirmFlags,
  ...dryRunFlag,
  ...parallelFlags,
  ...warningsFlag,
}

export interface GuestActionFlags {
  readonly selector?: string[] | undefined
  readonly all: boolean
  readonly wait: boolean
  readonly timeout?: number | undefined
  readonly 'poll-interval'?: number | undefined
  readonly yes: boolean
  readonly 'dry-run': boolean
  readonly parallel: number
  readonly 'fail-fast': boolean
  readonly 'warnings-as-errors': boolean
}

interface PlannedChange {
  readonly dryRun: true
  readonly action: string
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly status: string
}

/** When a person is asked first: never, when guests were chosen by a selector or `--all`, or always. */
export type AskWhen = 'always' | 'never' | 'selection'

type Outcome<Change> = Change | PlannedChange | PlannedChange[] | Results<Change & object>

/**
 * A verb on one guest or on many: resolve, ask where something may be lost, act a few at a time, say what became of each.
 * `Flags` are those of the verb, beside `guestActionFlags`; `Change` is what it tells of one guest.
 */
export abstract class GuestActionCommand<
  Flags extends GuestActionFlags = GuestActionFlags,
  Change extends GuestChange = GuestChange,
> extends BaseCommand<Outcome<Change>> {
  static override strict = false
  static override args = {
    name: Args.string({description: 'Names or VMIDs.', required: false}),
  }

  protected abstract readonly guestType: GuestType
  /** `stop`, as in "stop 3 VMs". */
  protected abstract readonly verb: string
  /** `stopped`. */
  protected abstract readonly past: string
  protected readonly ask: AskWhen = 'never'

  protected abstract act(
    services: Services,
    guest: Guest,
    flags: Flags,
    patience: Patience,
  ): PromiseLike<Result<Change, Failure>>

  override async run(): Promise<Outcome<Change>> {
    const parsed = await this.parse()
    const names = parsed.argv as string[]
    const flags = parsed.flags as unknown as Flags
    const services = await this.services()
    const selection = flags.all || (flags.selector ?? []).length > 0
    const guests = await this.unwrap(
      services.guests.select(this.guestType, {names, selectors: flags.selector ?? [], all: flags.all}),
    )
    const several = selection || names.length > 1
    if (flags['dry-run']) return this.showPlan(guests, several)
    await this.confirm(guests, flags, selection)

    if (!several) {
      const [guest] = guests
      const changed = await this.unwrap(this.act(services, guest as Guest, flags, this.patience(flags)))
      this.checkWarnings(flags, tasksOf([changed]), changed)
      return this.present(changed, {text: this.sentence(changed)})
    }

    const done = await fanOut(
      guests,
      (guest) => guest.name ?? String(guest.vmid),
      (guest) => this.act(services, guest, flags, this.patience(flags)),
      {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal},
    )
    this.endWith(exitCodeOfResults(done, guests.length))
    const results = resultsOf(done, guests.length)
    this.checkWarnings(flags, tasksOf(done.flatMap((result) => (result.ok ? [result.value] : []))), results)
    return this.present(results, {
      text:
        guests.length === 0
          ? ''
          : [
              ...done.map((result) =>
                result.ok ? this.sentence(result.value) : `${result.target}: ${result.error.message}`,
              ),
              `${results.summary.ok} ${this.past} or already so, ${results.summary.failed} failed${results.summary.skipped === undefined ? '' : `, ${results.summary.skipped} not begun`}`,
            ].join('\n'),
    })
  }

  /** What became of one guest, for people. */
  protected sentence(changed: Change): string {
    const label = `${guestLabel(changed)} on ${changed.node}`
    if (!changed.changed) return `${label} is ${changed.status} already`
    if (changed.upid !== undefined) return changed.upid
    return `${label} ${this.past}${changed.task?.outcome === 'warnings' ? ` with warnings (${changed.task.exitStatus})` : ''}`
  }

  private showPlan(guests: readonly Guest[], several: boolean): PlannedChange | PlannedChange[] {
    const plan = guests.map(({vmid, name, type, node, status}): PlannedChange => ({
      dryRun: true,
      action: this.verb,
      vmid,
      ...(name !== undefined && {name}),
      type,
      node,
      status,
    }))
    const text = guests
      .map((guest) => `would ${this.verb} ${guestLabel(guest)} on ${guest.node} (${guest.status})`)
      .join('\n')
    return several ? this.present(plan, {text}) : this.present(plan[0] as PlannedChange, {text})
  }

  private async confirm(guests: readonly Guest[], flags: GuestActionFlags, selection: boolean): Promise<void> {
    if (flags.yes || guests.length === 0 || this.ask === 'never' || (this.ask === 'selection' && !selection)) return
    const [first] = guests
    const noun = guestNoun(this.guestType)
    const what = guests.length === 1 && first !== undefined ? guestLabel(first) : `${guests.length} ${noun}s`
    for (const guest of guests) this.note(`  ${guestLabel(guest)} on ${guest.node}, ${guest.status}`)
    const yes = await this.unwrap(
      this.prompt.confirm(`${this.verb[0]?.toUpperCase()}${this.verb.slice(1)} ${what}?`, '--yes'),
    )
    if (!yes) this.fail(failure('refused', `nothing was ${this.past}: the question was answered with no`))
  }
}

function tasksOf(changes: readonly GuestChange[]): TaskReport[] {
  return changes.flatMap(({task}) => task ?? [])
}
