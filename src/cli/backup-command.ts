import {Args, Flags} from '@oclif/core'
import type {Backup} from '../domain/backup.js'
import {BaseCommand} from './base-command.js'
import {backupColumns} from './backup-columns.js'
import type {Column} from './output/columns.js'
import {backupInventory} from './wiring/backup.js'

export const backupArg = Args.string({
  description: 'Volume of the backup, or GUEST@latest, GUEST@oldest, GUEST@2026-01-31 (UTC).',
  required: true,
})

export const backupNodeFlag = {
  node: Flags.string({description: 'The node that has it, where several have one of that name.', helpValue: 'NODE'}),
}

/** Every field of one backup. */
export const backupFields: readonly Column<Backup & object>[] = [
  ...backupColumns.map((column) => ({...column, default: true})),
  {key: 'path'},
]

/** For commands on one backup, by its volume or by a guest and which of its backups. */
export abstract class BackupCommand<R extends object> extends BaseCommand<R> {
  protected async backup(text: string, node?: string): Promise<Backup> {
    const inventory = await this.use(backupInventory)
    return this.unwrap(inventory.find(text, node === undefined ? {} : {node}))
  }
}
