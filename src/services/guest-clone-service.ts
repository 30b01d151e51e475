import {err, errAsync, ok, okAsync, type Result, ResultAsync} from 'neverthrow'
import {cloneObstacle} from '../domain/clone-check.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {guestNeeds} from '../domain/guest-needs.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import {guestCommand, type NativeLine} from '../domain/native-command.js'
import {nameWarnings, vmidTaken} from '../domain/new-guest.js'
import {placeClone, type Candidate, type NodeDemand} from '../domain/placement.js'
import type {TaskReport} from '../domain/task.js'
import {unknownStorage} from '../domain/unknown-storage.js'
import {checkVmid} from '../domain/vmid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {ConfigRepository} from '../repositories/config-repository.js'
import {cloneParameters, type CloneOptions, type GuestRepository} from '../repositories/guest-repository.js'
import {chooseNode} from './choose-node.js'
import type {CloneService, CloneWish, Place} from './clone-service.js'
import {placementReport, type PlacementReport} from './guest-create-report.js'
import {resolveGuest} from './guest-service.js'
import type {Patience} from './patience.js'
import type {ReachCheck} from './reach-check.js'
import {following} from './relocation.js'
import type {Visibility} from './visibility.js'
import type {VmidPicker} from './vmid-picker.js'

export interface GuestCloneRequest extends Pick<NodeDemand, 'memoryCeiling' | 'vmidsOn'> {
  readonly type: GuestType
  /** Name or VMID. */
  readonly source: string
  readonly name: string
  readonly linked: boolean
  readonly snapshot?: string
  /** Undefined: where the source is; `auto`: the best one. */
  readonly target?: string
  readonly storage?: string
  readonly pool?: string
  readonly vmid?: number
  readonly description?: string
}

export interface CloneSource {
  readonly kind: 'guest' | 'template'
  readonly name?: string
  readonly vmid: number
  readonly node: string
  readonly snapshot?: string
}

/** The JSON contract of `clone`, as far as it is known before it is done. */
interface CloneFacts {
  readonly vmid: number
  readonly name: string
  readonly type: GuestType
  readonly node: string
  readonly source: CloneSource
  readonly linked: boolean
  readonly placement: PlacementReport
}

export interface ClonedGuest extends CloneFacts {
  readonly status: string
  readonly task: TaskReport
  readonly warnings?: readonly string[]
}

/** The clone under way, when nobody waits for it. */
export interface CloneStarted extends CloneFacts {
  readonly upid: string
  readonly warnings?: readonly string[]
}

/** What would be done. The VMID is free at this moment; nothing reserves it. */
export interface ClonePlan extends CloneFacts {
  readonly dryRun: true
  readonly commands: readonly NativeLine[]
  readonly warnings?: readonly string[]
}

interface Prepared {
  readonly request: GuestCloneRequest
  readonly candidate: Candidate
  readonly placement: PlacementReport
  readonly source: Guest
  readonly warnings: readonly string[]
}

/** Instead of a node: the best one. */
const AUTO = 'auto'

/** `vm clone` and `lxc clone`: of any guest, on its own node or on one that shares its storage. */
export class GuestCloneService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly configs: ConfigRepository,
    private readonly visibility: Visibility,
    private readonly clones: CloneService,
    private readonly vmids: VmidPicker,
    private readonly reach: ReachCheck,
  ) {}

  clone(request: GuestCloneRequest, patience: Patience): ResultAsync<ClonedGuest, Failure> {
    return this.prepare(request).andThen((prepared) => new ResultAsync(this.run(prepared, patience)))
  }

  /** Ends once the clone is under way. */
  begin(request: GuestCloneRequest, patience: Patience): ResultAsync<CloneStarted, Failure> {
    return this.prepare(request).andThen((prepared) =>
      new ResultAsync(this.send(prepared, patience, false)).map(({task, ...facts}) => ({...facts, upid: task.upid})),
    )
  }

  /** The plan alone; sends only GET requests. */
  plan(request: GuestCloneRequest): ResultAsync<ClonePlan, Failure> {
    return this.prepare(request).andThen((prepared) =>
      this.freeVmid(prepared).map((vmid): ClonePlan => {
        const {source} = prepared
        const {newid: _newid, ...parameters} = cloneParameters(source.type, optionsOf(prepared, vmid))
        return {
          dryRun: true,
          ...factsOf(prepared, vmid),
          commands: [{node: source.node, command: guestCommand(source.type, 'clone', [source.vmid, vmid], parameters)}],
          ...remarks(prepared),
        }
      }),
    )
  }

  private freeVmid({candidate, request: {vmid, vmidsOn}}: Prepared): ResultAsync<number, Failure> {
    return vmid === undefined ? new ResultAsync(this.vmids.pick(new Set(), vmidsOn?.(candidate.node))) : okAsync(vmid)
  }

  /** Everything that can be known and refused from one look at the cluster and one at the source. */
  private prepare(request: GuestCloneRequest): ResultAsync<Prepared, Failure> {
    const {name, snapshot, type, vmid} = request
    return checkGuestName(name)
      .andThen(() => (vmid === undefined ? ok(0) : checkVmid(vmid)))
      .asyncAndThen(() => this.cluster.resources())
      .andThen((resources) => {
        const taken = vmidTaken(vmid, resources.guests)
        if (taken !== undefined) return errAsync<Prepared, Failure>(taken)
        const {storage} = request
        const unknown = storage === undefined ? undefined : unknownStorage(storage, resources.storages)
        if (unknown !== undefined) return errAsync<Prepared, Failure>(unknown)
        return resolveGuest(resources.guests, type, request.source)
          .asyncMap((guest) => Promise.resolve(guest))
          .orElse((missing) => this.visibility.explain<Guest>(missing, resources.guests.length))
          .andThen((listed) =>
            following(this.cluster, listed, (guest) =>
              ResultAsync.combine([
                this.configs.read(guest, snapshot === undefined ? {} : {snapshot}),
                this.guests.status(guest),
              ] as const).map(([config, status]) => ({source: {...guest, status} as Guest, config})),
            ).mapErr((failed) => (snapshot === undefined ? failed : aboutSnapshot(failed, listed, snapshot))),
          )
          .andThen(({config, source}) => new ResultAsync(this.place(request, source, config, resources)))
      })
  }

  /** The node for the clone: that of the source, the one that was named, or the best one; by the same constraints as any other new guest. */
  private async place(
    request: GuestCloneRequest,
    source: Guest,
    config: Readonly<Record<string, unknown>>,
    resources: ClusterResources,
  ): Promise<Result<Prepared, Failure>> {
    const {linked, memoryCeiling, name, snapshot, storage, target = source.node, vmid, vmidsOn} = request
    const picking = vmid === undefined && vmidsOn !== undefined ? {vmidsOn} : {}
    const obstacleOn = (node: string) =>
      cloneObstacle(
        {
          source,
          config,
          linked,
          target: node,
          ...(snapshot !== undefined && {snapshot}),
          ...(storage !== undefined && {storage}),
        },
        resources,
      )
    const auto = target === AUTO
    // What stands against the clone wherever it goes is better told alone.
    const obstacle = obstacleOn(auto ? source.node : target)
    if (obstacle !== undefined) return err(obstacle)
    const refused = new Map(
      resources.nodes.flatMap(({node, status}) => {
        const why = status === 'online' ? obstacleOn(node) : undefined
        return why === undefined ? [] : [[node, why.message] as const]
      }),
    )
    const needs = guestNeeds(source.type, config)
    const placed = await this.reach.placeWith(
      (out) => {
        const placement = placeClone(
          {
            copies: [source],
            name,
            tags: source.tags,
            memoryBytes: source.memoryBytes,
            storageOn: () => storage,
            refused: out,
            ...(memoryCeiling !== undefined && {memoryCeiling}),
            ...picking,
          },
          resources,
        )
        return chooseNode(placement, auto ? undefined : target, name, resources)
      },
      ({candidate}) => candidate.node,
      // Where the source is, it has what it needs.
      (node) => (node === source.node ? {bridges: [], devices: []} : needs),
      refused,
    )
    return placed.map(({candidate, placement}) => ({
      request,
      source,
      candidate,
      placement: {
        ...placementReport(!auto, placement, candidate),
        ...(request.target === undefined && {reason: 'where the source is'}),
      },
      warnings: nameWarnings(name, resources.guests),
    }))
  }

  private async run(prepared: Prepared, patience: Patience): Promise<Result<ClonedGuest, Failure>> {
    const sent = await this.send(prepared, patience, true)
    if (sent.isErr()) return err(sent.error)
    // What the server has made of it, not what was asked.
    const status = await this.guests.status(sent.value)
    return ok({...sent.value, status: status.unwrapOr('stopped')})
  }

  private async send(
    prepared: Prepared,
    patience: Patience,
    wait: boolean,
  ): Promise<Result<Omit<ClonedGuest, 'status'>, Failure>> {
    const {candidate, request, source} = prepared
    const {description, linked, name, pool, snapshot, vmid, vmidsOn} = request
    const target = candidate.node
    const wish: CloneWish = {
      name,
      linked,
      ...(vmid !== undefined && {vmid}),
      ...(vmidsOn !== undefined && {vmidsOn}),
      ...(snapshot !== undefined && {snapshot}),
      ...(pool !== undefined && {pool}),
      ...(description !== undefined && {description}),
    }
    const place: Place = (refused) => {
      const reason = refused.get(target)
      if (reason === undefined) return ok({candidate, placement: {candidates: [candidate], rejected: []}})
      return err(
        failure('refused', `${guestLabel(source)} cannot be cloned to ${target}: ${reason}`, {
          hint: `Clone it on ${source.node} and migrate the copy afterwards`,
          details: {reason: 'local-storage', node: target},
        }),
      )
    }
    const cloned = await this.clones.clone(wish, place, patience, {wait, onPlaced() {}})
    return cloned.map(({task, vmid: got}) => ({...factsOf(prepared, got), task, ...remarks(prepared)}))
  }
}

function factsOf({candidate, placement, request, source}: Prepared, vmid: number): CloneFacts {
  const {linked, name, snapshot, type} = request
  return {
    vmid,
    name,
    type,
    node: candidate.node,
    source: {
      kind: source.template ? 'template' : 'guest',
      ...(source.name !== undefined && {name: source.name}),
      vmid: source.vmid,
      node: source.node,
      ...(snapshot !== undefined && {snapshot}),
    },
    linked,
    placement,
  }
}

function optionsOf({candidate, request, source}: Prepared, newid: number): CloneOptions {
  const {description, linked, name, pool, snapshot, storage} = request
  return {
    newid,
    name,
    full: !linked,
    ...(snapshot !== undefined && {snapname: snapshot}),
    ...(candidate.node !== source.node && {target: candidate.node}),
    ...(storage !== undefined && {storage}),
    ...(pool !== undefined && {pool}),
    ...(description !== undefined && {description}),
  }
}

function remarks({warnings}: Prepared): {warnings?: readonly string[]} {
  return warnings.length > 0 ? {warnings} : {}
}

function aboutSnapshot(failed: Failure, guest: Guest, snapshot: string): Failure {
  if (failed.kind !== 'not-found' || !failed.message.includes('snapshot')) return failed
  return failure('not-found', `${guestLabel(guest)} has no snapshot "${snapshot}"`, {
    hint: `See which it has: homelab proxmox api get /nodes/${guest.node}/${guest.type}/${guest.vmid}/snapshot`,
    details: {reason: 'snapshot-unknown', vmid: guest.vmid, snapshot},
  })
}
