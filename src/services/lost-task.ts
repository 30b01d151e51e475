import type {TaskSummary} from '../domain/task.js'
import {parseUpid} from '../domain/upid.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {Clock} from '../domain/clock.js'

const LOOKS = 3

/** The task of a request whose answer was lost. */
export interface LostTask {
  /** Where it runs. */
  readonly node: string
  /** `qmclone`, `vzdestroy`, … */
  readonly type: string
  /** Left out for tasks that are about no guest. */
  readonly vmid?: number
  /** When the request was sent, in ms since 1970. */
  readonly sinceMs: number
  /** UPIDs that were there before: none of them is it. */
  readonly known?: ReadonlySet<string>
  /** Whether it is ours, by its log; every one is where this is left out. */
  readonly isOurs?: (log: readonly string[], task: TaskSummary) => PromiseLike<boolean> | boolean
}

/**
 * The UPID of a task that was perhaps started: looked for a few times, because a request that the connection lost may still be on its
 * way. Undefined when there is none.
 */
export async function findLostTask(
  tasks: TaskRepository,
  clock: Clock,
  {node, type, vmid, sinceMs, known, isOurs}: LostTask,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (let look = 0; look < LOOKS; look++) {
    await clock.sleep(500 * 2 ** look, signal)
    // Clocks differ a little; a task too many is sorted out by its log.
    const listed = await tasks.list(node, {
      type,
      ...(vmid !== undefined && {vmid}),
      since: new Date(sinceMs - 60_000),
    })
    for (const task of listed.unwrapOr([])) {
      const upid = parseUpid(task.upid)
      if (upid === undefined || known?.has(task.upid) === true) continue
      if (isOurs === undefined || (await isOurs((await tasks.log(upid)).unwrapOr([]), task))) return task.upid
    }
  }

  return undefined
}
