import {Args, Flags, type Interfaces} from '@oclif/core'
import type {Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {differenceLines} from '../domain/guest-config.js'
import type {ConfigChange, ConfigPlan, ConfigService, ConfigWish} from '../services/config-service.js'
import {fanOut} from '../services/fan-out.js'
import type {Patience} from '../services/patience.js'
import {namesAndPairs, readPairs} from './config-pairs.js'
import {changedSentence} from './output/changed-config.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'
import {configService} from './wiring/config.js'

type Values = Record<string, unknown>

export interface ConfigSetFlags extends GuestActionFlags {
  readonly delete?: string[] | undefined
  readonly revert?: string[] | undefined
}

/** Sets, deletes and reverts keys of the configurations of guests. */
export abstract class GuestConfigSetCommand extends GuestActionCommand<ConfigSetFlags, ConfigChange> {
  static override description =
    "Words with = are keys and values, the others name guests; with -l or --all every word is a key and a value. Keys and values are Proxmox VE's own; key=@FILE takes the text of a file, key=@- that of stdin. A change that somebody makes at the same time is never overwritten: then this one is refused (exit 6) and says what changed. What takes effect with the next start only is listed."

  static override args = {
    name: Args.string({description: 'Names or VMIDs, and key=value for what shall be set.', required: false}),
  }

  static override flags = {
    ...guestActionFlags,
    delete: Flags.string({
      description: 'Take this key out. A disk is only detached and becomes unusedN; deleting unusedN destroys it.',
      helpValue: 'KEY[,KEY]',
      multiple: true,
      multipleNonGreedy: true,
    }),
    revert: Flags.string({
      description: 'Give up the change of this key that waits for a restart.',
      helpValue: 'KEY[,KEY]',
      multiple: true,
      multipleNonGreedy: true,
    }),
  }

  protected readonly verb = 'configure'
  protected readonly past = 'configured'
  #pairs: readonly string[] = []
  #wish: ConfigWish = {set: {}}
  readonly #plans = new Map<number, ConfigPlan>()

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    const {names, pairs} = namesAndPairs(parsed.argv as string[])
    this.#pairs = pairs
    return {...parsed, argv: [...names]}
  }

  protected override async examine(services: Services, guests: readonly Guest[], flags: ConfigSetFlags): Promise<void> {
    const configs = await this.use(configService)
    const wish = {
      set: await this.unwrap(readPairs(this.#pairs, this.runtime)),
      delete: keysIn(flags.delete),
      revert: keysIn(flags.revert),
    }
    this.#wish = await this.unwrap(configs.check(this.guestType, wish))
    if (flags['dry-run']) await this.#planAll(configs, guests, flags)
    else await this.#confirmLoss(guests, flags)
  }

  protected override planOf(guest: Guest): {readonly fields: object; readonly text: string} {
    const changes = this.#plans.get(guest.vmid)?.changes ?? []
    const label = `${guestLabel(guest)} on ${guest.node}`
    return {
      fields: {changes},
      text:
        changes.length === 0
          ? `${label} is so already`
          : [`would configure ${label}:`, ...differenceLines(changes).map((line) => `  ${line}`)].join('\n'),
    }
  }

  protected async act(
    _services: Services,
    guest: Guest,
    flags: ConfigSetFlags,
    patience: Patience,
  ): Promise<Result<ConfigChange, Failure>> {
    const configs = await this.use(configService)
    return configs.plan(guest, this.#wish).andThen((plan) => configs.apply(plan, {wait: flags.wait}, patience))
  }

  protected override sentence(changed: ConfigChange): string {
    return changedSentence(changed)
  }

  async #planAll(configs: ConfigService, guests: readonly Guest[], flags: ConfigSetFlags): Promise<void> {
    const planned = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      (guest) => configs.plan(guest, this.#wish),
      {parallel: flags.parallel, failFast: true, signal: this.signal},
    )
    for (const plan of planned) {
      if (!plan.ok) this.fail(plan.error)
      this.#plans.set(plan.value.reading.guest.vmid, plan.value)
    }
  }

  async #confirmLoss(guests: readonly Guest[], {yes}: ConfigSetFlags): Promise<void> {
    const lost = (this.#wish.delete ?? []).filter((key) => /^unused\d+$/.test(key))
    if (lost.length === 0 || yes || guests.length === 0) return
    const who = guests.map((guest) => guestLabel(guest)).join(', ')
    const sure = await this.unwrap(this.prompt.confirm(`Destroy the disk ${lost.join(', ')} of ${who}?`, '--yes'))
    if (!sure) this.fail(failure('refused', 'nothing was changed: the question was answered with no'))
  }
}

function keysIn(lists: readonly string[] | undefined): string[] {
  return (lists ?? []).flatMap((list) => list.split(/[,\s]+/)).filter((key) => key !== '')
}
