import {err, errAsync, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {formatSize} from '../domain/size.js'
import type {CloneRecipe} from './clone-recipe.js'
import {findTemplate} from './find-template.js'
import type {GuestCreateRequest} from './guest-create-request.js'
import type {GuestMaker, PreparedGuests} from './guest-maker.js'
import {checkRootOnly, setLine} from './guest-native.js'
import {PreparedClones, type CloneMeans} from './prepared-clones.js'
import type {Visibility} from './visibility.js'

/** What clones are made with, and how a template that is not found is explained. */
export interface CloneTools extends CloneMeans {
  readonly visibility: Visibility
}

/** Guests that are clones of a template. */
export class GuestCloneMaker<R extends GuestCreateRequest> implements GuestMaker<R> {
  constructor(
    private readonly recipe: CloneRecipe<R>,
    private readonly tools: CloneTools,
  ) {}

  prepare(request: R, resources: ClusterResources): ResultAsync<PreparedGuests, Failure> {
    const {recipe, tools} = this
    const source = recipe.sourceOf(request)
    if (source === undefined) return errAsync(failure('unexpected', 'a clone needs a template'))
    return recipe
      .check(request)
      .andThen(() => checkStorage(request, source))
      .andThen(() => findTemplate(resources.guests, recipe.type, source.template))
      .andThen((copies) => checkDiskSize(request, copies).map(() => copies))
      .asyncAndThen((copies) => okAsync(copies))
      .orElse((failed) => tools.visibility.explain<readonly Guest[]>(failed, resources.guests.length))
      .andThen((copies) =>
        this.checkAgainst(request, copies).map(
          () => new PreparedClones({request, copies, recipe, linked: source.linked}, tools),
        ),
      )
  }

  /** What has to find its place in the template is tried out on it, before anything is cloned. */
  private checkAgainst(request: R, copies: readonly Guest[]): ResultAsync<void, Failure> {
    const [template] = copies
    const {recipe} = this
    if (template === undefined || !recipe.needsTemplate(request)) return okAsync(undefined)
    return this.tools.guests.config(template).andThen((config) =>
      recipe.options(request, undefined, config).andThen((options) =>
        checkRootOnly(recipe.rootOnly(options, config), {
          node: template.node,
          rootLogin: request.rootLogin,
          line: setLine(recipe.type, request.vmid, options),
        }),
      ),
    )
  }
}

/** A linked clone lives where its template does; a default does not count. */
function checkStorage({layers}: GuestCreateRequest, {linked}: {readonly linked: boolean}): Result<void, Failure> {
  if (!linked || layers.asked.storage === undefined) return ok(undefined)
  return err(
    failure(
      'usage',
      'a linked clone stays on the storage of its template: --storage cannot be combined with --linked',
      {
        hint: 'Leave one of them out',
        details: {field: 'storage', value: layers.asked.storage},
      },
    ),
  )
}

/** Disks only grow, and the resources list already tells the size of the template's boot disk. */
function checkDiskSize({layers}: GuestCreateRequest, copies: readonly Guest[]): Result<void, Failure> {
  const has = Math.max(...copies.map((copy) => copy.diskBytes ?? 0))
  const {diskBytes} = layers.asked
  if (diskBytes === undefined || diskBytes >= has) return ok(undefined)
  return err(
    failure(
      'usage',
      `--disk-size ${formatSize(diskBytes)} is less than the ${formatSize(has)} of the template's boot disk`,
      {
        hint: 'Disks can only grow: ask for at least the size of the template',
        details: {field: 'disk-size', value: diskBytes, minimum: has},
      },
    ),
  )
}
