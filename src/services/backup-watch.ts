import {err, ok, type Result} from 'neverthrow'
import {readBackupLog} from '../domain/backup-log.js'
import {failure, type Failure} from '../domain/failure.js'
import {outcomeOf, pollDelay, type TaskReport} from '../domain/task.js'
import {readUpid, type Upid} from '../domain/upid.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import {impatience, tellAnswer, type Patience, type Timing} from './patience.js'

/** Failures of a question about a task that say nothing about the task. */
const PASSING: ReadonlySet<Failure['kind']> = new Set([
  'node-offline',
  'outcome-unknown',
  'protocol-error',
  'unreachable',
])

/** A task that has ended; its log is absent where it cannot be read any more. */
export interface EndedBackup {
  readonly report: TaskReport
  readonly log?: readonly string[]
}

/** Waits for backup tasks, shows how far each guest is, and notices when a task's node is gone. */
export class BackupWatch {
  constructor(
    private readonly tasks: TaskRepository,
    private readonly cluster: ClusterRepository,
    private readonly timing: Timing,
    /** How long a node may be offline before its task is given up. */
    private readonly nodeGraceMs: number,
  ) {}

  /**
   * Until the task has ended, however it ended.
   * @returns `timeout` or `interrupted` with the UPID; `node-offline` once the cluster has counted the task's node as offline for the time of grace
   */
  async wait(upidText: string, vmid: number, what: string, patience: Patience): Promise<Result<EndedBackup, Failure>> {
    const read = readUpid(upidText)
    if (read.isErr()) return err(read.error)
    const upid = read.value
    const begun = this.timing.now()
    const lines: string[] = []
    let goneSince: number | undefined
    patience.onTask?.(upidText)
    for (let attempt = 0; ; attempt++) {
      const left = Math.max(0, patience.deadline - this.timing.now())
      await this.timing.sleep(Math.min(patience.pollIntervalMs ?? pollDelay(attempt), left), patience.signal)
      const gone = impatience(patience, this.timing, what, upidText)
      if (gone?.kind === 'interrupted') return err(gone)
      const status = await this.tasks.status(upid)
      tellAnswer(patience, upidText, status)
      if (status.isErr()) {
        if (!PASSING.has(status.error.kind)) return err({...status.error, upid: upidText})
        if (await this.isOffline(upid.node)) {
          goneSince ??= this.timing.now()
          if (this.timing.now() - goneSince >= this.nodeGraceMs) {
            patience.onTask?.(undefined)
            return err(nodeGone(upid, what))
          }
        }
      } else {
        goneSince = undefined
        if (!status.value.running) {
          patience.onTask?.(undefined)
          return ok(await this.ended(upid, status.value.exitStatus ?? '', begun))
        }
      }

      if (gone !== undefined) return err(gone)
      if (patience.onStep !== undefined) await this.tell(upid, vmid, what, lines, patience.onStep)
    }
  }

  private async ended(upid: Upid, exitStatus: string, begun: number): Promise<EndedBackup> {
    const log = await this.tasks.log(upid)
    const durationSeconds = Math.round((this.timing.now() - begun) / 100) / 10
    const report = {upid: upid.upid, outcome: outcomeOf(exitStatus), exitStatus, durationSeconds}
    return {report, ...(log.isOk() && {log: log.value})}
  }

  /** False where the cluster cannot be asked either: then it is the way to it that is broken. */
  private async isOffline(node: string): Promise<boolean> {
    const resources = await this.cluster.resources('node')
    return resources.isOk() && resources.value.nodes.some((one) => one.node === node && one.status === 'offline')
  }

  private async tell(
    upid: Upid,
    vmid: number,
    what: string,
    lines: string[],
    onStep: NonNullable<Patience['onStep']>,
  ): Promise<void> {
    const more = await this.tasks.log(upid, lines.length)
    if (more.isErr()) return
    lines.push(...more.value)
    const {guests, waiting} = readBackupLog(lines)
    const fraction = guests.get(vmid)?.fraction
    onStep({
      text: waiting ? `${what}: waits for another backup on ${upid.node}` : what,
      ...(fraction !== undefined && {fraction}),
    })
  }
}

function nodeGone({node, upid}: Upid, what: string): Failure {
  return failure('node-offline', `${what}: node ${node} went offline while it ran`, {
    hint: `See what the node is doing: homelab proxmox node list. When it is back: homelab proxmox task show ${upid}`,
    upid,
    details: {reason: 'node-gone', node},
  })
}
