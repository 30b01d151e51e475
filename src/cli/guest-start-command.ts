import {err, type Result} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import type {ConditionReport, WaitService, WaitWish} from '../services/wait-service.js'
import {GuestPowerCommand, powerFlags, type PowerFlags} from './guest-power-command.js'
import type {Services} from './services.js'
import {metConditions, waitForFlag, type WaitForFlagValues} from './wait-for-flag.js'
import {waitService} from './wiring/wait.js'

export const startFlags = {...powerFlags, ...waitForFlag}

interface StartFlags extends PowerFlags, WaitForFlagValues {}

/** What became of a guest that was started, and of what was waited for then. */
interface StartedGuest extends GuestChange {
  readonly conditions?: readonly ConditionReport[]
}

/** Starts guests, and waits until they are of use. */
export abstract class GuestStartCommand extends GuestPowerCommand<StartFlags> {
  // oclif collects inherited statics only up to the first class that has none of its own.
  static override args = GuestPowerCommand.args
  static override flags = startFlags

  protected readonly verb = 'start'
  protected readonly past = 'started'
  #waits: Promise<WaitService> | undefined

  /** What cannot come true is refused before anything is started. */
  protected override async examine(services: Services, guests: readonly Guest[], flags: StartFlags): Promise<void> {
    await super.examine(services, guests, flags)
    const wish = wishOf(flags)
    if (wish === undefined) return
    if (!flags.wait) this.fail(failure('usage', '--no-wait contradicts --wait-for', {hint: 'leave one of them out'}))
    const waits = await this.waits()
    await Promise.all(guests.map((guest) => this.unwrap(waits.check(guest, wish))))
  }

  protected override async act(
    services: Services,
    guest: Guest,
    flags: StartFlags,
    patience: Patience,
  ): Promise<Result<StartedGuest, Failure>> {
    const wish = wishOf(flags)
    const started = await super.act(services, guest, flags, patience)
    if (started.isErr() || wish === undefined) return started
    const waits = await this.waits()
    const report = await waits.wait({...guest, node: started.value.node}, wish, patience)
    if (report.isErr()) return err({...report.error, message: `started, but ${report.error.message}`})
    const {conditions, node, status} = report.value
    return report.map(() => ({...started.value, node, status, conditions}))
  }

  protected override sentence(changed: StartedGuest): string {
    const met = metConditions(changed.conditions ?? [])
    return `${super.sentence(changed)}${met === '' ? '' : `; ${met}`}`
  }

  /** One for all guests, because it bounds the requests at each node. */
  private waits(): Promise<WaitService> {
    this.#waits ??= this.use(waitService())
    return this.#waits
  }
}

function wishOf(flags: StartFlags): WaitWish | undefined {
  const conditions = flags['wait-for'] ?? []
  return conditions.length === 0 ? undefined : {conditions, any: false, startedByUs: true}
}
