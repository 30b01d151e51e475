import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {backupPlaceFlags, backupPlaces} from '../../../cli/backup-place-flags.js'
import {confirmFlags, dryRunFlag, parallelFlags, selectorFlags, waitFlags, warningsFlag} from '../../../cli/flags.js'
import {keepFlags, retentionOf} from '../../../cli/keep-flags.js'
import {prunedText, pruneLines} from '../../../cli/output/pruned.js'
import {exitCodeOfResults, resultsOf, type Results} from '../../../cli/output/results.js'
import {backupInventory, backupPruneService} from '../../../cli/wiring/backup.js'
import {failure} from '../../../domain/failure.js'
import {chosenOneWay} from '../../../domain/guest-choice.js'
import {keepsAll} from '../../../domain/retention.js'
import type {Owner} from '../../../services/backup-inventory.js'
import type {Pruned, PrunePlan, PruneWish} from '../../../services/backup-prune-service.js'
import {fanOut} from '../../../services/fan-out.js'

type Planned = PrunePlan & {readonly dryRun: true}

export default class BackupPrune extends BaseCommand<Planned[] | Results<Pruned>> {
  static override summary = "Remove old backups by Proxmox VE's own rules of what to keep."
  static override description = `The server says first what it would remove; that is checked against the rules, shown, and asked about. Protected backups and renamed archives always \
stay. The rules count for each guest and each storage alone. Without rules each storage's own count.
Guests that are gone are named by their VMID; --all means every guest that has backups.`
  static override strict = false
  static override args = {guest: Args.string({description: 'Names or VMIDs.', required: false})}
  static override examples = [
    {description: 'What would go', command: '<%= config.bin %> <%= command.id %> web --keep-last 3 --dry-run'},
    '<%= config.bin %> <%= command.id %> --all --storage nas --keep-daily 7 --keep-weekly 4 --yes',
    {
      description: "By the storage's own rules",
      command: '<%= config.bin %> <%= command.id %> -l tag=dev --storage nas',
    },
  ]

  static override flags = {
    ...selectorFlags,
    ...backupPlaceFlags,
    ...keepFlags,
    'trust-server': Flags.boolean({description: 'Go on where the server and our own reckoning differ.'}),
    ...confirmFlags,
    ...dryRunFlag,
    timeout: waitFlags.timeout,
    'poll-interval': waitFlags['poll-interval'],
    ...parallelFlags,
    ...warningsFlag,
  }

  async run(): Promise<Planned[] | Results<Pruned>> {
    const {argv, flags} = await this.parse(BackupPrune)
    const names = argv as string[]
    if (names.length === 0 && flags.selector === undefined && !flags.all) {
      const hint = 'Give names or VMIDs, or -l/--selector, or --all'
      this.fail(failure('usage', 'no guest named whose backups are to be pruned', {hint}))
    }

    this.unwrap(chosenOneWay({names, selectors: flags.selector ?? [], all: flags.all}))
    const given = retentionOf(flags)
    const keep = given === undefined ? undefined : this.unwrap(given)
    const owners = flags.all ? undefined : await this.owners(names, flags.selector)
    const wish: PruneWish = {
      places: backupPlaces(flags),
      trustServer: flags['trust-server'],
      ...(keep !== undefined && {keep}),
      ...(owners !== undefined && {owners}),
    }
    const service = await this.use(backupPruneService)
    const plans = await this.unwrap(service.plan(wish))
    if (flags['dry-run']) {
      const text = plans.flatMap((plan) => pruneLines(plan)).join('\n')
      return this.present(
        plans.map((plan): Planned => ({dryRun: true, ...plan})),
        {text, empty: keep !== undefined && keepsAll(keep) ? 'these rules keep every backup' : 'no backups found'},
      )
    }

    const doomed = plans.filter(({removed}) => removed > 0)
    await this.confirm(doomed, flags.yes)
    if (doomed.length > 0) this.progress.start('prune backups')
    const results = await fanOut(
      plans,
      ({storage, vmid}) => `${vmid}@${storage}`,
      (plan) => service.run(plan, this.patience(flags)),
      {parallel: flags.parallel, failFast: flags['fail-fast'], signal: this.signal},
    )
    const document = resultsOf(results, plans.length)
    this.endWith(exitCodeOfResults(results, plans.length))
    const tasks = results.flatMap((one) => (one.ok ? (one.value.task ?? []) : []))
    this.checkWarnings(flags, tasks, document)
    if (keep !== undefined && keepsAll(keep)) this.note('these rules keep every backup')
    return this.present(document, {text: prunedText(results)})
  }

  private async owners(names: readonly string[], selectors: string[] | undefined): Promise<Owner[]> {
    const {guests} = await this.services()
    const inventory = await this.use(backupInventory)
    const named = names.length === 0 ? [] : await this.unwrap(inventory.owners(names))
    const chosen = selectors === undefined ? [] : await this.unwrap(guests.list(undefined, selectors))
    const all = [...named, ...chosen.map(({type, vmid}): Owner => ({vmid, type}))]
    return [...new Map(all.map((owner) => [owner.vmid, owner])).values()]
  }

  private async confirm(doomed: readonly PrunePlan[], yes: boolean): Promise<void> {
    if (yes || doomed.length === 0) return
    for (const line of doomed.flatMap((plan) => pruneLines(plan))) this.note(`  ${line}`)
    const count = doomed.reduce((sum, {removed}) => sum + removed, 0)
    const question = `Remove ${count} ${count === 1 ? 'backup' : 'backups'} for good?`
    if (!(await this.unwrap(this.prompt.confirm(question, '--yes'))))
      this.fail(failure('refused', 'nothing was removed: the question was answered with no'))
  }
}
