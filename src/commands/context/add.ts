import {Args, Flags} from '@oclif/core'

import {ConfigurationCommand} from '../../cli/configuration-command.js'
import type {ContextRow} from '../../cli/context-fields.js'
import {loginFlags} from '../../cli/login-flags.js'

export default class ContextAdd extends ConfigurationCommand<ContextRow> {
  static override args = {name: Args.string({description: 'Name of the new context.', required: true})}
  static override description =
    'Writes it into the user configuration without contacting the cluster. `homelab auth login` does the same and tries it out.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> lab --endpoint https://pve1.lan:8006 --fingerprint AA:BB:… --token-id automation@pve!homelab --secret-command "pass show pve/homelab"',
  ]
  static override flags = {
    endpoint: Flags.string({
      description: 'Address of a node; repeat it for more, in the order to try them.',
      helpValue: 'URL',
      multiple: true,
      multipleNonGreedy: true,
      required: true,
    }),
    fingerprint: Flags.string({
      description: "SHA-256 fingerprint of the first node's certificate.",
      exclusive: ['ca-file'],
      helpValue: 'AA:BB:…',
    }),
    'ca-file': Flags.string({description: "The cluster's CA certificate (PEM).", helpValue: 'FILE'}),
    ...loginFlags,
    use: Flags.boolean({description: 'Make it the current context; without it only when there is none.'}),
    replace: Flags.boolean({description: 'Take over a context of this name; its defaults stay.'}),
  }
  static override summary = 'Add a context.'

  override async run(): Promise<ContextRow> {
    const {args, flags} = await this.parse(ContextAdd)
    const login = await this.loginFor(flags)
    const row = await this.addContext(
      {
        name: args.name,
        endpoints: flags.endpoint,
        fingerprint: flags.fingerprint,
        caFile: flags['ca-file'],
        login,
      },
      flags,
    )
    return this.present(row, {text: `added ${row.name}${row.current ? ', the current context' : ''}`})
  }
}
