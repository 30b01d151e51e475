import path from 'node:path'
import {Args, Flags} from '@oclif/core'
import {failure} from '../domain/failure.js'
import {formatSize} from '../domain/size.js'
import {fileLabel, type FileContent} from '../domain/volume-file.js'
import type {UploadedFile, UploadPlan} from '../services/file-upload-service.js'
import {BaseCommand} from './base-command.js'
import {checksumFlags, checksumFrom, placeFlags, type ChecksumFlags, type PlaceFlags} from './file-flags.js'
import {dryRunFlag, sizeFlag, waitFlags, warningsFlag} from './flags.js'
import {arrivedText} from './output/volume-file.js'
import {uploadSource} from './upload-source.js'
import {fileUploadService} from './wiring/volume-files.js'

interface UploadFlags extends PlaceFlags, ChecksumFlags {
  readonly name?: string
  readonly size?: number
  readonly verify: boolean
  readonly force: boolean
  readonly 'ignore-space': boolean
  readonly 'dry-run': boolean
  readonly wait: boolean
  readonly timeout?: number
  readonly 'poll-interval'?: number
  readonly 'warnings-as-errors': boolean
}

interface PlannedUpload {
  readonly dryRun: true
  readonly volume: string
  readonly storage: string
  readonly node: string
  readonly sizeBytes: number
  /** The node that takes it first. */
  readonly receiver?: string
  /** Another file lies there under its name. */
  readonly replaces: boolean
}

/** Sends a file of this machine, or what comes from stdin, to a storage. */
export abstract class FileUploadCommand extends BaseCommand<PlannedUpload | UploadedFile> {
  static override description = `Storage, name, space and rights are checked before anything is sent. What is sent is never in memory or on a disk here as a whole; the server acts on a whole file only, so an upload that breaks off or is stopped with Ctrl-C stores nothing. With a checksum, the content is compared while it is sent, and once more by the server.

The server has to know the size first: what comes from a pipe is sent as it comes with --size, and goes through a temporary file without it.`
  static override args = {
    file: Args.string({description: 'File here, or - for stdin.', required: true}),
  }
  static override flags = {
    ...placeFlags,
    name: Flags.string({description: 'Name that it gets; by default its own.', helpValue: 'NAME'}),
    ...checksumFlags,
    verify: Flags.boolean({
      description: 'Read FILE once more before, so that the server can compare the SHA-256 of what arrived.',
      exclusive: ['checksum', 'checksum-file'],
    }),
    size: sizeFlag({description: 'How much will come from stdin, exactly.'}),
    force: Flags.boolean({description: 'Replace a file of the same name.'}),
    'ignore-space': Flags.boolean({description: 'Send it even where there seems to be too little room.'}),
    ...dryRunFlag,
    ...waitFlags,
    ...warningsFlag,
  }

  protected abstract readonly content: FileContent

  override async run(): Promise<PlannedUpload | UploadedFile> {
    const parsed = await this.parse()
    const {file} = parsed.args as unknown as {file: string}
    const flags = parsed.flags as unknown as UploadFlags
    const own = file === '-' ? undefined : path.basename(file)
    const name = flags.name ?? own
    if (name === undefined)
      this.fail(failure('usage', 'what comes from stdin has no name', {hint: 'Give it one: --name NAME'}))
    const checksum = await this.unwrap(
      checksumFrom(this.runtime, flags, [...new Set([own, flags.name].flatMap((one) => one ?? []))]),
    )
    const source = await this.unwrap(
      uploadSource(this.runtime, file, {
        sizeBytes: flags.size,
        signal: this.signal,
        onSpool: (folder) => this.note(`reading stdin to its end into ${folder} first; --size spares that`),
      }),
    )
    this.onClose(() => source.close())
    if (flags.verify && !source.repeatable)
      this.fail(failure('usage', '--verify reads twice, which a pipe cannot', {hint: 'Leave out --verify, or --size'}))

    const uploads = await this.use(fileUploadService)
    const {node, storage} = flags
    const plan = await this.unwrap(
      uploads.plan({
        content: this.content,
        name,
        sizeBytes: source.sizeBytes,
        node,
        storage,
        overwrite: flags.force,
        ignoreSpace: flags['ignore-space'],
        ...(checksum !== undefined && {checksum}),
      }),
    )
    if (plan.name !== name) this.note(`it is stored as ${plan.name}`)
    if (flags['dry-run']) return this.showPlan(plan)
    this.progress.start(`upload ${plan.name}, ${formatSize(plan.sizeBytes)}`)
    const uploaded = await this.unwrap(
      uploads.send(plan, source, {verify: flags.verify, wait: flags.wait}, this.patience(flags)),
    )
    this.progress.stop()
    this.checkWarnings(flags, uploaded.task === undefined ? [] : [uploaded.task], uploaded)
    return this.present(uploaded, {text: arrivedText(uploaded.replaced ? 'replaced' : 'uploaded', uploaded)})
  }

  private showPlan({before, place, receiver, sizeBytes, volume}: UploadPlan): PlannedUpload {
    const planned: PlannedUpload = {
      dryRun: true,
      volume,
      storage: place.storage,
      node: place.node,
      sizeBytes,
      ...(receiver !== undefined && {receiver}),
      replaces: before !== undefined,
    }
    const over = before === undefined ? '' : ', over the one that is there'
    const via = receiver === undefined || receiver === place.node ? '' : `, through ${receiver}`
    return this.present(planned, {
      text: `would upload ${formatSize(sizeBytes)} to ${fileLabel({...place, volume})}${via}${over}`,
    })
  }
}
