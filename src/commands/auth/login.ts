import {Args, Flags} from '@oclif/core'

import {LoginCommand, type LoggedIn} from '../../cli/login-command.js'
import {loginFlags} from '../../cli/login-flags.js'

export default class AuthLogin extends LoginCommand {
  static override args = {url: Args.string({description: 'Address of a node: https://pve1.lan:8006', required: true})}
  static override description = `Shows the certificate and asks once whether to trust it, tries the login, and writes a context. A user with a password is offered an API token instead: it can be revoked by itself, and no password lies around.

A token with separated privileges can do only what it is granted itself, and never more than its user; --role creates one and grants it that role on everything. Without --role the token may do whatever its user may.

Secrets are stored in a file of their own, mode 0600, and never printed again.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://pve1.lan:8006',
    '<%= config.bin %> <%= command.id %> https://pve1.lan:8006 --user root@pam --create-token --role PVEVMAdmin',
    'pass show pve/homelab | <%= config.bin %> <%= command.id %> https://pve1.lan:8006 --fingerprint AA:BB:… --token-id automation@pve!homelab --secret-stdin',
  ]
  static override flags = {
    name: Flags.string({description: 'Name of the context; by default after the host.', helpValue: 'CONTEXT'}),
    fingerprint: Flags.string({
      description: "SHA-256 fingerprint the server's certificate must have; nothing is asked then.",
      exclusive: ['ca-file'],
      helpValue: 'AA:BB:…',
    }),
    'ca-file': Flags.string({
      description: "The cluster's CA certificate (PEM), instead of a fingerprint.",
      helpValue: 'FILE',
    }),
    ...loginFlags,
    'create-token': Flags.boolean({
      allowNo: true,
      description: 'Create an API token for the user and store that instead of the password.',
      helpGroup: 'TOKEN',
    }),
    'token-name': Flags.string({
      description: 'Name of the new token; homelab by default.',
      helpGroup: 'TOKEN',
      helpValue: 'NAME',
    }),
    role: Flags.string({
      description: 'Separate the privileges of the new token, and grant it this role on everything.',
      helpGroup: 'TOKEN',
      helpValue: 'ROLE',
    }),
    use: Flags.boolean({description: 'Make it the current context; without it only when there is none.'}),
  }
  static override summary = 'Log in to a cluster and remember it.'

  override async run(): Promise<LoggedIn> {
    const {args, flags} = await this.parse(AuthLogin)
    const loggedIn = await this.login(args.url, flags)
    return this.present(loggedIn, {text: this.sentence(loggedIn)})
  }
}
