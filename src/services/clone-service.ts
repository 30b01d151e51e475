import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import type {Candidate, NodeDemand, Placement} from '../domain/placement.js'
import type {TaskReport} from '../domain/task.js'
import {isDiskLock, isLockTimeout, isVmidTaken, usesLocalStorage} from '../repositories/failure-from-request.js'
import type {CloneOptions, GuestRepository} from '../repositories/guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {findLostTask} from './lost-task.js'
import {impatience, type Patience, type Timing} from './patience.js'
import type {TaskService} from './task-service.js'
import type {VmidPicker} from './vmid-picker.js'

/** Lost races for a VMID before giving up: with the choice doubling each time, 25 rivals need about five. */
const MOST_COLLISIONS = 40
const MOST_LOCK_WAITS = 20
/** How often a container that is being cloned is tried again. */
const BUSY_POLL_MS = 1000

export interface Cloned {
  readonly vmid: number
  readonly candidate: Candidate
  readonly placement: Placement
  readonly task: TaskReport
}

export interface CloneWish {
  readonly name: string
  readonly vmid?: number
  /** See `NodeDemand`. */
  readonly vmidsOn?: NodeDemand['vmidsOn']
  readonly linked: boolean
  /** Clones this snapshot of the source. */
  readonly snapshot?: string
  readonly pool?: string
  readonly description?: string
}

interface Placed {
  readonly placement: Placement
  readonly candidate: Candidate
}

/** Decides anew, given the nodes that the server has refused so far. */
export type Place = (refused: ReadonlyMap<string, string>) => Result<Placed, Failure>

interface Manner {
  /** False: done once the task is under way; the report then only has its UPID. */
  readonly wait: boolean
  /** Called once the server has accepted the clone there. */
  readonly onPlaced: (placed: Placed) => void
}

/** A clone with a VMID that nobody else gets. */
export class CloneService {
  constructor(
    private readonly vmids: VmidPicker,
    private readonly guests: Pick<GuestRepository, 'clone' | 'config'>,
    private readonly taskList: TaskRepository,
    private readonly tasks: TaskService,
    private readonly clock: Timing,
  ) {}

  /**
   * `nextid` reserves nothing, so a VMID is ours only when the clone has it: who loses the race, at once or in the task, picks again.
   * A VMID that was asked for is never changed. A node that the server refuses is left out, and the next best taken.
   */
  async clone(wish: CloneWish, place: Place, patience: Patience, manner: Manner): Promise<Result<Cloned, Failure>> {
    const refused = new Map<string, string>()
    const lost = new Set<number>()
    let told: string | undefined
    let collisions = 0
    let lockWaits = 0
    for (;;) {
      const placed = place(refused)
      if (placed.isErr()) return err(placed.error)
      const {candidate} = placed.value

      const vmid =
        wish.vmid === undefined
          ? await this.vmids.pick(lost, wish.vmidsOn?.(candidate.node))
          : ok<number, Failure>(wish.vmid)
      if (vmid.isErr()) return err(vmid.error)
      const tried = await this.attempt(wish, vmid.value, candidate, patience, manner.wait, () => {
        // A lost race leads to the same node again.
        if (told !== candidate.node) manner.onPlaced(placed.value)
        told = candidate.node
      })
      if (tried.isOk()) return ok({vmid: vmid.value, ...placed.value, task: tried.value})

      const failed = tried.error
      if (isVmidTaken(failed) && wish.vmid === undefined && collisions < MOST_COLLISIONS) {
        lost.add(vmid.value)
        await this.vmids.pause(++collisions, patience)
      } else if (usesLocalStorage(failed) && candidate.source.node !== candidate.node) {
        refused.set(candidate.node, `the template is on storage local to ${candidate.source.node}`)
      } else if (isLockTimeout(failed) && lockWaits < MOST_LOCK_WAITS) {
        // The task gave up before it made anything: a rival is busy with this very VMID, or somebody with the template.
        lost.add(vmid.value)
        await this.vmids.pause(++lockWaits, patience)
      } else if (candidate.source.type === 'lxc' && isDiskLock(failed)) {
        // Another clone of the same container has it for its whole run: wait for our turn.
        patience.onStep?.({
          text: `waiting until ${guestLabel(candidate.source)} is free: another clone or disk change runs`,
        })
        await this.clock.sleep(BUSY_POLL_MS * (0.5 + this.clock.random()), patience.signal)
      } else {
        return err(failed)
      }

      const gone = impatience(patience, this.clock, `a clone of ${guestLabel(candidate.source)}`)
      if (gone !== undefined) return err(gone)
    }
  }

  private async attempt(
    wish: CloneWish,
    newid: number,
    candidate: Candidate,
    patience: Patience,
    wait: boolean,
    onAccepted: () => void,
  ): Promise<Result<TaskReport, Failure>> {
    const {source, storage} = candidate
    const what = `clone of ${guestLabel(source)} to VMID ${newid}`
    const options: CloneOptions = {
      newid,
      name: wish.name,
      full: !wish.linked,
      ...(wish.snapshot !== undefined && {snapname: wish.snapshot}),
      ...(candidate.node !== source.node && {target: candidate.node}),
      ...(storage !== undefined && {storage}),
      ...(wish.pool !== undefined && {pool: wish.pool}),
      ...(wish.description !== undefined && {description: wish.description}),
    }
    const upid = await this.send(source, options, patience)
    if (upid.isErr()) return err(upid.error)
    onAccepted()
    if (!wait) return ok({upid: upid.value, outcome: 'ok', exitStatus: '', durationSeconds: 0})
    patience.onStep?.({text: what})
    // Whoever stops waiting, or reads that it failed, has to know which VMID it was.
    return this.tasks.waitOk(upid.value, what, patience).mapErr((failed) => ({
      ...failed,
      details: {...failed.details, vmid: newid, name: wish.name, node: candidate.node},
    }))
  }

  /**
   * Sends the clone. When the answer is lost, its task is looked for; without one, the same request is sent again, once: a VMID
   * can be taken but once, so if the first did come through, the second only hears so.
   */
  private async send(source: Guest, options: CloneOptions, patience: Patience): Promise<Result<string, Failure>> {
    const since = this.clock.now()
    const first = await this.guests.clone(source, options)
    if (first.isOk() || first.error.kind !== 'outcome-unknown') return first
    const found = await this.findTask(source, options, since, patience)
    if (found !== undefined) return ok(found)
    const second = await this.guests.clone(source, options)
    if (second.isOk() || !(isVmidTaken(second.error) || second.error.kind === 'outcome-unknown')) return second
    const late = await this.findTask(source, options, since, patience)
    if (late !== undefined) return ok(late)
    if (isVmidTaken(second.error)) return second
    return err(
      failure(
        'outcome-unknown',
        `nobody knows whether VMID ${options.newid} is being cloned: the answer was lost twice`,
        {
          hint: `Look for it with: homelab proxmox task list --node ${source.node} --type ${cloneTask(source.type)}`,
          details: {vmid: options.newid, name: options.name, node: source.node},
        },
      ),
    )
  }

  /**
   * The task of a clone whose answer was lost: started since then on the source's node, and its log is about our VMID. That of a container need
   * not name it; but only one clone of a container runs at a time, and the new one is there from the beginning.
   */
  private findTask(
    source: Guest,
    {name, newid}: CloneOptions,
    sinceMs: number,
    patience: Patience,
  ): Promise<string | undefined> {
    const {node, type, vmid} = source
    const named = (log: readonly string[]) => log.some((line) => new RegExp(`\\b${newid}\\b`).test(line))
    const isThere = () =>
      this.guests.config({type, node, vmid: newid}).match(
        ({hostname}) => hostname === name,
        () => false,
      )
    return findLostTask(
      this.taskList,
      this.clock,
      {
        node,
        vmid,
        sinceMs,
        type: cloneTask(type),
        isOurs: (log) => named(log) || (type === 'lxc' && isThere()),
      },
      patience.signal,
    )
  }
}

function cloneTask(type: GuestType): string {
  return type === 'qemu' ? 'qmclone' : 'vzclone'
}
