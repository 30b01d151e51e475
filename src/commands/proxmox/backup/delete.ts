import {BackupCommand, backupArg, backupNodeFlag} from '../../../cli/backup-command.js'
import {confirmFlags, dryRunFlag, parallelFlags, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {asTime} from '../../../cli/output/human.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from '../../../cli/output/results.js'
import {backupChanges} from '../../../cli/wiring/backup.js'
import {ownerLabel, type Backup} from '../../../domain/backup.js'
import {failure} from '../../../domain/failure.js'
import {protectedBackup, type DeletedBackup} from '../../../services/backup-change-service.js'
import {fanOut} from '../../../services/fan-out.js'

type Planned = Backup & {readonly dryRun: true; readonly action: 'delete'}

export default class BackupDelete extends BackupCommand<DeletedBackup | Planned[] | Results<DeletedBackup>> {
  static override summary = 'Delete backups, for good.'
  static override description =
    'A protected backup is refused, and nothing is deleted then. To remove old ones by rules: backup prune.'
  static override hiddenAliases = ['proxmox:backup:rm']
  static override strict = false
  static override args = {backup: backupArg}
  static override examples = [
    '<%= config.bin %> <%= command.id %> web@oldest',
    '<%= config.bin %> <%= command.id %> nas:backup/vzdump-qemu-101-2026_01_02-03_04_05.vma.zst 200@2026-01-31 --yes',
  ]

  static override flags = {
    ...backupNodeFlag,
    ...confirmFlags,
    ...dryRunFlag,
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
    ...parallelFlags,
    ...warningsFlag,
  }

  async run(): Promise<DeletedBackup | Planned[] | Results<DeletedBackup>> {
    const {argv, flags} = await this.parse(BackupDelete)
    const found: Backup[] = []
    for (const name of argv as string[]) found.push(await this.backup(name, flags.node))
    const backups = [...new Map(found.map((backup) => [`${backup.node} ${backup.volume}`, backup])).values()]
    const guarded = backups.find((backup) => backup.protected)
    if (guarded !== undefined) this.fail(protectedBackup(guarded.volume))
    const lines = backups.map((backup) => `${backup.volume}, ${ownerLabel(backup)}, ${asTime(backup.time)}`)
    if (flags['dry-run']) {
      const plan = backups.map((backup): Planned => ({dryRun: true, action: 'delete', ...backup}))
      return this.present(plan, {text: lines.map((line) => `would delete ${line}`).join('\n')})
    }

    if (!flags.yes) {
      for (const line of lines) this.note(`  ${line}`)
      const what = backups.length === 1 ? 'this backup' : `these ${backups.length} backups`
      if (!(await this.unwrap(this.prompt.confirm(`Delete ${what} for good?`, '--yes'))))
        this.fail(failure('refused', 'nothing was deleted: the question was answered with no'))
    }

    const changes = await this.use(backupChanges)
    this.progress.start(`delete ${backups.length === 1 ? (backups[0]?.volume ?? '') : `${backups.length} backups`}`)
    const results = await fanOut(
      backups,
      ({volume}) => volume,
      (backup) => changes.delete(backup, this.patience(flags)),
      {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal},
    )
    const tasks = results.flatMap((result) => (result.ok ? (result.value.task ?? []) : []))
    const [first] = results
    if (argv.length === 1 && first !== undefined) {
      if (!first.ok) this.fail(first.error)
      this.checkWarnings(flags, tasks, first.value)
      return this.present(first.value, {text: `deleted ${first.value.volume}`, nameKey: 'volume'})
    }

    const document = resultsOf(results, backups.length)
    this.endWith(exitCodeOfResults(results, backups.length))
    this.checkWarnings(flags, tasks, document)
    const said = results.map((one) => (one.ok ? `deleted ${one.target}` : failedText(one)))
    return this.present(document, {text: said.join('\n')})
  }
}
