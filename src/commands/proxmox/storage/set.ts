import {Args, Flags} from '@oclif/core'

import {BaseCommand} from '../../../cli/base-command.js'
import {namesAndPairs, readPairs} from '../../../cli/config-pairs.js'
import {dryRunFlag, parallelFlags} from '../../../cli/flags.js'
import type {NativeScript} from '../../../cli/guest-action-command.js'
import {storageText} from '../../../cli/output/storage.js'
import {changeFlags, keyringFlag, passwordFlags} from '../../../cli/storage-flags.js'
import {complaints} from '../../../cli/storage-outcome.js'
import {changeText, nativeChange, wishFrom, type PlannedStorageChange} from '../../../cli/storage-set-input.js'
import {secretsFrom} from '../../../cli/storage-secrets.js'
import {storageChangeService} from '../../../cli/wiring/storage.js'
import {EXIT_CODES, failure} from '../../../domain/failure.js'
import {nativeScript} from '../../../domain/native-command.js'
import type {StorageOutcome} from '../../../services/storage-change-service.js'

export default class StorageSet extends BaseCommand<NativeScript | PlannedStorageChange | StorageOutcome> {
  static override summary = 'Change how a storage is defined.'
  static override description =
    'What the flags do not name is given as key=value, by the names of the API (storage show tells them). What a storage is made of (path, server, volume group, …) is fixed. A change that somebody else made meanwhile is not overwritten (exit 6).'
  static override examples = [
    '<%= config.bin %> <%= command.id %> nas --content images,iso,backup --nodes pve1,pve2',
    '<%= config.bin %> <%= command.id %> nas --all-nodes prune-backups=keep-last=3,keep-weekly=4',
    '<%= config.bin %> <%= command.id %> files --delete preallocation --dry-run',
    'pass show pbs | <%= config.bin %> <%= command.id %> vault --password-stdin',
  ]

  static override strict = false
  static override args = {
    storage: Args.string({description: 'Its name, and key=value for further options.', required: true}),
  }
  static override flags = {
    ...changeFlags,
    delete: Flags.string({
      description: 'Take this option away: its default counts again.',
      helpValue: 'KEY',
      multiple: true,
    }),
    ...passwordFlags,
    ...keyringFlag,
    ...dryRunFlag,
    'print-native': Flags.boolean({description: 'Print the line of pvesm that does the same; do nothing.'}),
    parallel: parallelFlags.parallel,
  }

  override async run(): Promise<NativeScript | PlannedStorageChange | StorageOutcome> {
    const {argv, flags} = await this.parse(StorageSet)
    const {names, pairs} = namesAndPairs(argv as string[])
    const [name = '', another] = names
    if (another !== undefined)
      this.fail(failure('usage', 'one storage at a time can be changed', {hint: 'Write options as key=value'}))
    const wish = this.unwrap(wishFrom(flags, await this.unwrap(readPairs(pairs, this.runtime))))
    const changes = await this.use(storageChangeService)
    const change = await this.unwrap(changes.planChange(name, wish))
    if (flags['print-native']) {
      const commands = [nativeChange(change, flags)]
      return this.present({commands}, {text: nativeScript(commands)})
    }

    if (flags['dry-run']) {
      const {definition, remove, values} = change
      const plan = {
        dryRun: true as const,
        action: 'set' as const,
        storage: definition.storage,
        parameters: values,
        remove,
      }
      return this.present(plan, {text: changeText(change)})
    }

    const secrets = await this.unwrap(secretsFrom(flags, undefined, {prompt: this.prompt, runtime: this.runtime}))
    const outcome = await this.unwrap(changes.change(change, secrets, {parallel: flags.parallel, signal: this.signal}))
    const wrong = complaints(outcome)
    for (const text of wrong) await this.warning(text)
    if (wrong.length > 0) this.endWith(EXIT_CODES.partial)
    const said = outcome.changed ? `storage "${name}" was changed` : `storage "${name}" is so already`
    return this.present(outcome, {text: `${said}\n\n${storageText(outcome)}`})
  }
}
