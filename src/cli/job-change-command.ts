import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {BackupJobService, ChangedJob, JobPlan} from '../services/backup-job-service.js'
import {BaseCommand} from './base-command.js'
import {changedJobText, jobPlanText} from './output/job-row.js'
import {backupJobService} from './wiring/jobs.js'

/** What `--dry-run` tells of a job. */
export interface PlannedJob extends Omit<JobPlan, 'before'> {
  readonly dryRun: true
}

/** Makes or changes a backup job: plans it, tells what would go wrong, and does it. */
export abstract class JobChangeCommand extends BaseCommand<ChangedJob | PlannedJob> {
  protected async carryOut(
    plan: (jobs: BackupJobService) => ResultAsync<JobPlan, Failure>,
    {dryRun, verb}: {readonly dryRun: boolean; readonly verb: string},
  ): Promise<ChangedJob | PlannedJob> {
    const jobs = await this.use(backupJobService)
    const planned = await this.unwrap(plan(jobs))
    if (dryRun) {
      const {before: _before, ...rest} = planned
      return this.present({...rest, dryRun: true as const}, {text: jobPlanText(planned)})
    }

    const changed = await this.unwrap(jobs.apply(planned))
    for (const text of planned.warnings) await this.warning(text)
    return this.present(changed, {text: changedJobText(changed, verb)})
  }
}
