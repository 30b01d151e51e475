import {ListCommand} from '../../../cli/list-command.js'
import {jobColumns} from '../../../cli/output/job-row.js'
import {backupJobService} from '../../../cli/wiring/jobs.js'
import type {JobView} from '../../../services/backup-job-service.js'

export default class JobList extends ListCommand<JobView> {
  static override summary = 'List the backup jobs of the cluster.'
  static override description = 'Needs Sys.Audit on /. NEXT is when the node that answers means to run it.'
  static override hiddenAliases = ['proxmox:job:ls']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    "<%= config.bin %> <%= command.id %> --jq '.[] | select(.enabled | not).id'",
  ]

  protected readonly columns = jobColumns
  protected readonly noun = 'backup jobs'

  protected fetch() {
    return this.use(backupJobService).then((jobs) => jobs.list())
  }
}
