import {Args} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'
import {checkedLoginFields, type CheckedLogin} from '../../cli/context-fields.js'

export default class ContextTest extends ConfigurationCommand<CheckedLogin> {
  static override args = {name: Args.string({description: 'Name of the context; the one in use by default.'})}
  static override description =
    'Connects, checks the certificate, logs in, and learns the addresses of the other nodes. Fails like any other command would: 3 unreachable, 4 login refused.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> lab']
  static override summary = 'Try a context out.'

  override async run(): Promise<CheckedLogin> {
    const {args} = await this.parse(ContextTest)
    const checked = await this.checkLogin(await this.chosenContext(args.name))
    return this.present(checked, {columns: checkedLoginFields})
  }
}
