import {Args} from '@oclif/core'
import {backupArg, BackupCommand, backupNodeFlag} from '../../../cli/backup-command.js'
import {listFlags} from '../../../cli/flags.js'
import {asBytes, asTime} from '../../../cli/output/human.js'
import {backupChanges} from '../../../cli/wiring/backup.js'

interface FileRow {
  readonly name: string
  readonly kind: string
  readonly sizeBytes?: number
  readonly modifiedAt?: string
}

/** The letters of Proxmox VE's list. */
const KINDS: Readonly<Record<string, string>> = {
  b: 'block device',
  c: 'character device',
  d: 'directory',
  f: 'file',
  h: 'hard link',
  l: 'link',
  p: 'pipe',
  s: 'socket',
  v: 'volume',
}

export default class BackupFiles extends BackupCommand<FileRow[]> {
  static override summary = 'List the files in a backup on a Proxmox Backup Server.'
  static override description = `Without a path the disks and archives of the backup are listed. To look into the backup of a VM, the node starts a small VM of its own, which \
takes some seconds. Backups in files cannot be looked into (exit 8): restore them beside the original.`
  static override args = {
    backup: backupArg,
    path: Args.string({description: 'Path in the backup, beginning with a disk or archive.', required: false}),
  }

  static override flags = {...listFlags, ...backupNodeFlag}
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns@latest',
    '<%= config.bin %> <%= command.id %> dns@latest /root.pxar.didx/etc',
  ]

  async run(): Promise<FileRow[]> {
    const {args, flags} = await this.parse(BackupFiles)
    const backup = await this.backup(args.backup, flags.node)
    const changes = await this.use(backupChanges)
    const files = await this.unwrap(changes.files(backup, args.path ?? '/'))
    const rows = files.map(({modifiedAt, name, sizeBytes, type}): FileRow => {
      const times = modifiedAt === undefined ? {} : {modifiedAt}
      return {name, kind: KINDS[type] ?? type, ...(sizeBytes !== undefined && {sizeBytes}), ...times}
    })
    return this.present<FileRow[], FileRow>(rows, {
      columns: [
        {key: 'kind'},
        {key: 'sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
        {key: 'modifiedAt', header: 'MODIFIED', format: asTime},
        {key: 'name'},
      ],
      empty: 'no files there',
    })
  }
}
