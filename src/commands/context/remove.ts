import {Args} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'
import {confirmFlags} from '../../cli/flags.js'

export default class ContextRemove extends ConfigurationCommand<{name: string; removed: boolean}> {
  static override hiddenAliases = ['context:rm']
  static override args = {name: Args.string({description: 'Name of the context.', required: true})}
  static override description =
    'Takes it out of the configuration, with the secret a login stored. Nothing changes on the cluster.'
  static override examples = ['<%= config.bin %> <%= command.id %> lab --yes']
  static override flags = confirmFlags
  static override summary = 'Remove a context.'

  override async run(): Promise<{name: string; removed: boolean}> {
    const {args, flags} = await this.parse(ContextRemove)
    const context = await this.storedContext(args.name)
    await this.confirmed(`Remove the context ${context.name} from ${context.file}?`, flags.yes)
    const removed = await this.dropContext(context)
    return this.present({name: args.name, removed}, {text: `removed ${args.name}`})
  }
}
