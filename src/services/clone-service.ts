import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {Candidate, Placement} from '../domain/placement.js'
import type {TaskReport} from '../domain/task.js'
import {parseUpid} from '../domain/upid.js'
import {isLockTimeout, isVmidTaken, usesLocalStorage} from '../repositories/failure-from-request.js'
import type {CloneOptions, QemuRepository} from '../repositories/qemu-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {impatience, type Patience, type Timing} from './patience.js'
import type {TaskService} from './task-service.js'
import type {VmidPicker} from './vmid-picker.js'

/** Lost races for a VMID before giving up: with the choice doubling each time, 25 rivals need about five. */
const MOST_COLLISIONS = 40
const MOST_LOCK_WAITS = 20
const LOOKS_FOR_LOST_TASK = 3

export interface Cloned {
  readonly vmid: number
  readonly candidate: Candidate
  readonly placement: Placement
  readonly task: TaskReport
}

export interface CloneWish {
  readonly name: string
  readonly vmid?: number
  readonly linked: boolean
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
    private readonly qemu: QemuRepository,
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

      const vmid = wish.vmid === undefined ? await this.vmids.pick(lost) : ok<number, Failure>(wish.vmid)
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
    const first = await this.qemu.clone(source, options)
    if (first.isOk() || first.error.kind !== 'outcome-unknown') return first
    const found = await this.findTask(source, options, since, patience)
    if (found !== undefined) return ok(found)
    const second = await this.qemu.clone(source, options)
    if (second.isOk() || !(isVmidTaken(second.error) || second.error.kind === 'outcome-unknown')) return second
    const late = await this.findTask(source, options, since, patience)
    if (late !== undefined) return ok(late)
    if (isVmidTaken(second.error)) return second
    return err(
      failure(
        'outcome-unknown',
        `nobody knows whether VMID ${options.newid} is being cloned: the answer was lost twice`,
        {
          hint: `Look for it with: homelab proxmox task list --node ${source.node} --type qmclone`,
          details: {vmid: options.newid, name: options.name, node: source.node},
        },
      ),
    )
  }

  /** The task of a clone whose answer was lost: started since then on the source's node, and its log or its result is about our VMID. */
  private async findTask(
    source: Guest,
    options: CloneOptions,
    sinceMs: number,
    patience: Patience,
  ): Promise<string | undefined> {
    for (let look = 0; look < LOOKS_FOR_LOST_TASK; look++) {
      await this.clock.sleep(500 * 2 ** look, patience.signal)
      // Clocks differ a little; a task too many is sorted out by its log.
      const since = new Date(sinceMs - 60_000)
      const listed = await this.taskList.list(source.node, {type: 'qmclone', vmid: source.vmid, since})
      if (listed.isErr()) continue
      for (const task of listed.value) {
        const upid = parseUpid(task.upid)
        if (upid === undefined) continue
        const log = (await this.taskList.log(upid)).unwrapOr([])
        if (log.some((line) => new RegExp(`\\b${options.newid}\\b`).test(line))) return task.upid
      }
    }

    return undefined
  }
}
