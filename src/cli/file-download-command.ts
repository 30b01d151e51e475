import {Args, Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {COMPRESSIONS, nameInUrl} from '../domain/download-url.js'
import type {Failure} from '../domain/failure.js'
import {formatSize} from '../domain/size.js'
import {fileLabel, type FileContent} from '../domain/volume-file.js'
import type {DownloadedFile, DownloadPlan, FileDownloadService} from '../services/file-download-service.js'
import {BaseCommand} from './base-command.js'
import {checksumFlags, checksumFrom, placeFlags, type ChecksumFlags, type PlaceFlags} from './file-flags.js'
import {dryRunFlag, waitFlags, warningsFlag} from './flags.js'
import {arrivedText} from './output/volume-file.js'
import {fileDownloadService} from './wiring/volume-files.js'

export const downloadFlags = {
  ...placeFlags,
  name: Flags.string({
    description: "Name that it gets; by default the web server's, or that in the address.",
    helpValue: 'NAME',
  }),
  ...checksumFlags,
  preview: Flags.boolean({
    allowNo: true,
    default: true,
    description: 'Let the node ask the web server for the name and size of the file first.',
  }),
  'any-certificate': Flags.boolean({description: 'Take any certificate of the web server. Use it with a checksum.'}),
  ...dryRunFlag,
  ...waitFlags,
  ...warningsFlag,
}

export const compressionFlag = {
  compression: Flags.option({options: COMPRESSIONS})({
    description: 'How the file is packed; the node unpacks it. By default what its name says.',
  }),
}

export interface DownloadFlags extends PlaceFlags, ChecksumFlags {
  readonly name?: string
  readonly compression?: (typeof COMPRESSIONS)[number]
  readonly preview: boolean
  readonly 'any-certificate': boolean
  readonly 'dry-run': boolean
  readonly wait: boolean
  readonly timeout?: number
  readonly 'poll-interval'?: number
  readonly 'warnings-as-errors': boolean
}

interface PlannedDownload {
  readonly dryRun: true
  readonly volume: string
  readonly storage: string
  readonly node: string
  readonly from: string
  readonly sizeBytes?: number
  /** False: it is there already. */
  readonly changes: boolean
}

/** Has a node download a file to one of its storages. */
export abstract class FileDownloadCommand extends BaseCommand<DownloadedFile | PlannedDownload> {
  static override description = `The node downloads it itself, from where it is; through the proxy of the datacenter, if there is one. It compares the checksum, and stores nothing that has another. A file of that name and size that lies there already is left alone.`
  static override args = {source: Args.string({description: 'Address of the file: https://…', required: true})}
  static override flags = downloadFlags

  protected abstract readonly content: FileContent

  override async run(): Promise<DownloadedFile | PlannedDownload> {
    const parsed = await this.parse()
    const {source} = parsed.args as unknown as {source: string}
    const flags = parsed.flags as unknown as DownloadFlags
    const service = await this.use(fileDownloadService)
    const plan = await this.unwrap(this.plan(service, source, flags))
    if (flags['dry-run']) return this.showPlan(plan)
    this.progress.start(`download ${plan.name} on ${plan.place.node}`)
    const downloaded = await this.unwrap(service.carryOut(plan, flags.wait, this.patience(flags)))
    this.progress.stop()
    this.checkWarnings(flags, downloaded.task === undefined ? [] : [downloaded.task], downloaded)
    return this.present(downloaded, {text: arrivedText('downloaded', downloaded)})
  }

  protected async plan(
    service: FileDownloadService,
    url: string,
    flags: DownloadFlags,
  ): Promise<Result<DownloadPlan, Failure>> {
    const {compression, name, node, storage} = flags
    const own = URL.canParse(url) ? nameInUrl(new URL(url)) : undefined
    const checksum = await this.unwrap(
      checksumFrom(
        this.runtime,
        flags,
        [own, name].flatMap((one) => one ?? []),
      ),
    )
    return service.planUrl({
      content: this.content,
      url,
      node,
      storage,
      preview: flags.preview,
      anyCertificate: flags['any-certificate'],
      ...(name !== undefined && {name}),
      ...(compression !== undefined && {compression}),
      ...(checksum !== undefined && {checksum}),
    })
  }

  private showPlan({from, place, present, sizeBytes, volume}: DownloadPlan): PlannedDownload {
    const planned: PlannedDownload = {
      dryRun: true,
      volume,
      storage: place.storage,
      node: place.node,
      from,
      ...(sizeBytes !== undefined && {sizeBytes}),
      changes: present === undefined,
    }
    const label = fileLabel({...place, volume})
    const size = sizeBytes === undefined ? '' : `, ${formatSize(sizeBytes)},`
    return this.present(planned, {
      text: planned.changes ? `would download ${from}${size} to ${label}` : `${label} is there already`,
    })
  }
}
