import {Args, Flags, type Interfaces} from '@oclif/core'
import {ok, type Result, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestNoun, type Guest} from '../domain/guest.js'
import {readTags, type TagEdit} from '../domain/tags.js'
import type {ConfigChange, ConfigPlan, ConfigService} from '../services/config-service.js'
import type {Patience} from '../services/patience.js'
import type {TagService} from '../services/tag-service.js'
import {guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import {GuestConfigChangeCommand} from './guest-config-change-command.js'
import type {Services} from './services.js'
import {tagService} from './wiring/tag.js'

type Values = Record<string, unknown>

export const guestTagFlags = guestActionFlags

export const guestTagSetFlags = {
  ...guestActionFlags,
  none: Flags.boolean({description: 'Take all tags away.'}),
}

/** Changes tags: the first word is the guest, the others are tags; with -l or --all every word is a tag. */
abstract class GuestTagCommand<
  Flags extends GuestActionFlags = GuestActionFlags,
> extends GuestConfigChangeCommand<Flags> {
  static override args = {
    name: Args.string({
      description: 'Name or VMID, and the tags; with -l or --all the tags alone.',
      required: false,
    }),
  }

  protected readonly past: string = 'tagged'
  protected words: readonly string[] = []
  #service!: TagService
  #edit!: TagEdit

  /** What the words and flags ask for. */
  protected abstract edit(flags: Flags): Result<TagEdit, Failure>

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    const {selector, all} = parsed.flags as unknown as GuestActionFlags
    const words = parsed.argv as string[]
    const named = !all && (selector ?? []).length === 0 ? 1 : 0
    this.words = words.slice(named)
    return {...parsed, argv: words.slice(0, named)}
  }

  protected async prepare(_configs: ConfigService, flags: Flags): Promise<void> {
    this.#service = await this.use(tagService)
    this.#edit = this.unwrap(this.edit(flags))
  }

  protected plan(_configs: ConfigService, guest: Guest): ResultAsync<ConfigPlan, Failure> {
    return this.#service.plan(guest, this.#edit)
  }

  protected override async act(
    _services: Services,
    guest: Guest,
    flags: Flags,
    patience: Patience,
  ): Promise<Result<ConfigChange, Failure>> {
    return this.#service.change(guest, this.#edit, {wait: flags.wait}, patience)
  }
}

export abstract class GuestTagAddCommand extends GuestTagCommand {
  static override args = GuestTagCommand.args
  protected readonly verb = 'tag'

  protected edit(): Result<TagEdit, Failure> {
    return readTags(this.words).map((tags) => ({kind: 'add', tags}))
  }
}

export abstract class GuestTagRemoveCommand extends GuestTagCommand {
  static override args = GuestTagCommand.args
  protected readonly verb = 'untag'
  protected override readonly past = 'untagged'

  protected edit(): Result<TagEdit, Failure> {
    return readTags(this.words).map((tags) => ({kind: 'remove', tags}))
  }
}

export abstract class GuestTagSetCommand extends GuestTagCommand<GuestActionFlags & {readonly none: boolean}> {
  static override args = GuestTagCommand.args
  protected readonly verb = 'tag'

  protected edit({none}: {readonly none: boolean}): Result<TagEdit, Failure> {
    if (none && this.words.length > 0) this.fail(failure('usage', '--none and tags contradict each other'))
    return none ? ok({kind: 'set', tags: []}) : readTags(this.words).map((tags) => ({kind: 'set', tags}))
  }
}

/** Renames a tag wherever it is; templates have tags too, though no selection takes them. */
export abstract class GuestTagRenameCommand extends GuestTagCommand {
  static override usage = '<%= command.id %> OLD NEW [-l key=value...] [-n] [--parallel N]'

  static override args = {
    name: Args.string({description: 'The tag as it is, and what it shall be.', required: false}),
  }

  protected readonly verb = 'rename a tag of'
  protected override readonly past = 'retagged'
  protected override readonly withTemplates = true

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv)
    const flags = parsed.flags as unknown as GuestActionFlags
    this.words = [...(parsed.argv as string[]), ...this.words]
    const {from} = this.#fromTo()
    const selector = (flags.selector ?? ['']).map((text) => `${text === '' ? '' : `${text},`}tag=${from}`)
    return {...parsed, argv: [], flags: {...parsed.flags, all: false, selector}}
  }

  protected override noneFound(): string {
    return `no ${guestNoun(this.guestType)} has the tag ${this.#fromTo().from}`
  }

  protected edit(): Result<TagEdit, Failure> {
    return ok({kind: 'rename', ...this.#fromTo()})
  }

  #fromTo(): {readonly from: string; readonly to: string} {
    const [from, to, ...more] = this.words
    const tags = this.unwrap(readTags(this.words))
    if (from !== undefined && to !== undefined && more.length === 0 && tags.length === 2) return {from, to}
    return this.fail(failure('usage', 'a tag is renamed from one to another', {hint: 'Write: tag rename OLD NEW'}))
  }
}
