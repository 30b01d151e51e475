import {Args, Flags} from '@oclif/core'

import {BaseCommand} from '../../../cli/base-command.js'
import {confirmFlags, dryRunFlag, parallelFlags} from '../../../cli/flags.js'
import {storageRemovalService} from '../../../cli/wiring/storage.js'
import {failure} from '../../../domain/failure.js'
import {obstacleOf, type StorageRemoval} from '../../../services/storage-removal-service.js'

type Removed = Omit<StorageRemoval, 'unknown' | 'unseen'> & {readonly changed: true}
type PlannedRemoval = StorageRemoval & {readonly dryRun: true; readonly action: 'remove'}

export default class StorageRemove extends BaseCommand<PlannedRemoval | Removed> {
  static override summary = 'Remove a storage from the configuration; what lies there stays where it is.'
  static override description =
    'Refused while guests have disks, media or snippets there, backup jobs save to it, guests with disks there are replicated, or other storages lie on it: they are named. Backups and ISO images that nobody uses are no obstacle, and are there again when the storage is added again.'
  static override hiddenAliases = ['proxmox:storage:rm', 'proxmox:storage:delete']
  static override examples = [
    '<%= config.bin %> <%= command.id %> nas',
    '<%= config.bin %> <%= command.id %> nas --dry-run',
    '<%= config.bin %> <%= command.id %> dead-nas --force --yes',
  ]

  static override args = {storage: Args.string({description: 'Its name.', required: true})}
  static override flags = {
    force: Flags.boolean({description: 'Remove it although it is used, or nobody can tell.'}),
    ...confirmFlags,
    ...dryRunFlag,
    parallel: parallelFlags.parallel,
  }

  override async run(): Promise<PlannedRemoval | Removed> {
    const {args, flags} = await this.parse(StorageRemove)
    const service = await this.use(storageRemovalService)
    const removal = await this.unwrap(service.inspect(args.storage, {parallel: flags.parallel, signal: this.signal}))
    const obstacle = obstacleOf(removal)
    if (obstacle !== undefined && !flags.force) this.fail(obstacle)
    if (obstacle !== undefined) await this.warning(obstacle.message)
    for (const text of removal.unseen) await this.warning(text)
    if (flags['dry-run'])
      return this.present(
        {dryRun: true, action: 'remove', ...removal},
        {text: `would remove storage "${args.storage}"; ${staying(removal)}`},
      )
    if (!flags.yes) await this.confirm(removal)
    await this.unwrap(service.remove(removal))
    const {unknown: _, unseen: __, ...known} = removal
    return this.present({...known, changed: true}, {text: `storage "${args.storage}" was removed; ${staying(removal)}`})
  }

  private async confirm(removal: StorageRemoval): Promise<void> {
    const {storage, type} = removal
    this.note(`  storage "${storage}" of type ${type}; ${staying(removal)}`)
    const typed = await this.unwrap(this.prompt.confirmName(`Remove storage "${storage}"?`, storage, '--yes'))
    if (!typed) this.fail(failure('refused', `nothing was removed: something else than ${storage} was typed`))
  }
}

/** `what lies there stays: backup 3, iso 2` */
function staying({stays}: StorageRemoval): string {
  const kinds = Object.entries(stays).map(([kind, count]) => `${kind} ${count}`)
  return kinds.length === 0 ? 'nothing is seen there' : `what lies there stays: ${kinds.join(', ')}`
}
