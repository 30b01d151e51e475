import type {GuestOptions} from '../domain/guest-options.js'
import {err, ok, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {placeGuest, type GuestDemand} from '../domain/guest-placement.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import type {TaskReport} from '../domain/task.js'
import {isLockTimeout, isVmidTaken} from '../repositories/failure-from-request.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {NewGuestRepository} from '../repositories/new-guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {chooseNode} from './choose-node.js'
import {findLostTask} from './lost-task.js'
import {impatience, type Patience, type Timing} from './patience.js'
import type {TaskService} from './task-service.js'
import {placementReport, type PlacementReport} from './guest-create-report.js'
import type {VmidPicker} from './vmid-picker.js'

/** Lost races before giving up: with the choice doubling each time, 25 rivals need about five. */
const MOST_COLLISIONS = 40

/** A guest to be made from nothing. */
export interface GuestWish {
  readonly type: GuestType
  readonly name: string
  /** Undefined: a free one. One that is given is never changed. */
  readonly vmid?: number
  /** Where a free VMID is picked from. */
  readonly vmidsOn?: GuestDemand['vmidsOn']
  /** All its options on a node, but for the VMID. */
  readonly parametersOn: (node: string) => GuestOptions
  /** Of the task that makes it, where it is not `qmcreate` or `vzcreate`. */
  readonly taskType?: string
  /** A task that fails leaves the guest behind as it is, so that another try would make a second one. */
  readonly leavesRemains?: true
}

/** What has to find a node. */
export interface PlaceWish extends Omit<GuestDemand, 'refused'> {
  readonly name: string
  /** Undefined: the best one. */
  readonly node?: string
}

/** Where a guest can be made; decided before anything is sent. */
export interface GuestPlace {
  readonly node: string
  readonly placement: PlacementReport
}

export interface NewGuest extends GuestPlace {
  readonly vmid: number
  /** Of the creation; only its UPID counts when nobody waited. */
  readonly task: TaskReport
}

export interface CreationManner {
  /** False: done once the task is under way. */
  readonly wait: boolean
  /** Called once the server has accepted it there. */
  readonly onPlaced: (placement: PlacementReport) => void
}

/** Guests that are made from nothing, each with a VMID that nobody else gets. */
export class NewGuestService {
  constructor(
    private readonly vmids: VmidPicker,
    private readonly creations: NewGuestRepository,
    private readonly guests: GuestRepository,
    private readonly taskList: TaskRepository,
    private readonly tasks: TaskService,
    private readonly timing: Timing,
  ) {}

  /**
   * The node for a guest, by what one look at the cluster tells; see `chooseNode` for the refusals.
   * @param refused nodes that a second look has ruled out, with the reason
   */
  place(
    wish: PlaceWish,
    resources: ClusterResources,
    refused: ReadonlyMap<string, string> = new Map(),
  ): Result<GuestPlace, Failure> {
    const {name, node} = wish
    const placement = placeGuest({...wish, refused}, resources)
    return chooseNode(placement, node, name, resources).map(({candidate}) => ({
      node: candidate.node,
      placement: placementReport(node !== undefined, placement, candidate),
    }))
  }

  /**
   * Makes the guest on the node it was placed on. Who loses the race for a VMID picks again; when the answer is lost, the task is looked for, and the same
   * request sent once more where there is none, for a VMID can be taken only once.
   */
  async create(
    wish: GuestWish,
    place: GuestPlace,
    patience: Patience,
    manner: CreationManner,
  ): Promise<Result<NewGuest, Failure>> {
    const lost = new Set<number>()
    let told = false
    const onAccepted = (): void => {
      if (!told) manner.onPlaced(place.placement)
      told = true
    }

    for (;;) {
      const vmid =
        wish.vmid === undefined
          ? await this.vmids.pick(lost, wish.vmidsOn?.(place.node))
          : ok<number, Failure>(wish.vmid)
      if (vmid.isErr()) return err(vmid.error)
      const tried = await this.attempt(wish, vmid.value, place.node, patience, manner.wait, onAccepted)
      if (tried.isOk()) return ok({...place, vmid: vmid.value, task: tried.value})
      const again = isVmidTaken(tried.error)
        ? wish.vmid === undefined
        : isLockTimeout(tried.error) && !(wish.leavesRemains === true && tried.error.upid !== undefined)
      if (!again || lost.size >= MOST_COLLISIONS) return err(tried.error)
      lost.add(vmid.value)
      await this.vmids.pause(lost.size, patience)
      const gone = impatience(patience, this.timing, `the creation of ${wish.name}`)
      if (gone !== undefined) return err(gone)
    }
  }

  private async attempt(
    wish: GuestWish,
    vmid: number,
    node: string,
    patience: Patience,
    wait: boolean,
    onAccepted: () => void,
  ): Promise<Result<TaskReport, Failure>> {
    const {name, type} = wish
    const what = `creation of ${guestLabel({type, vmid, name})}`
    const sent = await this.send(wish, vmid, node, patience)
    if (sent.isErr()) return err(sent.error)
    onAccepted()
    if (!wait) return ok({upid: sent.value.upid, outcome: 'ok', exitStatus: '', durationSeconds: 0})
    patience.onStep?.({text: what})
    const ended = await this.tasks.waitOk(sent.value.upid, what, patience)
    if (ended.isErr()) return err({...ended.error, details: {...ended.error.details, vmid, name, node}})
    if (!sent.value.found) return ended
    // Found, not answered: it may be a rival's guest that took the VMID before ours came through.
    const ours = await this.isOurs(wish, vmid, node)
    return ours.andThen((yes) => (yes ? ended : err(failure('vmid-conflict', `VMID ${vmid} went to somebody else`))))
  }

  private async send(
    wish: GuestWish,
    vmid: number,
    node: string,
    patience: Patience,
  ): Promise<Result<{upid: string; found: boolean}, Failure>> {
    const since = this.timing.now()
    const post = () =>
      this.creations
        .create(wish.type, node, vmid, wish.name, wish.parametersOn(node))
        .map((upid) => ({upid, found: false}))
    const first = await post()
    if (first.isOk() || first.error.kind !== 'outcome-unknown') return first
    const found = await this.findTask(wish, vmid, node, since, patience)
    if (found !== undefined) return ok({upid: found, found: true})
    const second = await post()
    if (second.isOk() || !(isVmidTaken(second.error) || second.error.kind === 'outcome-unknown')) return second
    const late = await this.findTask(wish, vmid, node, since, patience)
    if (late !== undefined) return ok({upid: late, found: true})
    if (isVmidTaken(second.error)) return second
    return err(
      failure('outcome-unknown', `nobody knows whether VMID ${vmid} is being made: the answer was lost twice`, {
        hint: `Look for it with: homelab proxmox task list --node ${node}`,
        details: {vmid, name: wish.name, node},
      }),
    )
  }

  /** A creation's UPID carries the VMID, on the node that was asked. */
  private findTask(
    {taskType, type}: GuestWish,
    vmid: number,
    node: string,
    sinceMs: number,
    {signal}: Patience,
  ): Promise<string | undefined> {
    const task = {node, vmid, sinceMs, type: taskType ?? (type === 'qemu' ? 'qmcreate' : 'vzcreate')}
    return findLostTask(this.taskList, this.timing, task, signal)
  }

  /** Whether the guest of that VMID is the one that was wished for: of the same name, and with the same identity where one was given. */
  private async isOurs(wish: GuestWish, vmid: number, node: string): Promise<Result<boolean, Failure>> {
    const {name, type} = wish
    const wanted = wish.parametersOn(node)
    const read = await this.guests.config({type, vmid, node})
    return read.map(
      (config) =>
        config[type === 'qemu' ? 'name' : 'hostname'] === name &&
        (wanted['smbios1'] === undefined || config['smbios1'] === wanted['smbios1']),
    )
  }
}
