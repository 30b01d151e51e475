import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {formatSize} from '../domain/size.js'
import type {TaskReport, TaskSummary} from '../domain/task.js'
import {parseUpid} from '../domain/upid.js'
import {FILE_KINDS, fileLabel, type FileContent, type VolumeFile} from '../domain/volume-file.js'
import type {NodeStorageRepository, Volume} from '../repositories/node-storage-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {FilePlace} from './file-place.js'
import {findLostTask} from './lost-task.js'
import type {Patience, Timing} from './patience.js'
import type {TaskService} from './task-service.js'
import {fileFrom} from './volume-file-service.js'

/** A file on its way to a storage. */
export interface Arrival {
  readonly content: FileContent
  readonly place: FilePlace
  /** As it is stored. */
  readonly name: string
  /** What it has to have once it is there, where that is known. */
  readonly sizeBytes?: number
  /** What lay there under its name before. */
  readonly before?: Volume
}

/** The task that brings it. */
export interface ArrivalTask {
  /** `imgcopy`, `download`, … */
  readonly type: string
  /** Where it runs. */
  readonly nodes: readonly string[]
  readonly sinceMs: number
  /** By its log, where the task's id does not say what it is about. */
  readonly isOurs: (log: readonly string[], task: TaskSummary) => PromiseLike<boolean> | boolean
}

/** What is true of a file that has arrived. */
export interface ArrivedFile extends VolumeFile {
  readonly changed: boolean
  readonly task?: TaskReport
  /** Of the task that is not waited for. */
  readonly upid?: string
}

/** What uploads and downloads have in common: what lies there already, and whether it is there in the end. */
export class FileArrivals {
  constructor(
    private readonly storages: NodeStorageRepository,
    private readonly tasks: TaskService,
    private readonly taskList: TaskRepository,
    private readonly timing: Timing,
  ) {}

  /** What lies under a name. */
  async there({content, name, place}: Omit<Arrival, 'before'>): Promise<Result<Volume | undefined, Failure>> {
    const volume = volumeId(content, place, name)
    const listed = await this.storages.volumes(place.node, place.storage, {content})
    return listed.map((volumes) => volumes.find((one) => one.volume === volume))
  }

  /** `no-capacity` where there is too little room on the storage. */
  async room(
    {node, storage}: FilePlace,
    neededBytes: number,
  ): Promise<Result<{totalBytes?: number; freeBytes?: number}, Failure>> {
    const listed = await this.storages.list(node, {storage})
    if (listed.isErr()) return err(listed.error)
    const {freeBytes, totalBytes} = listed.value.find((one) => one.storage === storage) ?? {}
    const space = {...(freeBytes !== undefined && {freeBytes}), ...(totalBytes !== undefined && {totalBytes})}
    if (freeBytes === undefined || freeBytes >= neededBytes) return ok(space)
    return err(
      failure(
        'no-capacity',
        `storage "${storage}" has ${formatSize(freeBytes)} free on node ${node}, and ${formatSize(neededBytes)} are needed`,
        {
          hint: 'Make room, or name another storage',
          details: {reason: 'storage-full', storage, node, freeBytes, neededBytes},
        },
      ),
    )
  }

  /** The task of a request whose answer was lost. */
  async lost({isOurs, nodes, sinceMs, type}: ArrivalTask, {signal}: Patience): Promise<string | undefined> {
    const found = await Promise.all(
      nodes.map((node) => findLostTask(this.taskList, this.timing, {node, type, sinceMs, isOurs}, signal)),
    )
    return found.find((upid) => upid !== undefined)
  }

  /** The log of a task that has not said yet what it does; looked at until it has, or is over. */
  async settledLog(
    log: readonly string[],
    task: TaskSummary,
    says: RegExp,
    {signal}: Patience,
  ): Promise<readonly string[]> {
    const upid = parseUpid(task.upid)
    let lines = log
    let running = task.state === 'running'
    while (upid !== undefined && running && !lines.some((line) => says.test(line)) && signal?.aborted !== true) {
      await this.timing.sleep(1000, signal)
      running = (await this.taskList.status(upid)).map((status) => status.running).unwrapOr(false)
      lines = (await this.taskList.log(upid)).unwrapOr([])
    }

    return lines
  }

  /** Waits for the task and looks at what it has left: the file is there, with its size. */
  async finish(
    arrival: Arrival,
    upid: string,
    wait: boolean,
    patience: Patience,
  ): Promise<Result<ArrivedFile, Failure>> {
    const {content, name, place} = arrival
    const volume = volumeId(content, place, name)
    if (!wait) return ok({...fileFrom({volume, content}, place), changed: true, upid})
    const what = `arrival of ${fileLabel({...place, volume})}`
    const task = await this.tasks.waitOk(upid, what, patience)
    if (task.isErr()) return err(await this.withRemains(arrival, task.error))
    const now = await this.there(arrival)
    if (now.isErr()) return err({...now.error, upid})
    if (now.value === undefined) {
      return err(failure('task-failed', `the task says OK, but ${fileLabel({...place, volume})} is not there`, {upid}))
    }

    return this.asWanted(arrival, now.value, upid).map((there) => ({
      ...fileFrom(there, place),
      changed: true,
      task: task.value,
    }))
  }

  /** A file of another size than was sent is no success, whatever the task says. */
  asWanted({content, name, place, sizeBytes}: Arrival, there: Volume, upid?: string): Result<Volume, Failure> {
    if (sizeBytes === undefined || there.sizeBytes === undefined || there.sizeBytes === sizeBytes) return ok(there)
    const label = fileLabel({...place, volume: there.volume})
    return err(
      failure('task-failed', `${label} has ${there.sizeBytes} bytes, and should have ${sizeBytes}`, {
        hint: `It is not what was sent. Delete it with: homelab proxmox ${FILE_KINDS[content].topic} delete ${name} --storage ${place.storage}`,
        ...(upid !== undefined && {upid}),
        details: {reason: 'size-differs', volume: there.volume, sizeBytes: there.sizeBytes, wantedBytes: sizeBytes},
      }),
    )
  }

  /** A task that failed may have left a part of the file. */
  private async withRemains(arrival: Arrival, failed: Failure): Promise<Failure> {
    if (failed.kind === 'interrupted' || failed.kind === 'timeout') return failed
    const {before, content, name, place} = arrival
    const now = (await this.there(arrival)).unwrapOr(undefined)
    if (now === undefined) return failed
    const isOld = before !== undefined && before.sizeBytes === now.sizeBytes && before.createdAt === now.createdAt
    if (isOld) return failed
    const remains = `What lies at ${now.volume} now is not the whole file; delete it with: homelab proxmox ${FILE_KINDS[content].topic} delete ${name} --storage ${place.storage}`
    return {
      ...failed,
      hint: [remains, failed.hint].filter(Boolean).join('. '),
      details: {...failed.details, remains: now.volume},
    }
  }
}

export function volumeId(content: FileContent, {storage}: Pick<FilePlace, 'storage'>, name: string): string {
  return `${storage}:${content}/${name}`
}
