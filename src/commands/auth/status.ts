import {Args} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'
import {checkedLoginFields, type CheckedLogin} from '../../cli/context-fields.js'

export default class AuthStatus extends ConfigurationCommand<CheckedLogin> {
  static override args = {context: Args.string({description: 'Name of the context; the one in use by default.'})}
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override summary = 'Say who is logged in where, and whether the server still takes it (exit 4 when not).'

  override async run(): Promise<CheckedLogin> {
    const {args} = await this.parse(AuthStatus)
    const checked = await this.checkLogin(await this.chosenContext(args.context))
    return this.present(checked, {columns: checkedLoginFields})
  }
}
