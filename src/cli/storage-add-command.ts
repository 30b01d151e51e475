import {Args} from '@oclif/core'
import type {StorageTypeName} from '../domain/storage-types.js'
import {EXIT_CODES} from '../domain/failure.js'
import {nativeScript, pvesmCommand} from '../domain/native-command.js'
import type {StorageValues} from '../domain/new-storage.js'
import type {StorageAddition, StorageOutcome, StorageSecrets} from '../services/storage-change-service.js'
import {BaseCommand} from './base-command.js'
import type {NativeScript} from './guest-action-command.js'
import {storageText} from './output/storage.js'
import {complaints} from './storage-outcome.js'
import {valuesFrom, type StorageFlagValues} from './storage-flags.js'
import {nativeSecrets, secretsFrom} from './storage-secrets.js'
import {storageChangeService} from './wiring/storage.js'

/** What `--dry-run` says. */
export interface PlannedStorage {
  readonly dryRun: true
  readonly action: 'add' | 'none'
  readonly storage: string
  readonly type: string
  readonly parameters: StorageValues
  readonly nodes: readonly string[]
}

type AddFlags = StorageFlagValues & {
  readonly 'dry-run': boolean
  readonly 'print-native': boolean
  readonly parallel: number
}

/** Adds a storage of one type: checked first, read back on each of its nodes afterwards. */
export abstract class StorageAddCommand extends BaseCommand<NativeScript | PlannedStorage | StorageOutcome> {
  static override args = {
    storage: Args.string({description: "Its name, which volumes' ids begin with.", required: true}),
  }

  protected abstract readonly type: StorageTypeName

  override async run(): Promise<NativeScript | PlannedStorage | StorageOutcome> {
    const parsed = await this.parse()
    const {storage} = parsed.args as {storage: string}
    const flags = parsed.flags as unknown as AddFlags
    const values = this.unwrap(valuesFrom(this.type, flags))
    const changes = await this.use(storageChangeService)
    const plan = await this.unwrap(changes.plan({storage, type: this.type, values}))
    if (flags['print-native']) return this.showNative(plan, flags)
    if (flags['dry-run']) return this.showPlan(plan)
    const secrets: StorageSecrets =
      plan.existing === undefined
        ? await this.unwrap(
            secretsFrom(flags, this.passwordQuestion(values), {prompt: this.prompt, runtime: this.runtime}),
          )
        : {}
    const last = plan.existing === undefined ? await this.lastValues(values, flags) : {}
    const outcome = await this.unwrap(
      changes.add({...plan, values: {...plan.values, ...last}}, secrets, {
        parallel: flags.parallel,
        signal: this.signal,
      }),
    )
    return this.showOutcome(outcome)
  }

  /** What to ask where a password is needed and no flag says where it is; undefined: none is needed. */
  protected passwordQuestion(_values: StorageValues): string | undefined {
    return undefined
  }

  /** What has to be found out or asked before it is added. */
  protected async lastValues(_values: StorageValues, _flags: StorageFlagValues): Promise<StorageValues> {
    return {}
  }

  private async showOutcome(outcome: StorageOutcome): Promise<StorageOutcome> {
    const {changed, storage} = outcome
    const wrong = complaints(outcome)
    for (const text of wrong) await this.warning(text)
    if (wrong.length > 0) this.endWith(EXIT_CODES.partial)
    const said = changed ? `storage "${storage}" was added` : `storage "${storage}" is there already, just so`
    return this.present(outcome, {text: `${said}\n\n${storageText(outcome)}`})
  }

  private showPlan({existing, nodes, storage, type, values}: StorageAddition): PlannedStorage {
    const plan: PlannedStorage = {
      dryRun: true,
      action: existing === undefined ? 'add' : 'none',
      storage,
      type,
      parameters: values,
      nodes,
    }
    const options = Object.entries(values).map(([option, value]) => `  ${option}: ${String(value)}`)
    return this.present(plan, {
      text:
        existing === undefined
          ? [`would add storage "${storage}" of type ${type} for ${nodes.join(', ')}`, ...options].join('\n')
          : `storage "${storage}" is there already, just so`,
    })
  }

  private showNative({nodes, storage, type, values}: StorageAddition, flags: AddFlags): NativeScript {
    const asked = this.passwordQuestion(values) !== undefined || flags['password-stdin'] === true
    const secrets = nativeSecrets(flags, asked || flags['password-file'] !== undefined)
    const commands = [{node: nodes[0] ?? '', command: pvesmCommand('add', [type, storage], {...values, ...secrets})}]
    return this.present({commands}, {text: nativeScript(commands)})
  }
}
