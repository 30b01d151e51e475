import {Args} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'
import {contextFields, contextRow, type ContextRow} from '../../cli/context-fields.js'

export default class ContextShow extends ConfigurationCommand<ContextRow> {
  static override args = {name: Args.string({description: 'Name of the context; the one in use by default.'})}
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> lab --json']
  static override summary = 'Show a context: addresses, trust, login and defaults, without secrets.'

  override async run(): Promise<ContextRow> {
    const {args} = await this.parse(ContextShow)
    const context = await this.chosenContext(args.name)
    const inUse = args.name === undefined ? context.name : await this.currentName()
    return this.present(contextRow(context, inUse), {columns: contextFields})
  }
}
