import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {TaskSummary} from '../domain/task.js'
import {parseUpid} from '../domain/upid.js'
import type {BackupRepository, VzdumpOptions} from '../repositories/backup-repository.js'
import type {StorageState} from '../repositories/node-storage-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {BackupWatch} from './backup-watch.js'
import type {Patience, Timing} from './patience.js'

const LOOKS_FOR_LOST_TASK = 3

/** How to back up. */
export interface BackupWish extends Omit<VzdumpOptions, 'storage' | 'vmid'> {
  /** Undefined: where vzdump of the guest's node would put it. */
  readonly storage?: string
}

export interface DispatchParts {
  readonly backups: BackupRepository
  readonly taskList: TaskRepository
  readonly timing: Timing
  readonly watch: BackupWatch
}

/** Begins backups, so that each guest has one task at a time and none is lost with an answer. */
export class BackupDispatch {
  constructor(private readonly parts: DispatchParts) {}

  /** @returns the UPID; undefined when the guest is not there, so that nothing was begun */
  async send(
    guest: Guest,
    {storage, type}: StorageState,
    wish: BackupWish,
    known: ReadonlySet<string>,
    patience: Patience,
  ): Promise<Result<string | undefined, Failure>> {
    const {compress, fleecing, ...options} = wish
    const sent = await this.parts.backups.run(guest.node, {
      ...options,
      vmid: guest.vmid,
      storage,
      // A backup server compresses by itself, and only VMs have what is fleeced.
      ...(compress !== undefined && type !== 'pbs' && {compress}),
      ...(fleecing !== undefined && guest.type === 'qemu' && {fleecing}),
    })
    if (sent.isOk() && sent.value === undefined) return ok((await this.newTasks(guest, known))[0]?.upid)
    if (sent.isOk() || sent.error.kind !== 'outcome-unknown') return sent
    const upid = await this.findLost(guest, known, patience)
    if (upid !== undefined) return ok(upid)
    return err(
      failure(
        'outcome-unknown',
        `nobody knows whether a backup of ${guestLabel(guest)} was begun on ${guest.node}: the answer was lost, and no task of it is to be seen`,
        {
          hint: `Look again before you repeat it: homelab proxmox task list --node ${guest.node} --type vzdump --guest ${guest.vmid}. Running the same command again makes no second one while one is under way`,
          details: {vmid: guest.vmid, node: guest.node, storage, reason: 'answer-lost'},
        },
      ),
    )
  }

  /** The task that a lost answer would have named: one of this guest that was not there before. */
  private async findLost(guest: Guest, known: ReadonlySet<string>, {signal}: Patience): Promise<string | undefined> {
    for (let look = 0; look < LOOKS_FOR_LOST_TASK; look++) {
      await this.parts.timing.sleep(500 * 2 ** look, signal)
      const [task] = await this.newTasks(guest, known)
      if (task !== undefined) return task.upid
    }

    return undefined
  }

  /** Another task of the same guest that was begun at the same moment, before ours; none when ours is over already. */
  async earlier(guest: Guest, ours: string, known: ReadonlySet<string>): Promise<string | undefined> {
    const tasks = await this.newTasks(guest, known)
    const own = tasks.find(({upid}) => upid === ours)
    const [first] = tasks.filter(({state, upid}) => upid === ours || state !== 'failed')
    return own?.state === 'running' && first?.upid !== ours ? first?.upid : undefined
  }

  /** In the order in which they came. */
  private async newTasks(guest: Guest, known: ReadonlySet<string>): Promise<TaskSummary[]> {
    const listed = await this.parts.taskList.list(guest.node, {type: 'vzdump', vmid: guest.vmid})
    return listed
      .unwrapOr([])
      .filter(({upid}) => !known.has(upid))
      .sort((a, b) => orderOf(a.upid) - orderOf(b.upid) || (a.upid < b.upid ? -1 : 1))
  }

  /** Takes a backup back that has not had its turn. */
  async withdraw(upid: string, guest: Guest, patience: Patience): Promise<void> {
    const task = parseUpid(upid)
    if (task === undefined) return
    await this.parts.taskList.stop(task)
    const {onStep: _onStep, ...quiet} = patience
    await this.parts.watch.wait(upid, guest.vmid, `end of the second backup of ${guestLabel(guest)}`, quiet)
  }
}

/** Seconds, then the order of processes. */
function orderOf(upid: string): number {
  return parseUpid(upid)?.startTime.getTime() ?? 0
}
