import {ResultAsync, type Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {parseTags, type Guest} from '../domain/guest.js'
import {naturalOrder} from '../domain/natural-order.js'
import {editTags, type TagEdit} from '../domain/tags.js'
import type {ConfigApplication, ConfigChange, ConfigPlan, ConfigService} from './config-service.js'
import type {Patience, Timing} from './patience.js'

/** A tag, and who bears it. */
export interface TagUse {
  readonly tag: string
  readonly count: number
  /** Names, or VMIDs of guests without one, in the order of their VMIDs. */
  readonly guests: readonly string[]
}

/** How often an edit is made anew because somebody else was quicker. */
const ATTEMPTS = 8

/** The tags of guests. An edit overtaken by another change is made anew on what there is then: it means the same there. */
export class TagService {
  constructor(
    private readonly configs: ConfigService,
    private readonly timing: Timing,
  ) {}

  plan(guest: Guest, edit: TagEdit): ResultAsync<ConfigPlan, Failure> {
    return this.configs.read(guest).andThen((reading) => {
      const tags = editTags(parseTags(String(reading.values.tags ?? '')), edit)
      return this.configs.planFor(
        reading,
        tags.length === 0 ? {set: {}, delete: ['tags']} : {set: {tags: tags.join(';')}},
      )
    })
  }

  change(
    guest: Guest,
    edit: TagEdit,
    options: ConfigApplication,
    patience: Patience,
  ): ResultAsync<ConfigChange, Failure> {
    return new ResultAsync(this.changeUntilDone(guest, edit, options, patience))
  }

  private async changeUntilDone(
    guest: Guest,
    edit: TagEdit,
    options: ConfigApplication,
    patience: Patience,
  ): Promise<Result<ConfigChange, Failure>> {
    for (let attempt = 1; ; attempt++) {
      const done = await this.plan(guest, edit).andThen((plan) => this.configs.apply(plan, options, patience))
      const overtaken = done.isErr() && done.error.kind === 'digest-changed'
      if (!overtaken || attempt === ATTEMPTS || patience.signal?.aborted === true) return done
      await this.timing.sleep(50 * attempt * this.timing.random(), patience.signal)
    }
  }
}

/** Which tags there are among these guests, most used first. */
export function tagUses(guests: readonly Guest[]): TagUse[] {
  const users = new Map<string, string[]>()
  for (const {tags, name, vmid} of guests)
    for (const tag of tags) users.set(tag, [...(users.get(tag) ?? []), name ?? String(vmid)])
  return [...users]
    .map(([tag, names]) => ({tag, count: names.length, guests: names}))
    .sort((a, b) => b.count - a.count || naturalOrder(a.tag, b.tag))
}
