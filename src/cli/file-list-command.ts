import {Flags} from '@oclif/core'
import {ok, type Result} from 'neverthrow'
import {EXIT_CODES, type Failure} from '../domain/failure.js'
import {FILE_KINDS, type FileContent, type VolumeFile} from '../domain/volume-file.js'
import type {PlaceFlags} from './file-flags.js'
import {ListCommand} from './list-command.js'
import {leftOut} from './output/storage.js'
import {fileColumns} from './output/volume-file.js'
import {volumeFileService} from './wiring/volume-files.js'

/** Lists the files of one kind on the storages of the cluster. */
export abstract class FileListCommand extends ListCommand<VolumeFile, PlaceFlags> {
  static override description =
    'A file on a shared storage is listed once, with all nodes that see it. Storages of a node that is offline are left out with a warning; one that cannot be read is a warning, and exit 9.'
  static override flags = {
    storage: Flags.string({description: 'Only what lies on this storage.', helpValue: 'NAME'}),
    node: Flags.string({description: 'Only what this node sees.', helpValue: 'NAME'}),
  }

  protected abstract readonly content: FileContent
  protected override readonly ofCluster = true
  protected readonly columns = fileColumns

  protected get noun(): string {
    return FILE_KINDS[this.content].plural
  }

  protected async fetch({node, storage}: PlaceFlags): Promise<Result<VolumeFile[], Failure>> {
    const service = await this.use(volumeFileService)
    const {files, unread, unseen} = await this.unwrap(service.list(this.content, {node, storage}))
    for (const place of unseen) await this.warning(leftOut(place))
    for (const {message} of unread) await this.warning(message)
    if (unread.length > 0) this.endWith(EXIT_CODES.partial)
    return ok([...files])
  }
}
