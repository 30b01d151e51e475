import {Args, Flags} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'

interface LoggedOut {
  readonly context: string
  readonly changed: boolean
  readonly revoked: boolean
}

export default class AuthLogout extends ConfigurationCommand<LoggedOut> {
  static override args = {context: Args.string({description: 'Name of the context; the one in use by default.'})}
  static override description =
    'Forgets the login of a context and deletes the secret that was stored for it. The context itself stays.'
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> lab --revoke']
  static override flags = {
    revoke: Flags.boolean({description: 'Delete the API token on the server first.'}),
  }
  static override summary = 'Log out of a cluster.'

  override async run(): Promise<LoggedOut> {
    const {args, flags} = await this.parse(AuthLogout)
    const chosen = await this.chosenContext(args.context)
    const context = await this.storedContext(chosen.name)
    const revoked = flags.revoke && (await this.revokeToken(context))
    const changed = await this.dropLogin(context)
    const text = changed
      ? `logged out of ${context.name}${revoked ? '; its token is deleted' : ''}`
      : `${context.name} had no login`
    return this.present({context: context.name, changed, revoked}, {text})
  }
}
