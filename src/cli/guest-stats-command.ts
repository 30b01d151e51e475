import {Args, Flags} from '@oclif/core'

import {guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import {HISTORY_SPANS, type HistorySpan} from '../domain/guest-now.js'
import {fanOut} from '../services/fan-out.js'
import type {GuestStats} from '../services/stats-service.js'
import {BaseCommand} from './base-command.js'
import {listFlags, selectorFlags} from './flags.js'
import {globalFlags} from './global-flags.js'
import {statsColumns, statsText, type HistoryLook} from './output/guest-stats.js'
import {exitCodeOfResults, resultsOf, type Results} from './output/results.js'
import {isAsciiOnly} from './output/sparkline.js'
import {statsService} from './wiring/stats.js'

const WIDTH_ELSEWHERE = 80

interface GuestStatsFlags {
  readonly selector?: string[]
  readonly all: boolean
  readonly history: boolean
  readonly since?: HistorySpan
  readonly columns?: readonly string[]
}

/** What guests use now, and what they used lately. */
export abstract class GuestStatsCommand extends BaseCommand<GuestStats | Results<GuestStats>> {
  static override strict = false
  static override baseFlags = {...globalFlags, ...listFlags}
  static override args = {name: Args.string({description: 'Names or VMIDs.', required: false})}
  static override flags = {
    ...selectorFlags,
    history: Flags.boolean({description: 'Show the figures over time too; the last hour, unless --since says more.'}),
    since: Flags.option({options: HISTORY_SPANS})({
      description: 'How far the history goes back; implies --history.',
      helpValue: HISTORY_SPANS.join('|'),
    }),
  }

  protected abstract readonly guestType: GuestType

  override async run(): Promise<GuestStats | Results<GuestStats>> {
    const parsed = await this.parse()
    const names = parsed.argv as string[]
    const flags = parsed.flags as unknown as GuestStatsFlags
    const span = flags.since ?? (flags.history ? 'hour' : undefined)
    const services = await this.services()
    const guests = await this.unwrap(
      services.guests.select(this.guestType, {names, selectors: flags.selector ?? [], all: flags.all}),
    )
    const stats = await this.use(statsService)
    const {columns, ascii, width} = this.look(span)

    if (names.length === 1 && !flags.all && (flags.selector ?? []).length === 0) {
      const one = await this.unwrap(stats.read(guests[0] as Guest, span))
      return this.present(one, {
        columns,
        ...(flags.columns === undefined && {text: statsText(one, {ascii, width})}),
      })
    }

    const done = await fanOut(
      guests,
      (guest) => guest.name ?? String(guest.vmid),
      (guest) => stats.read(guest, span),
      // How many are asked at a time is bounded for each node.
      {parallel: Math.max(1, guests.length), failFast: false, signal: this.signal},
    )
    this.endWith(exitCodeOfResults(done, guests.length))
    if (this.format === 'table')
      for (const result of done) if (!result.ok) this.note(`${result.target}: ${result.error.message}`)
    const rows = done.flatMap((result) => (result.ok ? [result.value] : []))
    return this.present<Results<GuestStats>, GuestStats>(resultsOf(done, guests.length), {
      columns,
      rows,
      empty: `no ${guestNoun(this.guestType)}s found`,
    })
  }

  private look(span: HistorySpan | undefined): HistoryLook & {readonly columns: ReturnType<typeof statsColumns>} {
    const {env, stdout} = this.runtime
    const ascii = isAsciiOnly(env)
    const width = (stdout.isTTY ? stdout.columns : undefined) ?? WIDTH_ELSEWHERE
    return {ascii, width, columns: statsColumns(span !== undefined, ascii)}
  }
}
