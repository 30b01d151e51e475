import {Args, Flags} from '@oclif/core'
import {backupColumns} from '../../../cli/backup-columns.js'
import {backupPlaceFlags, backupPlaces} from '../../../cli/backup-place-flags.js'
import {BaseCommand} from '../../../cli/base-command.js'
import {durationFlag, listFlags, selectorFlag} from '../../../cli/flags.js'
import {backupInventory} from '../../../cli/wiring/backup.js'
import type {Backup} from '../../../domain/backup.js'
import {chosenOneWay} from '../../../domain/guest-choice.js'

export default class BackupList extends BaseCommand<Backup[]> {
  static override summary = 'List backups: all of them, or those of some guests.'
  static override description = `Every storage that holds backups is asked, a shared one once. Guests that are gone are named by their VMID.
A storage that cannot be asked is named on stderr; the list lacks its backups then.`
  static override hiddenAliases = ['proxmox:backup:ls']
  static override strict = false
  static override args = {guest: Args.string({description: 'Names or VMIDs.', required: false})}
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> web --storage nas',
    '<%= config.bin %> <%= command.id %> --older-than 90d --columns volume,time,sizeBytes',
    {description: 'Volumes only, for scripts', command: '<%= config.bin %> <%= command.id %> 101 -o name'},
  ]

  static override flags = {
    ...listFlags,
    ...selectorFlag,
    ...backupPlaceFlags,
    'older-than': durationFlag({description: 'Only backups older than this, as 30d.'}),
    'newer-than': durationFlag({description: 'Only backups younger than this, as 24h.'}),
    type: Flags.string({description: 'Only backups of VMs, or of containers.', options: ['qemu', 'lxc']}),
    protected: Flags.boolean({allowNo: true, description: 'Only protected backups, or only others.'}),
  }

  async run(): Promise<Backup[]> {
    const {argv, flags} = await this.parse(BackupList)
    const names = argv as string[]
    this.unwrap(chosenOneWay({names, selectors: flags.selector ?? [], all: false}))
    const inventory = await this.use(backupInventory)
    const {guests} = await this.services()
    const selected = flags.selector === undefined ? [] : await this.unwrap(guests.list(undefined, flags.selector))
    const named = names.length === 0 ? [] : await this.unwrap(inventory.owners(names))
    const owners = names.length === 0 && flags.selector === undefined ? undefined : [...named, ...selected]
    const {backups, unseen} = await this.unwrap(inventory.list(backupPlaces(flags), owners, this.signal))
    for (const {node, reason, storage} of unseen)
      await this.warning(`the backups on storage ${storage} of ${node} are not listed: ${reason}`)
    await this.warnIfBlind(backups)
    const now = this.runtime.now()
    const ageOf = (backup: Backup): number => now - Date.parse(backup.time)
    const chosen = backups.filter(
      (backup) =>
        (flags['older-than'] === undefined || ageOf(backup) > flags['older-than']) &&
        (flags['newer-than'] === undefined || ageOf(backup) < flags['newer-than']) &&
        (flags.type === undefined || backup.type === flags.type) &&
        (flags.protected === undefined || backup.protected === flags.protected),
    )
    return this.present<Backup[], Backup>(chosen, {
      columns: backupColumns,
      empty: 'no backups found',
      nameKey: 'volume',
    })
  }
}
