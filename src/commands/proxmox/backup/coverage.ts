import {Args, Flags} from '@oclif/core'
import {durationFlag, selectorFlag} from '../../../cli/flags.js'
import {ListCommand} from '../../../cli/list-command.js'
import type {Column} from '../../../cli/output/columns.js'
import {asTime, asUptime} from '../../../cli/output/human.js'
import {coverageService} from '../../../cli/wiring/jobs.js'
import type {ExcludedDisk} from '../../../domain/backup-coverage.js'
import {EXIT_CODES} from '../../../domain/failure.js'
import type {CoverageReport, GuestCoverage} from '../../../services/backup-coverage-service.js'

interface CoverageFlags {
  readonly selector?: string[]
  readonly 'max-age'?: number
  readonly templates: boolean
}

export default class BackupCoverage extends ListCommand<GuestCoverage, CoverageFlags> {
  static override summary = 'List how well guests are backed up: by which jobs, and how old the newest backup is.'
  static override description = `Every storage with backups is asked. A backup that is still being written, or that a backup server found damaged, does not count; neither does one of another guest that had the VMID before and was of the other kind. JOBS are the enabled ones.
With --max-age the exit code is 10 when the newest backup of a guest is older or there is none; also when that is unknown because a storage could not be asked. Templates are left out, unless they are named or asked for.`

  static override strict = false
  static override args = {guest: Args.string({description: 'Names or VMIDs; all without them.', required: false})}
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --max-age 26h',
    '<%= config.bin %> <%= command.id %> -l tag=production --max-age 26h --json',
    {
      description: 'Guests that no job saves',
      command: '<%= config.bin %> <%= command.id %> --jq ".[] | select(.jobs == []).name"',
    },
  ]

  static override flags = {
    ...selectorFlag,
    'max-age': durationFlag({description: 'How old the newest backup may be: 26h, 8d.'}),
    templates: Flags.boolean({description: 'Take templates in.'}),
  }

  protected override readonly ofCluster = true
  protected readonly noun = 'guests'
  protected readonly columns: readonly Column<GuestCoverage>[] = [
    {key: 'vmid', header: 'VMID', align: 'right'},
    {key: 'name'},
    {key: 'type', default: false},
    {key: 'node'},
    {key: 'coverage', header: 'STATE'},
    {key: 'ageSeconds', header: 'AGE', format: asUptime, align: 'right'},
    {key: 'newest.storage', header: 'ON'},
    {key: 'jobs', format: (value) => (value as string[]).join(', ')},
    {
      key: 'excludedDisks',
      header: 'WITHOUT',
      format: (value) => (value as ExcludedDisk[]).map(({key}) => key).join(', '),
    },
    {key: 'newest.time', header: 'NEWEST', format: asTime, default: false},
    {key: 'newest.volume', header: 'VOLUME', default: false},
    {key: 'disabledJobs', default: false, format: (value) => (value as string[]).join(', ')},
    {key: 'template', default: false},
  ]

  protected async fetch(flags: CoverageFlags) {
    const {argv} = await this.parse(BackupCoverage)
    const maxAge = flags['max-age']
    const service = await this.use(coverageService)
    const report = await service.report(
      {
        names: argv as string[],
        selectors: flags.selector ?? [],
        templates: flags.templates,
        ...(maxAge !== undefined && {maxAgeSeconds: maxAge / 1000}),
      },
      this.signal,
    )
    if (report.isOk()) {
      this.tell(report.value)
      const bad = report.value.guests.filter(({coverage}) => coverage !== 'ok')
      if (maxAge !== undefined && bad.length > 0) {
        this.endWith(EXIT_CODES['check-failed'])
        this.note(
          `without a backup of the last ${asUptime(maxAge / 1000)}: ${bad.map(({name, vmid}) => name ?? vmid).join(', ')}`,
        )
      }
    }

    return report.map(({guests}) => [...guests])
  }

  private tell({disksUnseen, guests, jobsUnseen, unseen}: CoverageReport): void {
    for (const {node, reason, storage} of unseen)
      this.note(`backups on ${storage} of ${node} are not counted: ${reason}`)
    const without = guests.filter(({jobs}) => jobs.length === 0).map(({name, vmid}) => name ?? vmid)
    if (jobsUnseen) this.note('which jobs there are is not known: that needs Sys.Audit on /')
    else if (without.length > 0) this.note(`in no enabled job: ${without.join(', ')}`)
    if (disksUnseen.length > 0)
      this.note(`which disks are left out is not known of ${disksUnseen.join(', ')}: the configuration cannot be read`)
  }
}
