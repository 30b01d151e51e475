import {Args} from '@oclif/core'
import type {Result} from 'neverthrow'
import {formatDuration} from '../domain/duration.js'
import {EXIT_CODES, failure, type Failure} from '../domain/failure.js'
import {guestLabel, guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import {nativeScript, type NativeLine} from '../domain/native-command.js'
import type {TaskReport} from '../domain/task.js'
import {fanOut, type TargetResult} from '../services/fan-out.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {BaseCommand} from './base-command.js'
import {confirmFlags, dryRunFlag, parallelFlags, selectorFlags, waitFlags, warningsFlag} from './flags.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from './output/results.js'
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
  readonly 'print-native'?: boolean
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
  /** Its turn, where not all are acted on at the same time; from 1 on. */
  readonly stage?: number
}

/** When a person is asked first: never, when guests were chosen by a selector or `--all`, or always. */
export type AskWhen = 'always' | 'never' | 'selection'

/** Guests that are acted on at the same time. */
export interface Stage<Change> {
  readonly guests: readonly Guest[]
  /** For people who want to know: `order 2`. */
  readonly title?: string
  /** How long the next stage waits once this one is done, in ms. */
  pauseMs?(done: readonly Change[]): number
}

/** What `--print-native` gives. */
export interface NativeScript {
  readonly commands: readonly NativeLine[]
}

type Outcome<Change> = Change | NativeScript | PlannedChange | PlannedChange[] | Results<Change & object>

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

  /** Undefined: VMs and containers alike. */
  protected abstract readonly guestType: GuestType | undefined
  /** `stop`, as in "stop 3 VMs". */
  protected abstract readonly verb: string
  /** `stopped`. */
  protected abstract readonly past: string
  protected readonly ask: AskWhen = 'never'
  /** Whether a selection takes templates in. */
  protected readonly withTemplates: boolean = false

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
      services.guests.select(this.guestType, {
        names,
        selectors: flags.selector ?? [],
        all: flags.all,
        templates: this.withTemplates,
      }),
    )
    const several = selection || names.length > 1
    if (guests.length === 0) this.note(this.noneFound())
    await this.examine(services, guests, flags)
    if (flags['print-native'] === true)
      return this.showNative(guests.flatMap((guest) => this.nativeLines(guest, flags)))
    if (flags['dry-run']) return this.showPlan(await this.stages(services, guests, flags), several, flags)
    await this.confirm(guests, flags, selection)

    if (!several) {
      const [guest] = guests
      const changed = await this.unwrap(this.act(services, guest as Guest, flags, this.patience(flags)))
      this.checkWarnings(flags, tasksOf([changed]), changed)
      return this.present(changed, {text: this.sentence(changed)})
    }

    return this.showResults(await this.actOnAll(services, guests, flags), guests.length, flags)
  }

  /** What has to be known of the guests before anything is planned, asked or sent. Sends GET requests only. */
  protected async examine(_services: Services, _guests: readonly Guest[], _flags: Flags): Promise<void> {}

  /** Said when nothing was chosen. */
  protected noneFound(): string {
    return `no ${guestNoun(this.guestType)}s found`
  }

  /** Who goes together and who after whom; all at the same time unless a verb knows better. */
  protected async stages(_services: Services, guests: readonly Guest[], _flags: Flags): Promise<Stage<Change>[]> {
    return [{guests}]
  }

  /** The same as lines of Proxmox VE's own tools, for verbs with `--print-native`. */
  protected nativeLines(_guest: Guest, _flags: Flags): NativeLine[] {
    return []
  }

  /** What a plan tells of one guest beside who it is, and in words. */
  protected planOf(guest: Guest, _flags: Flags): {readonly fields?: object; readonly text: string} {
    return {text: `would ${this.verb} ${guestLabel(guest)} on ${guest.node} (${guest.status})`}
  }

  /** One stage after the other, each of them a few guests at a time; the results are in the order of the guests. */
  private async actOnAll(services: Services, guests: readonly Guest[], flags: Flags): Promise<TargetResult<Change>[]> {
    const stages = await this.stages(services, guests, flags)
    const results = new Map<Guest, TargetResult<Change>>()
    const told = () => `${this.verb}: ${results.size} of ${guests.length}`
    this.progress.start(told())
    for (const [index, stage] of stages.entries()) {
      if (stages.length > 1 && stage.title !== undefined) this.detail(`${stage.title}: ${stage.guests.length}`)
      await fanOut(
        stage.guests,
        nameOf,
        async (guest) => {
          const result = await this.act(services, guest, flags, this.patience(flags))
          const target = nameOf(guest)
          results.set(
            guest,
            result.isOk() ? {target, ok: true, value: result.value} : {target, ok: false, error: result.error},
          )
          this.progress.update(told(), results.size / guests.length)
          return result
        },
        {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal},
      )
      const done = stage.guests.flatMap((guest) => results.get(guest) ?? [])
      if (this.signal.aborted || (flags['fail-fast'] && done.some(({ok}) => !ok))) break
      const changed = done.flatMap((result) => (result.ok ? [result.value] : []))
      const pause = index + 1 < stages.length ? (stage.pauseMs?.(changed) ?? 0) : 0
      if (pause > 0) await this.rest(services, pause)
    }

    return guests.flatMap((guest) => results.get(guest) ?? [])
  }

  private async rest(services: Services, milliseconds: number): Promise<void> {
    this.detail(`waiting ${formatDuration(milliseconds / 1000)} before the next ones`)
    await services.parts.timing.sleep(milliseconds, this.signal)
  }

  /** What became of each; after Ctrl-C also what goes on without us, with the exit code of an interruption. */
  private showResults(done: readonly TargetResult<Change>[], asked: number, flags: Flags): Results<Change & object> {
    const {stopped} = this.interruption
    const results = resultsOf(done, asked)
    if (stopped === 'interrupted' || stopped === 'terminated') {
      this.endWith(EXIT_CODES[stopped])
      const going = done.flatMap((result) => (result.ok ? [] : (result.error.upid ?? [])))
      const running = [...new Set([...going, ...this.interruption.running])]
      if (running.length > 0)
        this.note(`${stopped}; pick up what goes on with: homelab proxmox task wait ${running.join(' ')}`)
    } else {
      this.endWith(exitCodeOfResults(done, asked))
      this.checkWarnings(flags, tasksOf(done.flatMap((result) => (result.ok ? [result.value] : []))), results)
    }

    const {ok, failed, skipped} = results.summary
    const begun = done.flatMap((result) => (result.ok ? (result.value.upid ?? []) : []))
    if (begun.length > 0 && stopped === undefined)
      this.note(`what goes on can be waited for with: homelab proxmox task wait ${begun.join(' ')}`)
    return this.present(results, {
      text:
        asked === 0
          ? ''
          : [
              ...done.map((result) => (result.ok ? this.sentence(result.value) : failedText(result))),
              [
                ...(begun.length > 0 ? [`${begun.length} asked for and not waited for`] : []),
                `${ok - begun.length} ${this.past} or already so`,
                `${failed} failed`,
                ...(skipped === undefined ? [] : [`${skipped} not begun`]),
              ].join(', '),
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

  private showNative(lines: readonly NativeLine[]): NativeScript {
    return this.present({commands: lines}, {text: nativeScript(lines)})
  }

  /** In the order in which it would be done. */
  private showPlan(stages: readonly Stage<Change>[], several: boolean, flags: Flags): PlannedChange | PlannedChange[] {
    const plan: PlannedChange[] = []
    const lines: string[] = []
    for (const [index, stage] of stages.entries()) {
      const staged = stages.length > 1
      if (staged && stage.title !== undefined) lines.push(`${stage.title}:`)
      for (const guest of stage.guests) {
        const {fields, text} = this.planOf(guest, flags)
        const {vmid, name, type, node, status} = guest
        const who = {vmid, ...(name !== undefined && {name}), type, node, status}
        plan.push({dryRun: true, action: this.verb, ...who, ...(staged && {stage: index + 1}), ...fields})
        lines.push(text)
      }
    }

    const text = lines.join('\n')
    return several ? this.present(plan, {text}) : this.present(plan[0] as PlannedChange, {text})
  }

  /** Asks where something may be lost; comes back only when it may go on. */
  protected async confirm(guests: readonly Guest[], flags: Flags, selection: boolean): Promise<void> {
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

function nameOf({name, vmid}: Guest): string {
  return name ?? String(vmid)
}

function tasksOf(changes: readonly GuestChange[]): TaskReport[] {
  return changes.flatMap(({task}) => task ?? [])
}
