import {Args} from '@oclif/core'
import {guestLabel} from '../domain/guest.js'
import {formatSize} from '../domain/size.js'
import type {FileContent} from '../domain/volume-file.js'
import type {ShownFile} from '../services/volume-file-service.js'
import {BaseCommand} from './base-command.js'
import {placeFlags} from './file-flags.js'
import {asTime} from './output/human.js'
import {volumeFileService} from './wiring/volume-files.js'

export const fileArg = Args.string({description: 'Its name, or its volume id: STORAGE:KIND/NAME.', required: true})

/** Shows one file and the guests that have it in a drive. */
export abstract class FileShowCommand extends BaseCommand<ShownFile> {
  static override args = {file: fileArg}
  static override flags = placeFlags

  protected abstract readonly content: FileContent

  override async run(): Promise<ShownFile> {
    const parsed = await this.parse()
    const {file} = parsed.args as unknown as {file: string}
    const {node, storage} = parsed.flags as unknown as {node?: string; storage?: string}
    const service = await this.use(volumeFileService)
    const shown = await this.unwrap(service.show(this.content, file, {node, storage}))
    return this.present(shown, {text: textOf(shown)})
  }
}

function textOf(file: ShownFile): string {
  const rows: [string, string | undefined][] = [
    ['volume', file.volume],
    ['nodes', file.nodes.join(', ')],
    ['size', file.sizeBytes === undefined ? undefined : formatSize(file.sizeBytes)],
    ['as disk', file.virtualSizeBytes === undefined ? undefined : formatSize(file.virtualSizeBytes)],
    ['created', file.createdAt === undefined ? undefined : asTime(file.createdAt)],
    ['path', file.path],
    ['used by', file.usedBy.map((user) => `${guestLabel(user)} as ${user.key}`).join(', ') || 'no guest'],
  ]
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name.padEnd(8)} ${value}`)
    .join('\n')
}
