import {Args, Flags} from '@oclif/core'

import {EXIT_CODES} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import {fanOut} from '../services/fan-out.js'
import type {WaitReport, WaitWish} from '../services/wait-service.js'
import {addressWishFlags, wishFrom, type AddressWishFlags} from './address-flags.js'
import {BaseCommand} from './base-command.js'
import {durationFlag, selectorFlags, waitFlags} from './flags.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from './output/results.js'
import {conditionFlag, metConditions} from './wait-for-flag.js'
import {waitService} from './wiring/wait.js'

const DEFAULT_TIMEOUT_MS = 5 * 60 * 1000

interface GuestWaitFlags extends AddressWishFlags {
  readonly selector?: string[]
  readonly all: boolean
  readonly for: WaitCondition[]
  readonly any: boolean
  readonly timeout: number
  readonly 'poll-interval'?: number
}

/** Waits until something about guests is so. */
export abstract class GuestWaitCommand extends BaseCommand<Results<WaitReport> | WaitReport> {
  static override strict = false
  static override args = {name: Args.string({description: 'Names or VMIDs.', required: false})}
  static override flags = {
    for: conditionFlag({
      description:
        'What to wait for: running, stopped, lock-free, agent, ip4, ip6, tcp:PORT, http:[PORT]/PATH, https:[PORT]/PATH or a whole http(s) address, cloud-init. Repeat it for several.',
      required: true,
    }),
    any: Flags.boolean({description: 'One of the conditions is enough.', exclusive: ['all-conditions']}),
    'all-conditions': Flags.boolean({description: 'All conditions have to hold at the same time; the default.'}),
    ...selectorFlags,
    ...addressWishFlags,
    timeout: durationFlag({
      default: DEFAULT_TIMEOUT_MS,
      defaultHelp: async () => '5m',
      description: 'Give up after this time (exit 124).',
      env: 'HOMELAB_TIMEOUT',
      helpGroup: 'WAITING',
    }),
    'poll-interval': waitFlags['poll-interval'],
  }

  protected abstract readonly guestType: GuestType

  override async run(): Promise<Results<WaitReport> | WaitReport> {
    const parsed = await this.parse()
    const names = parsed.argv as string[]
    const flags = parsed.flags as unknown as GuestWaitFlags
    const addresses = wishFrom(flags)
    const services = await this.services()
    const guests = await this.unwrap(
      services.guests.select(this.guestType, {names, selectors: flags.selector ?? [], all: flags.all}),
    )
    const waits = await this.use(waitService(addresses))
    const patience = this.patience(flags)
    const wish: WaitWish = {conditions: flags.for, any: flags.any}
    this.progress.start(`wait for ${flags.for.map(({text}) => text).join(flags.any ? ' or ' : ', ')}`)

    if (names.length === 1 && !flags.all && (flags.selector ?? []).length === 0) {
      const report = await this.unwrap(waits.wait(guests[0] as Guest, wish, patience))
      return this.present(report, {text: sentence(report)})
    }

    // Those that come late must not wait for a place behind those that never come; the requests at each node are bounded by themselves.
    const done = await fanOut(
      guests,
      (guest) => guest.name ?? String(guest.vmid),
      (guest) => waits.wait(guest, wish, patience),
      {parallel: Math.max(1, guests.length), failFast: false, signal: this.signal},
    )
    const {stopped} = this.interruption
    const isStopped = stopped === 'interrupted' || stopped === 'terminated'
    this.endWith(isStopped ? EXIT_CODES[stopped] : exitCodeOfResults(done, guests.length))
    const lines = done.map((result) => (result.ok ? sentence(result.value) : failedText(result)))
    return this.present(resultsOf(done, guests.length), {text: lines.join('\n')})
  }
}

function sentence(report: WaitReport): string {
  return `${guestLabel(report)} on ${report.node}: ${metConditions(report.conditions)}, after ${report.waitedSeconds}s`
}
