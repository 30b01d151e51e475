import {Flags} from '@oclif/core'
import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {formatSize} from '../domain/size.js'
import {FILE_KINDS, fileLabel, type FileContent, type VolumeFile} from '../domain/volume-file.js'
import {fanOut, type TargetResult} from '../services/fan-out.js'
import type {DeletedFile, VolumeFileService} from '../services/volume-file-service.js'
import {BaseCommand} from './base-command.js'
import {placeFlags, type PlaceFlags} from './file-flags.js'
import {fileArg} from './file-show-command.js'
import {confirmFlags, dryRunFlag, waitFlags} from './flags.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from './output/results.js'
import {volumeFileService} from './wiring/volume-files.js'

interface DeleteFlags extends PlaceFlags {
  readonly force: boolean
  readonly yes: boolean
  readonly 'dry-run': boolean
  readonly wait: boolean
  readonly timeout?: number
  readonly 'poll-interval'?: number
}

interface PlannedDeletion extends Pick<VolumeFile, 'name' | 'nodes' | 'storage' | 'volume'> {
  readonly dryRun: true
}

type Deletion = DeletedFile | PlannedDeletion

const AT_A_TIME = 4

/** Deletes files from storages, unless a VM has one in a drive. */
export abstract class FileDeleteCommand extends BaseCommand<Deletion | Results<Deletion>> {
  static override description = `Refused while a VM has it in a drive, now or after its next start: the configurations of all VMs that see the storage are read. What cannot be told counts as used.`
  static override strict = false
  static override args = {file: fileArg}
  static override flags = {
    ...placeFlags,
    force: Flags.boolean({description: 'Delete it even where a VM uses it.'}),
    ...confirmFlags,
    ...dryRunFlag,
    ...waitFlags,
  }

  protected abstract readonly content: FileContent

  override async run(): Promise<Deletion | Results<Deletion>> {
    const parsed = await this.parse()
    const names = [...new Set(parsed.argv as string[])]
    const flags = parsed.flags as unknown as DeleteFlags
    const service = await this.use(volumeFileService)
    const looked = await this.each(names, String, (name) => this.look(service, name, flags))
    const [first] = looked
    if (names.length === 1 && first !== undefined && !first.ok) this.fail(await this.explain(first.error, first.target))
    if (flags['dry-run']) {
      const planned = await this.each(looked, targetOf, async (result) => settled(result).map(planOf))
      return this.conclude(planned, ({volume}) => `would delete ${volume}`)
    }

    const found = looked.flatMap((result) => (result.ok ? [result.value] : []))
    await this.confirm(found, flags)
    this.progress.start(`delete ${found.map(({name}) => name).join(', ')}`)
    const done = await this.each<TargetResult<VolumeFile>, DeletedFile>(looked, targetOf, async (result) =>
      result.ok ? service.delete(this.content, result.value, flags.wait, this.patience(flags)) : err(result.error),
    )
    this.progress.stop()
    return this.conclude(done, (deleted) => deleted.upid ?? `deleted ${deleted.volume}`)
  }

  /** What more is known of a file that was not found. */
  protected explain(failed: Failure, _name: string): Failure | Promise<Failure> {
    return failed
  }

  private async look(
    service: VolumeFileService,
    name: string,
    {force, node, storage}: DeleteFlags,
  ): Promise<Result<VolumeFile, Failure>> {
    const found = await service.find(this.content, name, {node, storage})
    if (found.isErr() || force) return found
    const obstacle = await service.obstacle(this.content, found.value)
    return obstacle === undefined ? found : err(obstacle)
  }

  private each<I, T>(
    targets: readonly I[],
    nameOf: (target: I) => string,
    act: (target: I) => Promise<Result<T, Failure>>,
  ): Promise<TargetResult<T>[]> {
    return fanOut(targets, nameOf, act, {parallel: AT_A_TIME, failFast: false})
  }

  private async confirm(files: readonly VolumeFile[], flags: DeleteFlags): Promise<void> {
    if (flags.yes || files.length === 0) return
    for (const file of files) {
      const size = file.sizeBytes === undefined ? '' : `, ${formatSize(file.sizeBytes)}`
      this.note(`  ${fileLabel(file)}${size}`)
    }

    const {noun, plural} = FILE_KINDS[this.content]
    const what = files.length === 1 ? `this ${noun}` : `these ${files.length} ${plural}`
    const yes = await this.unwrap(this.prompt.confirm(`Delete ${what} for good?`, '--yes'))
    if (!yes) this.fail(failure('refused', 'nothing was deleted: the question was answered with no'))
  }

  /** One alone is its own document; several are a list of what became of each. */
  private conclude<T extends Deletion>(
    done: readonly TargetResult<T>[],
    sentence: (value: T) => string,
  ): T | Results<T> {
    const [only, another] = done
    if (only !== undefined && another === undefined) {
      const value = this.unwrap(settled(only))
      this.present(value, {text: sentence(value)})
      return value
    }

    this.endWith(exitCodeOfResults(done, done.length))
    const lines = done.map((result) => (result.ok ? sentence(result.value) : failedText(result)))
    const results = resultsOf(done, done.length)
    this.present(results, {text: lines.join('\n')})
    return results
  }
}

function targetOf({target}: {readonly target: string}): string {
  return target
}

function settled<T>(result: TargetResult<T>): Result<T, Failure> {
  return result.ok ? ok(result.value) : err(result.error)
}

function planOf({name, nodes, storage, volume}: VolumeFile): PlannedDeletion {
  return {dryRun: true, volume, name, storage, nodes}
}
