import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {guestLabel, guestsCalled, type Guest} from '../domain/guest.js'
import {placeClone, placementReason, type Candidate, type Placement, type Rejection} from '../domain/placement.js'
import {formatSize} from '../domain/size.js'
import {closest} from '../domain/suggest.js'
import type {TaskReport} from '../domain/task.js'
import {checkVmid} from '../domain/vmid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {CloneService, CloneWish} from './clone-service.js'
import type {Patience} from './patience.js'
import type {Visibility} from './visibility.js'
import type {Finish, VmFinishService} from './vm-finish-service.js'

/** What applies to guests created here when nothing else is said; per node, it overrides the general. */
export interface CreationDefaults {
  readonly cores?: number
  readonly memoryBytes?: number
  readonly diskBytes?: number
  readonly bridge?: string
  readonly storage?: string
  readonly pool?: string
  readonly tags?: readonly string[]
}

/** What is asked for; the fields of `CreationDefaults` go before the defaults. */
export interface VmCreateRequest extends Omit<CreationDefaults, 'bridge'> {
  readonly name: string
  /** Name or VMID. */
  readonly template: string
  /** Undefined: the best one. */
  readonly node?: string
  readonly vmid?: number
  readonly linked: boolean
  readonly description?: string
  readonly start: boolean
  readonly removeOnFailure: boolean
  readonly defaults: CreationDefaults
  readonly nodeDefaults: Readonly<Record<string, CreationDefaults>>
}

export interface PlacementReport {
  readonly node: string
  readonly reason: string
  readonly rejected: readonly Rejection[]
  /** Best first, the chosen one included; absent when the node was named. */
  readonly ranked?: readonly {
    readonly node: string
    readonly freeMemoryAfterBytes?: number
    readonly guestCount: number
  }[]
}

export interface VmSource {
  readonly kind: 'template'
  readonly name?: string
  readonly vmid: number
  readonly node: string
}

/** The JSON contract of `vm create`. */
export interface CreatedVm {
  readonly vmid: number
  readonly name: string
  readonly type: 'qemu'
  readonly node: string
  readonly status: string
  readonly source: VmSource
  readonly placement: PlacementReport
  readonly task: TaskReport
  /** What was done after the clone, in order. */
  readonly steps?: readonly {readonly step: string; readonly task?: TaskReport}[]
  readonly warnings?: readonly string[]
}

/** What `vm create` would do. The VMID is free at this moment; nothing reserves it. */
export interface VmCreatePlan {
  readonly dryRun: true
  readonly vmid: number
  readonly name: string
  readonly type: 'qemu'
  readonly node: string
  readonly source: VmSource
  readonly placement: PlacementReport
  readonly steps: readonly string[]
}

/** The clone under way, when nobody waits for it. */
export interface VmCreateStarted extends Omit<CreatedVm, 'status' | 'steps' | 'task'> {
  readonly upid: string
}

/** A request that has found its template and its node. */
interface Prepared {
  readonly request: VmCreateRequest
  readonly resources: ClusterResources
  readonly copies: readonly Guest[]
  readonly warnings: readonly string[]
}

/** `vm create NAME TEMPLATE`: placement, a VMID of its own, the clone, and what was asked on top. */
export class VmCreateService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly visibility: Visibility,
    private readonly clones: CloneService,
    private readonly finisher: VmFinishService,
  ) {}

  /** Waits for everything. `onPlaced` hears the decision once the server has accepted it. */
  create(
    request: VmCreateRequest,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): ResultAsync<CreatedVm, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.run(prepared, patience, onPlaced)))
  }

  /** Ends once the clone is under way. Refuses requests whose later steps nobody would be there for. */
  begin(
    request: VmCreateRequest,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): ResultAsync<VmCreateStarted, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.start(prepared, patience, onPlaced)))
  }

  /** The plan alone; sends only GET requests. */
  plan(request: VmCreateRequest): ResultAsync<VmCreatePlan, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.describe(prepared)))
  }

  /** Everything that can be known and refused from one look at the cluster. */
  private prepare(request: VmCreateRequest): ResultAsync<Prepared, Failure> {
    const checked = checkGuestName(request.name).andThen(() =>
      request.vmid === undefined ? ok(0) : checkVmid(request.vmid),
    )
    return checked
      .asyncAndThen(() => this.cluster.resources())
      .andThen((resources) => {
        if (request.vmid !== undefined) {
          const holder = resources.guests.find((guest) => guest.vmid === request.vmid)
          if (holder !== undefined) return errAsync(taken(request.vmid, holder))
        }

        return findTemplate(resources.guests, request.template)
          .andThen((copies) =>
            checkDiskSize(request, copies).map((): Prepared => ({
              request,
              resources,
              copies,
              warnings: nameWarnings(request.name, resources.guests),
            })),
          )
          .asyncMap((prepared) => Promise.resolve(prepared))
          .orElse((failed) => this.visibility.explain<Prepared>(failed, resources.guests.length))
      })
  }

  private async run(
    prepared: Prepared,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): Promise<Result<CreatedVm, Failure>> {
    const cloned = await this.clones.clone(wishOf(prepared.request), (refused) => place(prepared, refused), patience, {
      wait: true,
      onPlaced: ({placement, candidate}) => onPlaced(placementReport(prepared, placement, candidate)),
    })
    if (cloned.isErr()) return err(cloned.error)
    const {vmid, candidate, placement, task} = cloned.value
    const {request} = prepared
    const vm = {vmid, name: request.name, type: 'qemu' as const, node: candidate.node}
    const finished = await this.finisher.finish(vm, finishOf(request, candidate), patience)
    if (finished.isErr()) return err(finished.error)
    const warnings = [...prepared.warnings, ...finished.value.warnings]
    return ok({
      ...vm,
      status: finished.value.status,
      source: sourceOf(candidate),
      placement: placementReport(prepared, placement, candidate),
      task,
      ...(finished.value.steps.length > 0 && {steps: finished.value.steps}),
      ...(warnings.length > 0 && {warnings}),
    })
  }

  private async start(
    prepared: Prepared,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): Promise<Result<VmCreateStarted, Failure>> {
    const {request} = prepared
    const placed = place(prepared, new Map())
    if (placed.isErr()) return err(placed.error)
    const later = laterSteps(request, placed.value.candidate)
    if (later.length > 0) {
      return err(
        failure('usage', `--no-wait cannot be combined with what follows the clone: ${later.join(', ')}`, {
          hint: 'Wait for the clone (leave --no-wait out), or do the rest later with homelab proxmox vm commands',
        }),
      )
    }

    const begun = await this.clones.clone(wishOf(request), (refused) => place(prepared, refused), patience, {
      wait: false,
      onPlaced: ({placement, candidate}) => onPlaced(placementReport(prepared, placement, candidate)),
    })
    return begun.map(({vmid, candidate, placement, task}) => ({
      vmid,
      name: request.name,
      type: 'qemu' as const,
      node: candidate.node,
      source: sourceOf(candidate),
      placement: placementReport(prepared, placement, candidate),
      upid: task.upid,
      ...(prepared.warnings.length > 0 && {warnings: prepared.warnings}),
    }))
  }

  private async describe(prepared: Prepared): Promise<Result<VmCreatePlan, Failure>> {
    const {request} = prepared
    // Without a clone to be refused, the template's disks themselves have to say whether another node can have them.
    const refused = new Map<string, string>()
    for (;;) {
      const placed = place(prepared, refused)
      if (placed.isErr()) return err(placed.error)
      const {candidate, placement} = placed.value
      if (candidate.source.node !== candidate.node) {
        const local = await this.localStorages(candidate.source, prepared.resources)
        if (local.isErr()) return err(local.error)
        if (local.value.length > 0) {
          refused.set(
            candidate.node,
            `the template's disks are on ${local.value.join(', ')}, local to ${candidate.source.node}`,
          )
          continue
        }
      }

      const vmid = request.vmid === undefined ? await this.cluster.nextId() : ok<number, Failure>(request.vmid)
      return vmid.map((id) => ({
        dryRun: true as const,
        vmid: id,
        name: request.name,
        type: 'qemu' as const,
        node: candidate.node,
        source: sourceOf(candidate),
        placement: placementReport(prepared, placement, candidate),
        steps: [
          `${request.linked ? 'linked' : 'full'} clone of ${guestLabel(candidate.source)}`,
          ...laterSteps(request, candidate),
        ],
      }))
    }
  }

  /** Storages of a template's disks that only its own node can reach. */
  private localStorages(template: Guest, resources: ClusterResources): ResultAsync<string[], Failure> {
    const shared = new Set(resources.storages.filter((s) => s.shared).map((s) => s.storage))
    return this.guests.config(template).map((config) => {
      const volumes = Object.entries(config).filter(
        ([key, value]) =>
          /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/.test(key) &&
          typeof value === 'string' &&
          !/(?:^none|media=cdrom)/.test(value),
      )
      const storages = new Set(volumes.map(([, value]) => String(value).split(':', 1)[0] ?? ''))
      return [...storages].filter((storage) => !shared.has(storage))
    })
  }
}

/** What applies on a node: what was asked for, before the node's defaults, before the general ones. */
function effective(request: VmCreateRequest, node: string): CreationDefaults {
  const {cores, memoryBytes, diskBytes, storage, pool, tags} = request
  const asked = Object.fromEntries(
    Object.entries({cores, memoryBytes, diskBytes, storage, pool, tags}).filter(([, value]) => value !== undefined),
  )
  return {...request.defaults, ...request.nodeDefaults[node], ...asked}
}

/** What is to be done after the clone. A boot disk that is big enough already needs nothing. */
function finishOf(request: VmCreateRequest, {node, source}: Candidate): Finish {
  const {start, removeOnFailure} = request
  const {cores, memoryBytes, bridge, tags, diskBytes} = effective(request, node)
  return {
    start,
    removeOnFailure,
    ...(cores !== undefined && {cores}),
    ...(memoryBytes !== undefined && {memoryBytes}),
    ...(bridge !== undefined && {bridge}),
    ...(tags !== undefined && tags.length > 0 && {tags}),
    ...(diskBytes !== undefined && diskBytes > (source.diskBytes ?? 0) && {diskBytes}),
  }
}

/** The same in words, for a plan. */
function laterSteps(request: VmCreateRequest, candidate: Candidate): string[] {
  const {cores, memoryBytes, diskBytes, bridge, tags, start} = finishOf(request, candidate)
  return [
    ...(cores === undefined ? [] : [`set cores to ${cores}`]),
    ...(memoryBytes === undefined ? [] : [`set memory to ${formatSize(memoryBytes)}`]),
    ...(tags === undefined ? [] : [`set tags ${tags.join(', ')}`]),
    ...(bridge === undefined ? [] : [`put net0 on ${bridge}`]),
    ...(diskBytes === undefined ? [] : [`grow the boot disk to ${formatSize(diskBytes)}`]),
    ...(start ? ['start'] : []),
  ]
}

function wishOf(request: VmCreateRequest): CloneWish {
  const pool = request.pool ?? request.defaults.pool
  return {
    name: request.name,
    linked: request.linked,
    ...(request.vmid !== undefined && {vmid: request.vmid}),
    ...(pool !== undefined && {pool}),
    ...(request.description !== undefined && {description: request.description}),
  }
}

function place(
  prepared: Prepared,
  refused: ReadonlyMap<string, string>,
): Result<{placement: Placement; candidate: Candidate}, Failure> {
  const {request, resources, copies} = prepared
  const placement = placeClone(
    {
      copies,
      memoryBytes: request.memoryBytes ?? request.defaults.memoryBytes ?? copies[0]?.memoryBytes,
      // A linked clone lives where its template does: a default storage cannot apply to it.
      storageOn: (node) => (request.linked ? undefined : effective(request, node).storage),
      refused,
    },
    resources,
  )
  if (request.node === undefined) {
    const [best] = placement.candidates
    return best === undefined ? err(nowhere(request, placement)) : ok({placement, candidate: best})
  }

  const named = placement.candidates.find((candidate) => candidate.node === request.node)
  if (named !== undefined) return ok({placement, candidate: named})
  const rejection = placement.rejected.find(({node}) => node === request.node)
  if (rejection === undefined) {
    const names = resources.nodes.map(({node}) => node)
    const near = closest(request.node, names)
    return err(
      failure('not-found', `there is no node "${request.node}"`, {
        hint:
          near === undefined
            ? `The nodes are: ${names.join(', ')}`
            : `Did you mean "${near}"? The nodes are: ${names.join(', ')}`,
        details: {node: request.node, nodes: names},
      }),
    )
  }

  const offline = resources.nodes.find(({node}) => node === request.node)?.status !== 'online'
  return err(
    failure(
      offline ? 'node-offline' : / of memory free/.test(rejection.reason) ? 'no-capacity' : 'refused',
      `node ${request.node} cannot take "${request.name}": ${rejection.reason}`,
      {
        hint: 'Leave --node out to have the best node picked, or see: homelab proxmox node list',
        details: {node: request.node, reason: rejection.reason},
      },
    ),
  )
}

function nowhere(request: VmCreateRequest, placement: Placement): Failure {
  const full = placement.rejected.some(({reason}) => / of memory free/.test(reason))
  return failure(
    full ? 'no-capacity' : 'refused',
    `no node can take "${request.name}": ${placement.rejected.map(({node, reason}) => `${node}: ${reason}`).join('; ')}`,
    {
      hint: full ? 'Ask for less with --memory, or free some memory' : 'See: homelab proxmox node list',
      details: {rejected: placement.rejected},
    },
  )
}

function placementReport(prepared: Prepared, placement: Placement, candidate: Candidate): PlacementReport {
  if (prepared.request.node !== undefined) return {node: candidate.node, reason: 'asked for with --node', rejected: []}
  return {
    node: candidate.node,
    reason: placementReason(placement),
    rejected: placement.rejected,
    ranked: placement.candidates.map(({node, freeMemoryAfterBytes, guestCount}) => ({
      node,
      ...(freeMemoryAfterBytes !== undefined && {freeMemoryAfterBytes}),
      guestCount,
    })),
  }
}

function sourceOf({source}: Candidate): VmSource {
  return {kind: 'template', ...(source.name !== undefined && {name: source.name}), vmid: source.vmid, node: source.node}
}

/** A template by VMID is that one; by name it is all of that name that are on different nodes: its twins. */
function findTemplate(guests: readonly Guest[], nameOrId: string): Result<readonly Guest[], Failure> {
  const called = guestsCalled(guests, nameOrId)
  const templates = called.filter((guest) => guest.template && guest.type === 'qemu')
  const crowded = templates.find((a) => templates.some((b) => b !== a && b.node === a.node))
  if (crowded !== undefined) {
    return err(
      failure(
        'ambiguous-name',
        `${templates.length} templates are called "${nameOrId}", more than one of them on ${crowded.node}`,
        {
          hint: `Use the VMID of the one you mean: ${templates.map(({vmid, node}) => `${vmid} (on ${node})`).join(', ')}`,
          details: {name: nameOrId, candidates: templates.map(({vmid, node}) => ({vmid, node}))},
        },
      ),
    )
  }

  if (templates.length > 0) return ok(templates)
  const [other] = called
  if (other !== undefined) {
    const what = other.template ? 'is a container template' : 'is not a template'
    return err(
      failure('not-found', `${guestLabel(other)} ${what}`, {
        hint: 'See: homelab proxmox template list',
        details: {template: nameOrId, vmid: other.vmid},
      }),
    )
  }

  const names = guests.flatMap((guest) => (guest.template && guest.name !== undefined ? [guest.name] : []))
  const near = closest(nameOrId, names)
  const silent = guests.some((guest) => guest.status === 'unknown')
  return err(
    failure('not-found', `there is no template "${nameOrId}"`, {
      hint: [
        ...(near === undefined ? [] : [`Did you mean "${near}"?`]),
        ...(silent ? ['Guests of nodes that are offline have lost their names.'] : []),
        'See: homelab proxmox template list',
      ].join(' '),
      details: {template: nameOrId},
    }),
  )
}

/** Disks only grow, and the resources list already tells the size of the template's boot disk. */
function checkDiskSize(request: VmCreateRequest, copies: readonly Guest[]): Result<void, Failure> {
  const has = Math.max(...copies.map((copy) => copy.diskBytes ?? 0))
  if (request.diskBytes === undefined || request.diskBytes >= has) return ok(undefined)
  return err(
    failure(
      'usage',
      `--disk-size ${formatSize(request.diskBytes)} is less than the ${formatSize(has)} of the template's boot disk`,
      {
        hint: 'Disks can only grow: ask for at least the size of the template',
        details: {field: 'disk-size', value: request.diskBytes, minimum: has},
      },
    ),
  )
}

function nameWarnings(name: string, guests: readonly Guest[]): string[] {
  const namesakes = guests.filter((guest) => guest.name === name)
  return namesakes.length === 0
    ? []
    : [
        `the name "${name}" is borne by ${namesakes.map(({vmid}) => vmid).join(', ')} too: from now on it has to be named by VMID`,
      ]
}

function taken(vmid: number, holder: Guest): Failure {
  return failure('vmid-conflict', `VMID ${vmid} is taken by ${guestLabel(holder)} on ${holder.node}`, {
    hint: 'Choose another one, or leave --vmid out to have a free one picked',
    details: {vmid, holder: {vmid, ...(holder.name !== undefined && {name: holder.name}), node: holder.node}},
  })
}
