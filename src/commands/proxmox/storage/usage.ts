import {Args, Flags} from '@oclif/core'

import {BaseCommand} from '../../../cli/base-command.js'
import {listFlags, parallelFlags} from '../../../cli/flags.js'
import {globalFlags} from '../../../cli/global-flags.js'
import {guestUsageColumns, usageColumns} from '../../../cli/storage-columns.js'
import {storageUsageService} from '../../../cli/wiring/storage.js'
import {leftOut} from '../../../cli/output/storage.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import {noStorage} from '../../../services/storage-service.js'
import {named, type GuestUsage, type StorageUsage} from '../../../services/storage-usage-service.js'

export default class StorageUsageCommand extends BaseCommand<GuestUsage[] | StorageUsage[]> {
  static override summary = 'Show how full storages are, and of what or of whose.'
  static override description =
    'Looks into each storage, those of each node for itself. Sizes of disks are what guests see: together they may be more than there is, where storage is thin. What they take up (usedBytes) is there only where the storage tells it: directories do; LVM, ZFS and backup servers do not. Storages of a node that is offline are left out with a warning; where one cannot be looked into, a warning says so, too (exit 9).'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --by-guest --sort disks.sizeBytes:desc',
    '<%= config.bin %> <%= command.id %> nas --json',
  ]

  static override strict = false
  static override baseFlags = {...globalFlags, ...listFlags}
  static override args = {storage: Args.string({description: 'Names of storages; all of them by default.'})}
  static override flags = {
    'by-guest': Flags.boolean({description: 'One line for each guest that has disks or backups there.'}),
    parallel: parallelFlags.parallel,
  }

  override async run(): Promise<GuestUsage[] | StorageUsage[]> {
    const {argv, flags} = await this.parse(StorageUsageCommand)
    const usage = await this.use(storageUsageService)
    const {failed, guests, offline, storages} = await this.unwrap(
      usage.usage(named(argv as string[], noStorage), {parallel: flags.parallel, signal: this.signal}),
    )
    for (const place of offline) await this.warning(leftOut(place))
    for (const {message} of failed) await this.warning(message)
    if (failed.length > 0) this.endWith(EXIT_CODES.partial)
    await this.warnIfBlind(storages)
    return flags['by-guest']
      ? this.present([...guests], {columns: guestUsageColumns, empty: 'no guest has anything there'})
      : this.present([...storages], {columns: usageColumns, empty: 'no storages found'})
  }
}
