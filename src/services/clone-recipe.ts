import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {StorageNeed} from '../domain/guest-placement.js'
import type {GuestType} from '../domain/guest.js'
import type {ReachNeeds} from './reach-check.js'

type Config = Readonly<Record<string, unknown>>

/** What the clones of one kind of guest have of their own. */
export interface CloneRecipe<R> {
  readonly type: GuestType
  /** @returns undefined when the request is about another source */
  sourceOf(request: R): {readonly template: string; readonly linked: boolean} | undefined
  descriptionOf(request: R): string | undefined
  /** Refuses what a clone cannot be given. */
  check(request: R): Result<void, Failure>
  /** Whether something has to find its place in the template's configuration. */
  needsTemplate(request: R): boolean
  /**
   * What is set in the clone; name, description, pool and storage are told to the clone itself.
   * @param config of the clone, or beforehand of its template; with a first NIC at least
   */
  options(request: R, node: string | undefined, config: Config): Result<GuestOptions, Failure>
  /** What it is connected to anew. */
  needs(request: R, node: string): ReachNeeds
  /** What its additional disks take from storages that the request names. */
  storages(request: R): readonly StorageNeed[]
  /** The key of the disk that `--disk-size` is about, as far as the configuration tells it. */
  disk(config: Config): string
  /** What of the options belongs to root. */
  rootOnly(options: GuestOptions, config: Config): {readonly key: string; readonly why: string}[]
  /** Where nobody has looked into the template: it has a first NIC. */
  readonly usual: Config
}
