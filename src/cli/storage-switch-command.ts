import {Args} from '@oclif/core'
import {EXIT_CODES} from '../domain/failure.js'
import {fanOut} from '../services/fan-out.js'
import type {StorageOutcome} from '../services/storage-change-service.js'
import {BaseCommand} from './base-command.js'
import {dryRunFlag, parallelFlags} from './flags.js'
import {exitCodeOfResults, failedText, type Results, resultsOf} from './output/results.js'
import {complaints} from './storage-outcome.js'
import {storageChangeService} from './wiring/storage.js'

interface PlannedSwitch {
  readonly dryRun: true
  readonly action: 'disable' | 'enable'
  readonly storage: string
  readonly changed: boolean
}

type Outcome = PlannedSwitch | PlannedSwitch[] | Results<StorageOutcome> | StorageOutcome

/** `storage enable` and `storage disable`: one storage after the other, as they share one configuration. */
export abstract class StorageSwitchCommand extends BaseCommand<Outcome> {
  static override strict = false
  static override args = {storage: Args.string({description: 'Names of storages.', required: true})}
  static override flags = {...dryRunFlag, parallel: parallelFlags.parallel}

  protected abstract readonly enabled: boolean

  override async run(): Promise<Outcome> {
    const {argv, flags} = await this.parse()
    const names = [...new Set(argv as string[])]
    const bounds = {parallel: flags['parallel'] as number, signal: this.signal}
    const changes = await this.use(storageChangeService)
    if (flags['dry-run'] === true) return this.showPlan(names)
    const done = await fanOut(
      names,
      (name) => name,
      (name) => changes.enable(name, this.enabled, bounds),
      {parallel: 1, failFast: false, signal: this.signal},
    )
    const [first] = done
    const wrong = done.flatMap((result) => (result.ok ? complaints(result.value) : []))
    for (const text of wrong) await this.warning(text)
    if (wrong.length > 0) this.endWith(EXIT_CODES.partial)
    if (names.length === 1 && first !== undefined) {
      if (!first.ok) this.fail(first.error)
      return this.present(first.value, {text: this.sentence(first.value)})
    }

    if (done.some(({ok}) => !ok)) this.endWith(exitCodeOfResults(done, names.length))
    return this.present(resultsOf(done, names.length), {
      text: done.map((result) => (result.ok ? this.sentence(result.value) : failedText(result))).join('\n'),
    })
  }

  private sentence({changed, storage}: StorageOutcome): string {
    return `storage "${storage}" ${changed ? 'was' : 'is'} ${this.enabled ? 'enabled' : 'disabled'}${changed ? '' : ' already'}`
  }

  private async showPlan(names: readonly string[]): Promise<PlannedSwitch | PlannedSwitch[]> {
    const changes = await this.use(storageChangeService)
    const action = this.enabled ? 'enable' : 'disable'
    const plans: PlannedSwitch[] = []
    for (const storage of names) {
      const {remove, values} = await this.unwrap(changes.planEnabling(storage, this.enabled))
      plans.push({dryRun: true, action, storage, changed: remove.length > 0 || Object.keys(values).length > 0})
    }

    const text = plans
      .map(({changed, storage}) =>
        changed ? `would ${action} storage "${storage}"` : `storage "${storage}" is ${action}d already`,
      )
      .join('\n')
    const [only] = plans
    return plans.length === 1 && only !== undefined ? this.present(only, {text}) : this.present(plans, {text})
  }
}
