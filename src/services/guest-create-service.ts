import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {creationOn} from '../domain/creation-layers.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import type {NativeLine} from '../domain/native-command.js'
import {nameWarnings, vmidTaken} from '../domain/new-guest.js'
import {checkNamesFree, numberedNames} from '../domain/numbered-names.js'
import {withPlanned} from '../domain/planned-guest.js'
import {unknownStorage} from '../domain/unknown-storage.js'
import {checkVmid, freeVmid} from '../domain/vmid.js'
import {checkConditions} from '../domain/wait-condition.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {fanOut, type FanOut, type TargetResult} from './fan-out.js'
import type {CreatedGuest, GuestCreatePlan, GuestCreateStarted, PlacementReport} from './guest-create-report.js'
import {vmidsFor, type GuestCreateRequest} from './guest-create-request.js'
import type {GuestFinishService} from './guest-finish-service.js'
import type {GuestMaker, PlacedGuest, PreparedGuests} from './guest-maker.js'
import type {Patience} from './patience.js'

/** Hears where a guest goes once the server has accepted it there. */
export type OnPlaced = (placement: PlacementReport, name: string) => void

/** What the creation of one kind of guest has of its own. */
export interface GuestCreation<R extends GuestCreateRequest> {
  readonly type: GuestType
  /** What the request itself shows to be wrong. */
  check(request: R): Result<void, Failure>
  /** What the server's release does not have, before anything is sent. */
  checkRelease(request: R): ResultAsync<void, Failure>
  /** Fixed addresses, which one guest alone can have. */
  addresses(request: R): readonly string[]
  /** Storages that the request names, for whatever it is. */
  storages(request: R): readonly string[]
  /** Whether any disk goes where the request itself does not say. */
  leavesStorageOpen(request: R, resources: ClusterResources): boolean
  makerOf(request: R, resources: ClusterResources): GuestMaker<R>
}

/** `vm create` and `lxc create`: a source, a place, a VMID of its own, the guest, and what was asked on top. */
export class GuestCreateService<R extends GuestCreateRequest> {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly creation: GuestCreation<R>,
    private readonly finisher: GuestFinishService,
  ) {}

  /**
   * Everything that can be known and refused from GET requests: names, VMIDs, source, devices, and room for all of them.
   * @param count how many, with numbered names; undefined: one, called as it was asked for
   * @param careful also looks for what otherwise the server itself would refuse later; several guests always get that look
   */
  prepare(request: R, count?: number, careful = false): ResultAsync<PlacedGuest[], Failure> {
    return this.check(request, count)
      .andThen(() =>
        count === undefined ? checkGuestName(request.name).map((name) => [name]) : numberedNames(request.name, count),
      )
      .asyncAndThen((names) => this.creation.checkRelease(request).map(() => names))
      .andThen((names) =>
        this.cluster.resources().andThen((resources) =>
          checkFree(request, names, resources, count !== undefined)
            .andThen(() => this.checkStorages(request, resources))
            .asyncAndThen(() =>
              this.creation
                .makerOf(request, resources)
                .prepare(request, resources)
                .andThen(
                  (prepared) =>
                    new ResultAsync(placeAll(prepared, request, names, resources, careful || count !== undefined)),
                ),
            ),
        ),
      )
  }

  /** Waits for everything. `onPlaced` hears the decision once the server has accepted it. */
  create(request: R, patience: Patience, onPlaced: OnPlaced): ResultAsync<CreatedGuest, Failure> {
    return this.prepare(request).andThen(
      ([guest]) => new ResultAsync(this.run(guest as PlacedGuest, patience, onPlaced)),
    )
  }

  /** Several alike, a few at a time; nothing is made before there is room for all of them. */
  createSeveral(
    request: R,
    count: number,
    patience: () => Patience,
    onPlaced: OnPlaced,
    manner: FanOut,
  ): ResultAsync<TargetResult<CreatedGuest>[], Failure> {
    return this.prepare(request, count).map((all) =>
      fanOut(
        all,
        ({name}) => name,
        (guest) => this.run(guest, patience(), onPlaced),
        manner,
      ),
    )
  }

  /** Ends once the creation is under way. Refuses requests whose other steps nobody would be there for. */
  begin(request: R, patience: Patience, onPlaced: OnPlaced): ResultAsync<GuestCreateStarted, Failure> {
    return this.prepare(request).andThen(
      ([guest]) => new ResultAsync(this.start(guest as PlacedGuest, patience, onPlaced)),
    )
  }

  /** The plans alone; sends only GET requests. */
  plan(request: R, count?: number): ResultAsync<GuestCreatePlan[], Failure> {
    return this.withVmids(request, count).map((planned) =>
      planned.map(({guest, vmid}): GuestCreatePlan => ({
        dryRun: true,
        vmid,
        name: guest.name,
        type: this.creation.type,
        node: guest.node,
        source: guest.source,
        placement: guest.placement,
        steps: [...guest.before, guest.making, ...guest.after],
        parameters: guest.parameters,
        ...(guest.warnings.length > 0 && {warnings: guest.warnings}),
      })),
    )
  }

  /** What does the same in shells on the nodes; sends only GET requests. */
  native(request: R, count?: number): ResultAsync<NativeLine[], Failure> {
    return this.withVmids(request, count).map((planned) => planned.flatMap(({guest, vmid}) => guest.native(vmid)))
  }

  private check(request: R, count = 1): Result<void, Failure> {
    const {start, vmid, waitFor} = request
    const {type} = this.creation
    return (vmid === undefined ? ok<number, Failure>(0) : checkVmid(vmid))
      .andThen(() => checkConditions(waitFor, type, false))
      .andThen(() =>
        waitFor.length === 0 || start
          ? ok(undefined)
          : err(
              failure('usage', `--wait-for is about a ${guestNoun(type)} that was started`, {
                hint: 'Add --start',
                details: {field: 'wait-for'},
              }),
            ),
      )
      .andThen(() => this.creation.check(request))
      .andThen(() => (count > 1 ? checkAlike(this.creation.addresses(request)) : ok(undefined)))
  }

  /** A storage that no node has; one that some have is for the placement to judge. */
  private checkStorages(request: R, resources: ClusterResources): Result<void, Failure> {
    const {layers, node: named} = request
    const {storages} = resources
    const asked = layers.asked.storage === undefined ? [] : [layers.asked.storage]
    for (const storage of [...asked, ...this.creation.storages(request)]) {
      const unknown = unknownStorage(storage, storages)
      if (unknown !== undefined) return err(unknown)
    }

    if (asked.length > 0 || !this.creation.leavesStorageOpen(request, resources)) return ok(undefined)
    const nodes = resources.nodes.filter(({node}) => named === undefined || node === named)
    // Where one node has what is set for it, the guest can go there.
    const unknown = nodes.map(({node}) => {
      const {storage} = creationOn(node, layers)
      return storage === undefined ? undefined : unknownStorage(storage, storages, 'configuration')
    })
    const [first] = unknown
    return first === undefined || unknown.includes(undefined) ? ok(undefined) : err(first)
  }

  /** The VMIDs that would be used if nobody else took them meanwhile. */
  private withVmids(request: R, count: number | undefined): ResultAsync<{guest: PlacedGuest; vmid: number}[], Failure> {
    return this.prepare(request, count, true).andThen((all) =>
      this.cluster.nextId().andThen((first) =>
        this.cluster.resources('vm').map(({guests}) => {
          const used = new Set(guests.map(({vmid}) => vmid))
          let next = first
          return all.map((guest) => {
            if (guest.vmid !== undefined) return {guest, vmid: guest.vmid}
            const span = vmidsFor(request).vmidsOn?.(guest.node)
            const ranged = span === undefined ? undefined : freeVmid(span, used)
            if (ranged !== undefined) {
              used.add(ranged)
              return {guest, vmid: ranged}
            }

            while (used.has(next)) next++
            used.add(next)
            return {guest, vmid: next}
          })
        }),
      ),
    )
  }

  private async run(
    guest: PlacedGuest,
    patience: Patience,
    onPlaced: OnPlaced,
  ): Promise<Result<CreatedGuest, Failure>> {
    const made = await guest.make(patience, {wait: true, onPlaced: (placement) => onPlaced(placement, guest.name)})
    if (made.isErr()) return err(made.error)
    const {finish, node, placement, source, task, vmid} = made.value
    const facts = {vmid, name: guest.name, type: this.creation.type, node}
    const kind = source.kind === 'template' ? ('clone' as const) : ('create' as const)
    const finished = await this.finisher.finish({...facts, made: kind}, finish, patience)
    if (finished.isErr()) return err(finished.error)
    const steps = [...made.value.steps, ...finished.value.steps]
    const warnings = [...guest.warnings, ...finished.value.warnings]
    return ok({
      ...facts,
      status: finished.value.status,
      source,
      placement,
      task,
      ...(steps.length > 0 && {steps}),
      ...(warnings.length > 0 && {warnings}),
    })
  }

  private async start(
    guest: PlacedGuest,
    patience: Patience,
    onPlaced: OnPlaced,
  ): Promise<Result<GuestCreateStarted, Failure>> {
    const rest = [...guest.before, ...guest.after]
    if (rest.length > 0) {
      const what = guest.source.kind === 'template' ? 'clone' : 'creation'
      return err(
        failure('usage', `--no-wait cannot be combined with what comes beside the ${what}: ${rest.join(', ')}`, {
          hint: `Wait for the ${what} (leave --no-wait out), or do the rest later with homelab proxmox ${this.creation.type === 'qemu' ? 'vm' : 'lxc'} commands`,
        }),
      )
    }

    const begun = await guest.make(patience, {wait: false, onPlaced: (placement) => onPlaced(placement, guest.name)})
    return begun.map(({node, placement, source, task, vmid}) => ({
      vmid,
      name: guest.name,
      type: this.creation.type,
      node,
      source,
      placement,
      upid: task.upid,
      ...(guest.warnings.length > 0 && {warnings: guest.warnings}),
    }))
  }
}

/** Several alike would be given one address. */
function checkAlike([address]: readonly string[]): Result<void, Failure> {
  if (address === undefined) return ok(undefined)
  return err(
    failure('usage', `the address ${address} is one guest's, and --count asks for several`, {
      hint: 'Let them ask for their addresses (dhcp), or make them one by one',
      details: {field: 'count', address},
    }),
  )
}

/** Names of several must be free, for they are told apart by them; and so must every VMID that was asked for. */
function checkFree(
  {vmid}: GuestCreateRequest,
  names: readonly string[],
  {guests}: ClusterResources,
  several: boolean,
): Result<void, Failure> {
  for (const index of names.keys()) {
    const taken = vmidTaken(vmid === undefined ? undefined : vmid + index, guests)
    if (taken !== undefined) return err(taken)
  }

  return several ? checkNamesFree(names, guests) : ok(undefined)
}

/** The VMID that a guest would get from the range that is set for its node; undefined without a range. */
function nextInRange(
  request: GuestCreateRequest,
  node: string,
  guests: ClusterResources['guests'],
): number | undefined {
  const span = vmidsFor(request).vmidsOn?.(node)
  return span === undefined ? undefined : freeVmid(span, new Set(guests.map(({vmid}) => vmid)))
}

/** One after the other, each as if those before it were there already. */
async function placeAll(
  prepared: PreparedGuests,
  request: GuestCreateRequest,
  names: readonly string[],
  resources: ClusterResources,
  careful: boolean,
): Promise<Result<PlacedGuest[], Failure>> {
  const {becomesTemplate = false, vmid: first} = request
  const all: PlacedGuest[] = []
  let seen = resources
  for (const [index, name] of names.entries()) {
    const guest = {name, ...(first !== undefined && {vmid: first + index})}
    const placed = await prepared.place(guest, seen, careful)
    if (placed.isErr()) {
      const {message} = placed.error
      return err(
        index === 0
          ? placed.error
          : {...placed.error, message: `there is room for ${index} of ${names.length} only: ${message}`},
      )
    }

    const namesakes = becomesTemplate ? [] : nameWarnings(name, resources.guests)
    const warnings = [...namesakes, ...placed.value.warnings]
    all.push({...placed.value, warnings})
    const vmid = guest.vmid ?? nextInRange(request, placed.value.node, seen.guests)
    seen = withPlanned(seen, {...placed.value, ...(vmid !== undefined && {vmid})})
  }

  return ok(all)
}
