import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {guestLabel} from '../domain/guest.js'
import {guestCommand} from '../domain/native-command.js'
import type {TaskReport} from '../domain/task.js'
import {checkVmid} from '../domain/vmid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestParameters} from '../repositories/new-guest-repository.js'
import {
  checkContainerSizes,
  containerMemory,
  containerParameters,
  rootOnly,
  storagesOfContainer,
  type ContainerRequest,
} from './container-create-request.js'
import type {ContainerSource, ContainerSourceService, FoundSource} from './container-source-service.js'
import {checkNode} from './choose-node.js'
import type {GuestPlace, NewGuestService} from './new-guest-service.js'
import type {Patience} from './patience.js'
import type {PlacementReport} from './vm-create-report.js'
import type {FinishStep, VmFinishService} from './vm-finish-service.js'

export interface ContainerSourceReport {
  readonly kind: ContainerSource['kind']
  /** The file it is made of, on its node. */
  readonly volume: string
  readonly reference?: string
}

interface ContainerReport {
  readonly vmid: number
  readonly name: string
  readonly type: 'lxc'
  readonly node: string
  readonly source: ContainerSourceReport
  readonly placement: PlacementReport
}

/** The JSON contract of `lxc create`. */
export interface CreatedContainer extends ContainerReport {
  readonly status: string
  readonly task: TaskReport
  /** What was done before and after, in order. */
  readonly steps?: readonly (FinishStep | {readonly step: 'fetch'; readonly task?: TaskReport})[]
  readonly warnings?: readonly string[]
}

/** What `lxc create` would do. The VMID is free at this moment; nothing reserves it. */
export interface ContainerPlan extends ContainerReport {
  readonly dryRun: true
  readonly steps: readonly string[]
  /** What the server would be sent; a password hides itself. */
  readonly parameters: GuestParameters
}

/** The creation under way, when nobody waits for it. */
export interface ContainerStarted extends ContainerReport {
  readonly upid: string
}

/** A request that has found its source and its node. */
interface Prepared {
  readonly request: ContainerRequest
  readonly resources: ClusterResources
  readonly found: FoundSource
  readonly place: GuestPlace
  /** On that node; it may have to be fetched first. */
  readonly volume: string
  readonly parameters: GuestParameters
  readonly warnings: readonly string[]
}

/** `lxc create NAME SOURCE`: the template wherever it lies, a node, a VMID of its own, the creation and the first start. */
export class ContainerCreateService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly sources: ContainerSourceService,
    private readonly creations: NewGuestService,
    private readonly finisher: VmFinishService,
  ) {}

  /** The plan alone; sends only GET requests. */
  plan(request: ContainerRequest): ResultAsync<ContainerPlan, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.describe(prepared)))
  }

  /** Waits for everything. `onPlaced` hears the decision once the server has accepted it. */
  create(
    request: ContainerRequest,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): ResultAsync<CreatedContainer, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.run(prepared, patience, onPlaced)))
  }

  /** Ends once the creation is under way. Refuses what somebody would have to wait for. */
  begin(
    request: ContainerRequest,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): ResultAsync<ContainerStarted, Failure> {
    return this.prepare(request).andThen((prepared) => {
      const rest = [...fetchSteps(prepared), ...startSteps(prepared)]
      if (rest.length > 0) {
        return errAsync(
          failure('usage', `--no-wait cannot be combined with what comes before or after: ${rest.join(', ')}`, {
            hint: 'Leave --no-wait out, or do the rest with commands of their own',
          }),
        )
      }

      return new ResultAsync(
        this.creations.create(wishOf(prepared), prepared.place, patience, {wait: false, onPlaced}),
      ).map(({vmid, task}) => ({vmid, ...reportOf(prepared), upid: task.upid}))
    })
  }

  /** Everything that can be known and refused before anything is changed. */
  private prepare(request: ContainerRequest): ResultAsync<Prepared, Failure> {
    return checkGuestName(request.name)
      .andThen(() => (request.vmid === undefined ? ok(0) : checkVmid(request.vmid)))
      .andThen(() => checkContainerSizes(request))
      .asyncAndThen(() => this.cluster.resources())
      .andThen((resources) =>
        checkFree(request, resources)
          .andThen(() =>
            request.node === undefined ? ok(undefined) : checkNode(request.node, request.name, resources),
          )
          .asyncAndThen(() => this.sources.find(request.source, resources, request.node, request))
          .andThen((found) => this.settle(request, resources, found)),
      )
  }

  private settle(
    request: ContainerRequest,
    resources: ClusterResources,
    found: FoundSource,
  ): Result<Prepared, Failure> {
    const demand = {
      memoryBytes: containerMemory(request),
      name: request.name,
      ...(request.node !== undefined && {node: request.node}),
      storagesOn: (node: string) => {
        const source = sourceOn(found, node)
        return source.isErr() ? source.error : storagesOfContainer(request, node, resources.storages)
      },
    }
    return this.creations.place(demand, resources).andThen((place) => {
      const volume = sourceOn(found, place.node).unwrapOr('')
      return containerParameters(request, place.node, volume, resources.storages).andThen((parameters) => {
        const forbidden = rootOnly(request)
        if (forbidden.length > 0) return err(needsRoot(request, place.node, forbidden, parameters))
        const namesakes = resources.guests.filter((guest) => guest.name === request.name)
        return ok({
          request,
          resources,
          found,
          place,
          volume,
          parameters,
          warnings: namesakes.map(
            ({vmid}) => `the name "${request.name}" is borne by ${vmid} too: from now on it has to be named by VMID`,
          ),
        })
      })
    })
  }

  private async run(
    prepared: Prepared,
    patience: Patience,
    onPlaced: (placement: PlacementReport) => void,
  ): Promise<Result<CreatedContainer, Failure>> {
    const {found, place, request} = prepared
    const fetched = await this.sources.fetch(found, place.node, patience)
    if (fetched.isErr()) return err(fetched.error)
    const made = await this.creations.create(wishOf(prepared), place, patience, {wait: true, onPlaced})
    if (made.isErr()) return err(made.error)
    const {task, vmid} = made.value
    const container = {vmid, name: request.name, type: 'lxc' as const, node: place.node, made: 'create' as const}
    const finish = {start: request.start, removeOnFailure: request.removeOnFailure}
    const finished = await this.finisher.finish(container, finish, patience)
    if (finished.isErr()) return err(finished.error)
    const before = fetched.value.task === undefined ? [] : [{step: 'fetch' as const, task: fetched.value.task}]
    const steps = [...before, ...finished.value.steps]
    const warnings = [...prepared.warnings, ...finished.value.warnings]
    return ok({
      vmid,
      ...reportOf(prepared),
      status: finished.value.status,
      task,
      ...(steps.length > 0 && {steps}),
      ...(warnings.length > 0 && {warnings}),
    })
  }

  private async describe(prepared: Prepared): Promise<Result<ContainerPlan, Failure>> {
    const {request, volume} = prepared
    const vmid = request.vmid === undefined ? await this.creations.nextVmid() : ok<number, Failure>(request.vmid)
    return vmid.map((id) => ({
      dryRun: true as const,
      vmid: id,
      ...reportOf(prepared),
      steps: [...fetchSteps(prepared), `create from ${volume}`, ...startSteps(prepared)],
      parameters: prepared.parameters,
    }))
  }
}

/** The volume on a node, now or once it is fetched, or why there is none. */
function sourceOn(found: FoundSource, node: string): Result<string, string> {
  const there = found.volumeOn(node)
  if (there !== undefined) return ok(there)
  return found.fetchTo?.(node).map(({volume}) => volume) ?? err('the container template is on no storage there')
}

function fetchSteps({found, place, volume}: Prepared): string[] {
  return found.volumeOn(place.node) === undefined ? [`fetch ${volume}`] : []
}

function startSteps({request}: Prepared): string[] {
  return request.start ? ['start'] : []
}

function wishOf({parameters, place, request}: Prepared): Parameters<NewGuestService['create']>[0] {
  return {
    type: 'lxc',
    name: request.name,
    ...(request.vmid !== undefined && {vmid: request.vmid}),
    node: place.node,
    memoryBytes: containerMemory(request),
    storagesOn: () => [],
    parametersOn: () => parameters,
  }
}

function reportOf({place, request, volume}: Prepared): Omit<ContainerReport, 'vmid'> {
  const {source} = request
  return {
    name: request.name,
    type: 'lxc',
    node: place.node,
    source: {kind: source.kind, volume, ...(source.kind === 'oci' && {reference: source.reference})},
    placement: place.placement,
  }
}

function checkFree({vmid}: ContainerRequest, {guests}: ClusterResources): Result<void, Failure> {
  const holder = vmid === undefined ? undefined : guests.find((guest) => guest.vmid === vmid)
  if (holder === undefined) return ok(undefined)
  return err(
    failure('vmid-conflict', `VMID ${vmid} is taken by ${guestLabel(holder)} on ${holder.node}`, {
      hint: 'Choose another one, or leave --vmid out to have a free one picked',
      details: {vmid, holder: {vmid: holder.vmid, node: holder.node}},
    }),
  )
}

function needsRoot(
  request: ContainerRequest,
  node: string,
  forbidden: readonly string[],
  {ostemplate, ...options}: GuestParameters,
): Failure {
  const line = guestCommand('lxc', 'create', [request.vmid ?? 'VMID', String(ostemplate)], options)
  return failure('permission', `only root@pam itself, with a password, may ask for ${forbidden.join(' and ')}`, {
    hint: `Leave it out, log in as root@pam (homelab auth login URL --user root@pam), or do it on ${node}: ${line}`,
    details: {node, rootOnly: forbidden, native: line},
  })
}
