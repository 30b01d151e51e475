import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {appliancesCalled} from '../domain/appliance.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestsCalled, type Guest} from '../domain/guest.js'
import type {NodeStorage} from '../domain/storage.js'
import type {TaskReport} from '../domain/task.js'
import type {NodeStorageRepository} from '../repositories/node-storage-repository.js'
import type {TemplateRepository} from '../repositories/template-repository.js'
import {fanOut} from './fan-out.js'
import type {Patience} from './patience.js'
import type {ReleaseGate} from './release-gate.js'
import type {TaskService} from './task-service.js'
import type {VolumeFinder} from './volume-finder.js'

const SEE_TEMPLATES =
  'See what the storages have: homelab proxmox template files; and what can be downloaded: homelab proxmox template available'

/** What a container is made of, as somebody names it. */
export type ContainerSource =
  | {
      /** A template file of the storages or of the catalogue, or a guest that is a template. */
      readonly kind: 'appliance'
      readonly name: string
      readonly linked?: boolean
      /** The machine class that names it. */
      readonly namedBy?: string
    }
  | {readonly kind: 'oci'; readonly reference: string}
  | {readonly kind: 'volume'; readonly volume: string}

export interface FetchOptions {
  /** Fetch a template of the catalogue that no storage has. */
  readonly download: boolean
  /** The storage that it is fetched to. */
  readonly templateStorage?: string
}

/** Where a file is fetched to. */
interface FetchTarget {
  readonly storage: string
  readonly shared: boolean
  readonly volume: string
}

/** A template that was found, and where. */
export interface FoundSource {
  readonly source: ContainerSource
  /** The volume on a node; undefined where it has to be fetched, or cannot be. */
  readonly volumeOn: (node: string) => string | undefined
  /** Where it would be fetched to on a node; absent when nothing is fetched. */
  readonly fetchTo?: (node: string) => Result<FetchTarget, string>
}

/** At most so many requests for the contents of storages at a time. */
const PARALLEL = 4

interface Fetched {
  readonly volume: string
  readonly task?: TaskReport
}

/** Finds container templates on the storages of a cluster, and fetches them from the catalogue or from OCI registries. */
export class ContainerSourceService {
  /** By volume and, where it is not shared, by node: several containers fetch a file once. */
  readonly #underWay = new Map<string, Promise<Result<Fetched, Failure>>>()

  constructor(
    private readonly storages: NodeStorageRepository,
    private readonly volumes: VolumeFinder,
    private readonly templates: TemplateRepository,
    private readonly releases: ReleaseGate,
    private readonly tasks: TaskService,
  ) {}

  /** Looks for it; sends only GET requests. */
  find(
    source: ContainerSource,
    resources: ClusterResources,
    node: string | undefined,
    options: FetchOptions,
  ): ResultAsync<FoundSource, Failure> {
    if (source.kind === 'volume') {
      return new ResultAsync(this.volumes.nodesWith(source.volume, resources, node)).map((nodes) => ({
        source,
        volumeOn: (at) => (nodes.has(at) ? source.volume : undefined),
      }))
    }

    return source.kind === 'oci'
      ? this.findImage(source, resources, node, options)
      : new ResultAsync(this.findAppliance(source, resources, node, options))
  }

  /** Brings it to the node, where it is not there yet; waits until it is. */
  async fetch(found: FoundSource, node: string, patience: Patience): Promise<Result<Fetched, Failure>> {
    const there = found.volumeOn(node)
    if (there !== undefined) return ok({volume: there})
    const target = found.fetchTo?.(node)
    if (target === undefined || target.isErr())
      return err(failure('refused', target?.error ?? `the template is not on ${node}`))
    const key = `${target.value.shared ? '' : node} ${target.value.volume}`
    const begun = this.#underWay.get(key) ?? this.download(found.source, node, target.value, patience)
    this.#underWay.set(key, begun)
    return begun
  }

  private async download(
    source: ContainerSource,
    node: string,
    {storage, volume}: FetchTarget,
    patience: Patience,
  ): Promise<Result<Fetched, Failure>> {
    const what = `download of ${volume} on ${node}`
    patience.onStep?.({text: what})
    const file = volume.slice(volume.lastIndexOf('/') + 1)
    return this.start(source, node, storage, file)
      .andThen((upid) => this.tasks.waitOk(upid, what, patience))
      .map((task) => ({volume, task}))
  }

  private start(source: ContainerSource, node: string, storage: string, file: string): ResultAsync<string, Failure> {
    // The server adds the extension to an image's file itself.
    return source.kind === 'oci'
      ? this.templates.ociPull(node, storage, source.reference, file.replace(/\.tar$/, ''))
      : this.templates.download(node, storage, file)
  }

  private async findAppliance(
    source: Extract<ContainerSource, {kind: 'appliance'}>,
    resources: ClusterResources,
    node: string | undefined,
    options: FetchOptions,
  ): Promise<Result<FoundSource, Failure>> {
    const listed = await this.listed(resources, node)
    if (listed.isErr()) return err(listed.error)
    const found = appliancesCalled(listed.value, source.name)
    if (found.isOk()) return ok({source, volumeOn: (at) => found.value.find(({on}) => on(at))?.volume})
    if (found.error.kind !== 'not-found') return err(found.error)

    const called = guestsCalled(resources.guests, source.name)
    const container = called.find((guest) => guest.type === 'lxc')
    const template = called.find((guest) => guest.template)
    if (container === undefined && template !== undefined) return err(ofVms(source, template))
    if (container !== undefined) {
      return err(
        failure('not-found', `"${source.name}" is a container, not a file that containers are made of`, {
          hint: `Copy it with: homelab proxmox lxc clone ${source.name} NAME`,
          details: {template: source.name, vmid: container.vmid},
        }),
      )
    }

    const missing = {
      ...found.error,
      message: `${found.error.message}${node === undefined ? '' : ` on ${node}`}`,
      hint: `${found.error.hint === undefined ? '' : `${found.error.hint} `}${SEE_TEMPLATES}`,
    }
    return this.offered(source, resources, node, options, missing)
  }

  /** The catalogue, for what no storage has. */
  private async offered(
    source: Extract<ContainerSource, {kind: 'appliance'}>,
    resources: ClusterResources,
    node: string | undefined,
    options: FetchOptions,
    missing: Failure,
  ): Promise<Result<FoundSource, Failure>> {
    const asked = node ?? resources.nodes.find(({status}) => status === 'online')?.node
    const catalogue = asked === undefined ? ok([]) : await this.templates.offered(asked)
    // Without the catalogue there is still something to say: that no storage has it.
    const offered = appliancesCalled(catalogue.unwrapOr([]), source.name)
    if (offered.isErr()) return err(offered.error.kind === 'ambiguous-name' ? offered.error : missing)
    const file = offered.value[0]?.file ?? source.name
    if (!options.download) {
      return err(
        failure('not-found', `no storage has the container template "${source.name}", but ${file} can be downloaded`, {
          hint: 'Add --download to fetch it first',
          details: {template: source.name, offered: file},
        }),
      )
    }

    return ok({
      source,
      volumeOn: () => undefined,
      fetchTo: (at) => templateStorage(at, resources.storages, options).map((storage) => volumeAt(storage, file)),
    })
  }

  private findImage(
    source: Extract<ContainerSource, {kind: 'oci'}>,
    resources: ClusterResources,
    node: string | undefined,
    options: FetchOptions,
  ): ResultAsync<FoundSource, Failure> {
    const [, repository = source.reference, tag] = /^(.+?)(?::(\w[\w.-]{0,127}))?$/.exec(source.reference) ?? []
    const asked = node ?? resources.nodes.find(({status}) => status === 'online')?.node ?? ''
    return this.releases
      .require(
        'a container from an OCI image',
        '9.1',
        'Use a container template instead: homelab proxmox lxc create NAME TEMPLATE',
      )
      .andThen(() => this.templates.ociTags(asked, repository))
      .andThen((tags) =>
        tag !== undefined && tags.includes(tag) ? okAsync(tags) : errAsync(noTag(repository, tag, tags)),
      )
      .andThen(() => new ResultAsync(this.listed(resources, node)))
      .map((listed) => {
        const file = `${`${repository.split('/').at(-1)}_${tag}`.replaceAll(/[^\w.-]/g, '_')}.tar`
        const present = listed.filter((one) => one.file === file)
        return {
          source,
          volumeOn: (at) => present.find(({on}) => on(at))?.volume,
          fetchTo: (at) => templateStorage(at, resources.storages, options).map((storage) => volumeAt(storage, file)),
        }
      })
  }

  /** The files of all storages for container templates, and on which nodes each can be used. A shared storage is asked once. */
  private async listed(
    resources: ClusterResources,
    node: string | undefined,
  ): Promise<Result<{file: string; volume: string; on: (node: string) => boolean}[], Failure>> {
    const online = new Set(resources.nodes.filter(({status}) => status === 'online').map((one) => one.node))
    const able = resources.storages.filter(
      (one) => holdsTemplates(one) && online.has(one.node) && (node === undefined || one.node === node),
    )
    const asked = able.filter(
      (one) => !one.shared || able.find(({shared, storage}) => shared && storage === one.storage) === one,
    )
    const done = await fanOut(
      asked,
      (one) => `${one.storage} on ${one.node}`,
      (one) => this.storages.volumes(one.node, one.storage, {content: 'vztmpl'}).map((volumes) => ({one, volumes})),
      {parallel: PARALLEL, failFast: false},
    )
    const failed = done.find((result) => !result.ok)
    // One storage that does not answer must not hide what the others have; only when none does is there nothing to say.
    if (failed !== undefined && !failed.ok && done.every((result) => !result.ok)) return err(failed.error)
    return ok(
      done.flatMap((result) =>
        result.ok
          ? result.value.volumes.map(({volume}) => ({
              file: volume.slice(volume.lastIndexOf('/') + 1),
              volume,
              on: (at: string) =>
                able.some(({node: here, storage}) => here === at && storage === result.value.one.storage) &&
                (result.value.one.shared || result.value.one.node === at),
            }))
          : [],
      ),
    )
  }
}

function holdsTemplates({available, content}: NodeStorage): boolean {
  return available && content.includes('vztmpl')
}

function volumeAt({shared, storage}: NodeStorage, file: string): FetchTarget {
  return {storage, shared, volume: `${storage}:vztmpl/${file}`}
}

/** Where templates are fetched to: the storage that was named, the only one for templates, or `local`, where Proxmox VE itself puts them. */
function templateStorage(
  node: string,
  storages: readonly NodeStorage[],
  {templateStorage: named}: FetchOptions,
): Result<NodeStorage, string> {
  const able = storages.filter((one) => one.node === node && holdsTemplates(one))
  if (named !== undefined) {
    const one = able.find(({storage}) => storage === named)
    return one === undefined ? err(`storage ${named} does not hold container templates there`) : ok(one)
  }

  const [only] = able
  if (only === undefined) return err('no storage there holds container templates')
  if (able.length === 1) return ok(only)
  const names = able.map(({storage}) => storage).join(', ')
  const local = able.find(({storage}) => storage === 'local')
  return local === undefined
    ? err(`several storages there hold container templates (${names}): choose with --template-storage`)
    : ok(local)
}

function ofVms({name, namedBy}: Extract<ContainerSource, {kind: 'appliance'}>, template: Guest): Failure {
  const who = namedBy === undefined ? '' : `, which the machine class "${namedBy}" names,`
  return failure('not-found', `"${name}"${who} is a template of VMs, and no container can be made of it`, {
    hint: `Name what containers are made of: homelab proxmox template list; or clone it: homelab proxmox vm create NAME ${name}`,
    details: {template: name, vmid: template.vmid, ...(namedBy !== undefined && {class: namedBy})},
  })
}

const TAGS_SHOWN = 20

function noTag(repository: string, tag: string | undefined, tags: readonly string[]): Failure {
  const some = tags.slice(0, TAGS_SHOWN).join(', ')
  return failure(
    tag === undefined ? 'usage' : 'not-found',
    tag === undefined ? `--oci ${repository} names no tag` : `the image ${repository} has no tag "${tag}"`,
    {
      hint: `Its tags are: ${some}${tags.length > TAGS_SHOWN ? `, and ${tags.length - TAGS_SHOWN} more (see --json)` : ''}`,
      details: {repository, tags},
    },
  )
}
