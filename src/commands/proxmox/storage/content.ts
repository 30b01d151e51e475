import {Args, Flags} from '@oclif/core'

import {BaseCommand} from '../../../cli/base-command.js'
import {listFlags, parallelFlags} from '../../../cli/flags.js'
import {globalFlags} from '../../../cli/global-flags.js'
import {volumeColumns} from '../../../cli/storage-columns.js'
import {storageService} from '../../../cli/wiring/storage.js'
import {CONTENT_TYPES} from '../../../domain/storage-types.js'
import {leftOut} from '../../../cli/output/storage.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import type {VolumeRow} from '../../../services/storage-service.js'

export default class StorageContent extends BaseCommand<VolumeRow[]> {
  static override summary = 'List what lies on a storage: disks, ISO images, templates, backups.'
  static override description =
    'Of local storage the volumes of every node are listed, of shared storage each one once. A node that is offline is left out with a warning; where one does not answer, the others are listed with a warning, too (exit 9). The size of a disk is what its guest sees; --columns volume,sizeBytes,usedBytes tells what it takes up, where the storage knows.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> local --type iso',
    '<%= config.bin %> <%= command.id %> nas --type backup --guest 101 --sort createdAt:desc',
    '<%= config.bin %> <%= command.id %> local-lvm --node pve2 -o csv --columns volume,vmid,guest,sizeBytes',
  ]

  static override baseFlags = {...globalFlags, ...listFlags}
  static override args = {storage: Args.string({description: 'Its name.', required: true})}
  static override flags = {
    node: Flags.string({description: 'Only what this node sees.', helpValue: 'NODE'}),
    type: Flags.option({options: CONTENT_TYPES})({
      description: 'Only what Proxmox VE files under this word: images are disks of VMs, rootdir those of containers.',
    }),
    guest: Flags.string({description: 'Only disks and backups of this guest.', helpValue: 'NAME|VMID'}),
    parallel: parallelFlags.parallel,
  }

  override async run(): Promise<VolumeRow[]> {
    const {args, flags} = await this.parse(StorageContent)
    const vmid = flags.guest === undefined ? undefined : await this.vmidOf(flags.guest)
    const storages = await this.use(storageService)
    const {failed, offline, volumes} = await this.unwrap(
      storages.content(
        args.storage,
        {
          ...(flags.node !== undefined && {node: flags.node}),
          ...(flags.type !== undefined && {content: flags.type}),
          ...(vmid !== undefined && {vmid}),
        },
        {parallel: flags.parallel, signal: this.signal},
      ),
    )
    for (const place of offline) await this.warning(leftOut(place))
    for (const {message} of failed) await this.warning(message)
    if (failed.length > 0) this.endWith(EXIT_CODES.partial)
    return this.present(volumes, {columns: volumeColumns, nameKey: 'volume', empty: 'nothing found'})
  }

  /** A VMID may be that of a guest that is gone: what it left behind is looked for, too. */
  private async vmidOf(nameOrId: string): Promise<number> {
    if (/^[1-9]\d{2,8}$/.test(nameOrId)) return Number(nameOrId)
    const {guests} = await this.services()
    return (await this.unwrap(guests.find(undefined, nameOrId))).vmid
  }
}
