import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {guestCommand, type NativeLine, type NativeOptions} from '../domain/native-command.js'
import {startupGroups, type StartupDirection} from '../domain/startup-order.js'
import {fanOut, type TargetResult} from '../services/fan-out.js'
import {changeOf, type GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import type {PowerOptions, PowerPlan, PowerVerb} from '../services/power-service.js'
import {nativeFlag} from './flags.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags, type Stage} from './guest-action-command.js'
import {exitCodeOfResults} from './output/results.js'
import type {Services} from './services.js'
import {powerService} from './wiring/power.js'

export const restartFlags = {...guestActionFlags, ...nativeFlag}

export const powerFlags = {
  ...restartFlags,
  order: Flags.boolean({
    allowNo: true,
    default: true,
    description: 'Of several, keep to their startup order; --no-order takes all at the same time.',
  }),
}

export interface PowerFlags extends GuestActionFlags {
  readonly order?: boolean
}

/** The verbs that keep to the startup order. */
const DIRECTIONS: Partial<Readonly<Record<PowerVerb, StartupDirection>>> = {
  start: 'start',
  shutdown: 'stop',
  stop: 'stop',
  suspend: 'stop',
  resume: 'start',
}

/** start, stop and the like: a state that is reached already is success. */
export abstract class GuestPowerCommand<Flags extends PowerFlags = PowerFlags> extends GuestActionCommand<Flags> {
  // oclif collects inherited statics only up to the first class that has none of its own.
  static override args = GuestActionCommand.args

  protected abstract override readonly verb: PowerVerb

  readonly #plans = new Map<number, TargetResult<PowerPlan>>()

  /** What the verb's own flags ask for. */
  protected optionsFrom(_flags: Flags): PowerOptions {
    return {}
  }

  /** For a plan the guests are asked themselves: the list of the cluster is up to ten seconds old. */
  protected override async examine(_services: Services, guests: readonly Guest[], flags: Flags): Promise<void> {
    if (!flags['dry-run']) return
    const service = await this.use(powerService)
    const options = this.optionsFrom(flags)
    const planned = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      (guest) => service.plan(this.verb, guest, options),
      {parallel: flags.parallel, failFast: false, signal: this.signal},
    )
    const several = guests.length > 1 || flags.all || (flags.selector ?? []).length > 0
    for (const result of planned) {
      if (!result.ok && !several) this.fail(result.error)
      this.#plans.set(Number(result.target), result)
    }

    this.endWith(exitCodeOfResults(planned, guests.length))
  }

  protected override planOf(guest: Guest, flags: Flags): {readonly fields?: object; readonly text: string} {
    const planned = this.#plans.get(guest.vmid)
    if (planned === undefined) return super.planOf(guest, flags)
    if (!planned.ok) {
      const {hint, kind, message} = planned.error
      return {
        fields: {refused: {code: kind, message, ...(hint !== undefined && {hint})}},
        text: `would not ${this.verb} ${guestLabel(guest)}: ${message}`,
      }
    }

    const plan = planned.value
    const text = plan.changed
      ? `would ${this.verb} ${guestLabel(guest)} on ${guest.node} (${plan.status})`
      : this.sentence(changeOf(guest, plan.status, false))
    return {fields: plan, text}
  }

  protected async act(
    _services: Services,
    guest: Guest,
    flags: Flags,
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    const service = await this.use(powerService)
    return service.power(this.verb, guest, {...this.optionsFrom(flags), wait: flags.wait}, patience)
  }

  /** By startup order, as a node does at boot and shutdown: the next ones when those before are done, and their delay is over. */
  protected override async stages(
    _services: Services,
    guests: readonly Guest[],
    flags: Flags,
  ): Promise<Stage<GuestChange>[]> {
    const direction = DIRECTIONS[this.verb]
    if (direction === undefined || flags.order === false || guests.length < 2) return [{guests}]
    const service = await this.use(powerService)
    const groups = startupGroups(await service.startups(guests, flags.parallel, this.signal), direction)
    return groups.map(({order, members}) => ({
      guests: members.map(({guest}) => guest),
      title: order === undefined ? 'without a startup order' : `startup order ${order}`,
      pauseMs: (done) => {
        if (direction !== 'start' || !flags.wait) return 0
        const started = new Set(done.filter(({changed}) => changed).map(({vmid}) => vmid))
        return Math.max(
          0,
          ...members.map(({guest, startup}) => (started.has(guest.vmid) ? (startup.upSeconds ?? 0) * 1000 : 0)),
        )
      },
    }))
  }

  protected override nativeLines({node, type, vmid}: Guest, flags: Flags): NativeLine[] {
    const {force, timeoutSeconds, toDisk} = this.optionsFrom(flags)
    const options: NativeOptions = {
      timeout: timeoutSeconds,
      ...(force === true && {forceStop: true}),
      ...(toDisk === true && {todisk: true}),
    }
    return [{node, command: guestCommand(type, this.verb, [vmid], options)}]
  }
}
