import {Args} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'

export default class ContextUse extends ConfigurationCommand<{name: string; changed: boolean; file: string}> {
  static override args = {name: Args.string({description: 'Name of the context.', required: true})}
  static override examples = ['<%= config.bin %> <%= command.id %> lab']
  static override summary = 'Make a context the current one.'

  override async run(): Promise<{name: string; changed: boolean; file: string}> {
    const {args} = await this.parse(ContextUse)
    const changed = await this.useContext(args.name)
    const text = changed ? `${args.name} is the current context now` : `${args.name} is the current context already`
    return this.present({name: args.name, changed, file: this.userFile}, {text})
  }
}
