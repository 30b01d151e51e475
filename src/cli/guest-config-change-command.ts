import type {Result, ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {differenceLines} from '../domain/guest-config.js'
import type {ConfigChange, ConfigPlan, ConfigService} from '../services/config-service.js'
import {fanOut} from '../services/fan-out.js'
import type {Patience} from '../services/patience.js'
import {GuestActionCommand, type GuestActionFlags} from './guest-action-command.js'
import {changedSentence} from './output/changed-config.js'
import type {Services} from './services.js'
import {configService} from './wiring/config.js'

/** A verb that changes configurations: what it would change can be told beforehand, and what it has changed afterwards. */
export abstract class GuestConfigChangeCommand<
  Flags extends GuestActionFlags = GuestActionFlags,
> extends GuestActionCommand<Flags, ConfigChange> {
  static override args = GuestActionCommand.args

  readonly #plans = new Map<number, ConfigPlan>()

  /** Reads and checks what the flags ask for, before any guest is looked at. */
  protected abstract prepare(configs: ConfigService, flags: Flags): Promise<void>

  /** What has to change in one guest, going by its configuration as it is now. */
  protected abstract plan(configs: ConfigService, guest: Guest): ResultAsync<ConfigPlan, Failure>

  /** Sends what a plan holds. */
  protected apply(
    configs: ConfigService,
    plan: ConfigPlan,
    flags: Flags,
    patience: Patience,
  ): ResultAsync<ConfigChange, Failure> {
    return configs.apply(plan, {wait: flags.wait}, patience)
  }

  protected override async examine(_services: Services, guests: readonly Guest[], flags: Flags): Promise<void> {
    const configs = await this.use(configService)
    await this.prepare(configs, flags)
    if (!flags['dry-run']) return
    const planned = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      (guest) => this.plan(configs, guest),
      {parallel: flags.parallel, failFast: true, signal: this.signal},
    )
    for (const plan of planned) {
      if (!plan.ok) this.fail(plan.error)
      this.#plans.set(plan.value.reading.guest.vmid, plan.value)
    }
  }

  protected override planOf(guest: Guest): {readonly fields: object; readonly text: string} {
    const changes = this.#plans.get(guest.vmid)?.changes ?? []
    const label = `${guestLabel(guest)} on ${guest.node}`
    return {
      fields: {changes},
      text:
        changes.length === 0
          ? `${label} is so already`
          : [`would ${this.verb} ${label}:`, ...differenceLines(changes).map((line) => `  ${line}`)].join('\n'),
    }
  }

  protected async act(
    _services: Services,
    guest: Guest,
    flags: Flags,
    patience: Patience,
  ): Promise<Result<ConfigChange, Failure>> {
    const configs = await this.use(configService)
    return this.plan(configs, guest).andThen((plan) => this.apply(configs, plan, flags, patience))
  }

  protected override sentence(changed: ConfigChange): string {
    return changedSentence(changed, this.past)
  }
}
