import {err, ok, type Result} from 'neverthrow'
import type {ImageRef} from '../domain/cloud-image.js'
import {failure, type Failure} from '../domain/failure.js'
import {formatSize} from '../domain/size.js'
import type {NodeStorage} from '../domain/storage.js'
import type {TaskReport} from '../domain/task.js'
import type {DownloadRepository} from '../repositories/download-repository.js'
import type {NodeStorageRepository} from '../repositories/node-storage-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {Patience, Timing} from './patience.js'
import type {TaskService} from './task-service.js'

const LOOKS_FOR_LOST_TASK = 3

export type ImageUrl = Extract<ImageRef, {kind: 'url'}>

/** A file from the web, and where a node has it or will have it. */
export interface ImageFile {
  readonly node: string
  readonly storage: string
  readonly shared: boolean
  readonly volume: string
  /** It lies there already, and need not be downloaded. */
  readonly present: boolean
  readonly warning?: string
}

/** Images of clouds on their way to a storage. */
export class ImageService {
  /** Downloads of this run: several VMs need the file once. */
  readonly #underWay = new Map<string, Promise<Result<TaskReport | undefined, Failure>>>()

  constructor(
    private readonly downloads: DownloadRepository,
    private readonly storages: NodeStorageRepository,
    private readonly taskList: TaskRepository,
    private readonly tasks: TaskService,
    private readonly timing: Timing,
  ) {}

  /**
   * Whether the file is there. Under a name without a checksum another file may lie: its size tells.
   * @returns `already-exists` when it is another one
   */
  async find(image: ImageUrl, node: string, storage: NodeStorage): Promise<Result<ImageFile, Failure>> {
    const volume = `${storage.storage}:import/${image.file}`
    const listed = await this.storages.volumes(node, storage.storage, {content: 'import'})
    if (listed.isErr()) return err(listed.error)
    const there = listed.value.find((one) => one.volume === volume)
    const file = {node, storage: storage.storage, shared: storage.shared, volume, present: there !== undefined}
    if (there === undefined || image.checksum !== undefined) return ok(file)
    const facts = await this.downloads.facts(node, image.url)
    const size = facts.match(
      ({sizeBytes}) => sizeBytes,
      () => undefined,
    )
    if (size === undefined || there.sizeBytes === undefined)
      return ok({...file, warning: `${volume} is used as it is: it could not be compared with ${image.url}`})
    if (size === there.sizeBytes) return ok(file)
    return err(
      failure(
        'already-exists',
        `${volume} is another file than ${image.url}: ${formatSize(there.sizeBytes)} instead of ${formatSize(size)}`,
        {
          hint: `Add --checksum, which gives the file a name of its own, or use the old one with --image ${volume}`,
          details: {volume, sizeBytes: there.sizeBytes, urlSizeBytes: size},
        },
      ),
    )
  }

  /** Brings it there, once. What the server compared with the checksum and found to be another file, it removes. */
  fetch(image: ImageUrl, file: ImageFile, patience: Patience): Promise<Result<TaskReport | undefined, Failure>> {
    if (file.present) return Promise.resolve(ok(undefined))
    const key = `${file.shared ? '' : file.node} ${file.volume}`
    const begun = this.#underWay.get(key) ?? this.download(image, file, patience)
    this.#underWay.set(key, begun)
    return begun
  }

  private async download(
    image: ImageUrl,
    file: ImageFile,
    patience: Patience,
  ): Promise<Result<TaskReport | undefined, Failure>> {
    const what = `download of ${file.volume} on ${file.node}`
    patience.onStep?.({text: what})
    const upid = await this.send(image, file, patience)
    const ended = upid.isErr() ? err(upid.error) : await this.tasks.waitOk(upid.value, what, patience)
    if (ended.isOk() || ['interrupted', 'timeout'].includes(ended.error.kind)) return ended
    // Somebody else may have fetched it at the same time.
    const again = await this.storages.volumes(file.node, file.storage, {content: 'import'})
    return again.unwrapOr([]).some((one) => one.volume === file.volume) ? ok(undefined) : err(ended.error)
  }

  /** When the answer is lost, the task is looked for by its file; without one, the same request is sent once more. */
  private async send(image: ImageUrl, file: ImageFile, patience: Patience): Promise<Result<string, Failure>> {
    const since = this.timing.now()
    const post = () =>
      this.downloads.start(file.node, file.storage, {
        url: image.url,
        filename: image.file,
        content: 'import',
        ...(image.checksum !== undefined && {checksum: image.checksum}),
      })
    const first = await post()
    if (first.isOk() || first.error.kind !== 'outcome-unknown') return first
    const found = await this.findTask(image, file, since, patience)
    return found === undefined ? post() : ok(found)
  }

  private async findTask(
    image: ImageUrl,
    {node}: ImageFile,
    sinceMs: number,
    {signal}: Patience,
  ): Promise<string | undefined> {
    for (let look = 0; look < LOOKS_FOR_LOST_TASK; look++) {
      await this.timing.sleep(500 * 2 ** look, signal)
      // Clocks differ a little.
      const listed = await this.taskList.list(node, {type: 'download', since: new Date(sinceMs - 60_000)})
      const ours = listed.unwrapOr([]).find(({id}) => id === image.file || decoded(id) === image.file)
      if (ours !== undefined) return ours.upid
    }

    return undefined
  }
}

/** The server percent-encodes what is no plain word in a UPID (reference 2.8). */
function decoded(id: string | undefined): string | undefined {
  return id?.replaceAll(/%([\dA-Fa-f]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
}

/**
 * The storage on a node that images are downloaded to: the one that was named, or the only one that takes them.
 * @returns `refused` where there is none; `usage` where there are several
 */
export function importStorage(
  node: string,
  storages: readonly NodeStorage[],
  named: string | undefined,
): Result<NodeStorage, Failure> {
  const able = storages.filter((one) => one.node === node && one.available && one.content.includes('import'))
  const wanted = named === undefined ? able : able.filter((one) => one.storage === named)
  const [only, another] = wanted
  if (only !== undefined && another === undefined) return ok(only)
  const names = able.map((one) => one.storage)
  if (only === undefined) {
    return err(
      failure(
        'refused',
        named === undefined
          ? `no storage on ${node} takes images to import`
          : `storage ${named} on ${node} does not take images to import`,
        {
          hint:
            names.length > 0
              ? `These do: ${names.join(', ')}`
              : 'Give a directory storage the content "import": Datacenter, Storage, Edit',
          details: {node},
        },
      ),
    )
  }

  return err(
    failure('usage', `several storages on ${node} take images to import: ${names.join(', ')}`, {
      hint: 'Choose one with --image-storage',
      details: {node, storages: names},
    }),
  )
}
