import {Args, Flags, type Interfaces} from '@oclif/core'
import {backupText, checkedTasks} from './output/backup-made.js'
import {BACKUP_TIMEOUT_MS, backupTimeoutFlag, backupWish, backupWishFlags} from './backup-run-flags.js'
import {BaseCommand} from './base-command.js'
import {dryRunFlag, parallelFlags, selectorFlags, waitFlags, warningsFlag} from './flags.js'
import type {FlagValues} from './list-command.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from './output/results.js'
import {backupRunService} from './wiring/backup.js'
import {EXIT_CODES} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {BackupWish} from '../services/backup-dispatch.js'
import type {BackupMade} from '../services/backup-proof.js'
import type {BackupBegun} from '../services/backup-run-service.js'
import {fanOut, type TargetResult} from '../services/fan-out.js'

type Made = BackupBegun | BackupMade
type Planned = {readonly dryRun: true; readonly vmid: number; readonly name?: string; readonly node: string} & object

export const backupRunFlags = {
  ...selectorFlags,
  pool: Flags.string({description: 'Choose the guests of this pool.', helpValue: 'POOL'}),
  ...backupWishFlags,
  ...waitFlags,
  ...backupTimeoutFlag,
  ...dryRunFlag,
  ...parallelFlags,
  ...warningsFlag,
}

export type RunFlags = FlagValues<typeof backupRunFlags>

export interface ChosenBackups {
  readonly guests: readonly Guest[]
  readonly wish: BackupWish
  /** Whether the answer is about several guests, even if it is one today. */
  readonly several: boolean
  /** What is saved, for the progress of one backup. */
  readonly title: string
}

/** Backs up guests of both kinds, chosen by name, selector, pool, or all. */
export abstract class BackupRunCommand extends BaseCommand<Made | Results<Made | Planned> | Planned> {
  static override strict = false
  static override args: Interfaces.ArgInput = {guest: Args.string({description: 'Names or VMIDs.', required: false})}
  static override flags: Interfaces.FlagInput = backupRunFlags

  async run(): Promise<Made | Results<Made | Planned> | Planned> {
    const {argv, flags: parsed} = await this.parse()
    const flags = parsed as unknown as RunFlags
    const {guests, several, title, wish} = await this.choose(argv as string[], flags)
    if (flags['dry-run']) return this.plan(guests, wish, several, flags.parallel)

    const service = await this.use(backupRunService)
    let done = 0
    const told = (): string => (several ? `backup: ${done} of ${guests.length}` : `backup of ${title}`)
    this.progress.start(told())
    const results = await service.runAll(
      guests,
      wish,
      () => this.patience({...flags, timeout: flags.timeout ?? BACKUP_TIMEOUT_MS}),
      {
        wait: flags.wait,
        parallel: flags.parallel,
        failFast: flags['fail-fast'],
        onBusy: (guest, upids) =>
          this.note(`${guest.node} is busy with another backup; ${guestLabel(guest)} waits for ${upids.join(', ')}`),
        onDone: () => {
          done++
          this.progress.update(told(), done / guests.length)
        },
      },
    )
    return this.show(results, guests.length, several, flags)
  }

  /** Which guests, and how to back them up. */
  protected async choose(names: readonly string[], flags: RunFlags): Promise<ChosenBackups> {
    const wish = this.unwrap(backupWish(flags))
    const selectors = [...(flags.selector ?? []), ...(flags.pool === undefined ? [] : [`pool=${flags.pool}`])]
    const {guests: finder} = await this.services()
    const guests = await this.unwrap(finder.select(undefined, {names, selectors, all: flags.all}))
    const several = flags.all || selectors.length > 0 || names.length > 1
    return {guests, wish, several, title: names[0] ?? ''}
  }

  private async show(
    results: readonly TargetResult<Made>[],
    asked: number,
    several: boolean,
    flags: {readonly wait: boolean; readonly 'warnings-as-errors': boolean},
  ): Promise<Made | Results<Made>> {
    const made = results.flatMap((result) => (result.ok ? [result.value] : []))
    for (const one of made) for (const text of 'warnings' in one ? (one.warnings ?? []) : []) await this.warning(text)
    const [first] = results
    if (!several && first !== undefined) {
      if (!first.ok) this.fail(first.error)
      this.checkWarnings(flags, checkedTasks(made), first.value)
      return this.present(first.value, {text: backupText(first.value)})
    }

    if (asked === 0) this.note('no guests found')
    const document = resultsOf(results, asked)
    const {stopped} = this.interruption
    this.endWith(
      stopped === 'interrupted' || stopped === 'terminated' ? EXIT_CODES[stopped] : exitCodeOfResults(results, asked),
    )
    if (stopped === undefined) this.checkWarnings(flags, checkedTasks(made), document)
    const {failed, ok, skipped} = document.summary
    const lines = results.map((result) => (result.ok ? backupText(result.value) : failedText(result)))
    lines.push(
      `${ok} ${flags.wait ? 'backed up' : 'begun'}, ${failed} failed${skipped === undefined ? '' : `, ${skipped} not begun`}`,
    )
    return this.present(document, {text: asked === 0 ? '' : lines.join('\n')})
  }

  private async plan(
    guests: readonly Guest[],
    wish: BackupWish,
    several: boolean,
    parallel: number,
  ): Promise<Planned | Results<Planned>> {
    const service = await this.use(backupRunService)
    const planned = await fanOut(
      guests,
      ({name, vmid}) => name ?? String(vmid),
      async (guest) =>
        (await service.plan(guest, wish)).map(({guest: {name, node, type, vmid}, ...rest}): Planned => {
          const who = {vmid, ...(name !== undefined && {name}), type, node}
          return {dryRun: true, ...who, ...rest}
        }),
      {parallel, failFast: false, signal: this.signal},
    )
    const lines = planned.map((result) =>
      result.ok
        ? `would back up ${result.target} on ${result.value.node} to ${String((result.value as {storage?: string}).storage)}`
        : `would not back up ${result.target}: ${result.error.message}`,
    )
    const [first] = planned
    if (!several && first !== undefined) {
      if (!first.ok) this.fail(first.error)
      return this.present(first.value, {text: lines.join('\n')})
    }

    this.endWith(exitCodeOfResults(planned, guests.length))
    return this.present(resultsOf(planned, guests.length), {text: lines.join('\n')})
  }
}
