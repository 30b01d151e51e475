import {Args, Flags, type Interfaces} from '@oclif/core'
import type {ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {ConfigPlan, ConfigService, ConfigWish} from '../services/config-service.js'
import {namesAndPairs, readPairs} from './config-pairs.js'
import {guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import {GuestConfigChangeCommand} from './guest-config-change-command.js'

type Values = Record<string, unknown>

export interface ConfigSetFlags extends GuestActionFlags {
  readonly delete?: string[] | undefined
  readonly revert?: string[] | undefined
}

/** Sets, deletes and reverts keys of the configurations of guests. */
export abstract class GuestConfigSetCommand extends GuestConfigChangeCommand<ConfigSetFlags> {
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

  protected abstract override readonly guestType: GuestType
  protected readonly verb = 'configure'
  protected readonly past = 'configured'
  #pairs: readonly string[] = []
  #wish: ConfigWish = {set: {}}

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    const {names, pairs} = namesAndPairs(parsed.argv as string[])
    this.#pairs = pairs
    return {...parsed, argv: [...names]}
  }

  protected async prepare(configs: ConfigService, flags: ConfigSetFlags): Promise<void> {
    const set = await this.unwrap(readPairs(this.#pairs, this.runtime))
    const wish = {set, delete: keysIn(flags.delete), revert: keysIn(flags.revert)}
    this.#wish = await this.unwrap(configs.check(this.guestType, wish))
  }

  protected plan(configs: ConfigService, guest: Guest): ResultAsync<ConfigPlan, Failure> {
    return configs.plan(guest, this.#wish)
  }

  protected override async confirm(guests: readonly Guest[], {yes}: ConfigSetFlags): Promise<void> {
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
