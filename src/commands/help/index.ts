import {Args, loadHelpClass} from '@oclif/core'

import {BaseCommand} from '../../cli/base-command.js'

export default class Help extends BaseCommand<{topic: string}> {
  static override args = {command: Args.string({description: 'Command or topic to explain.', multiple: true})}
  static override examples = ['<%= config.bin %> help proxmox vm create', '<%= config.bin %> help exit-codes']
  static override summary = 'Explain a command or a topic.'

  override async run(): Promise<{topic: string}> {
    const {args} = await this.parse(Help)
    const words = args.command ?? []
    const id = words.join(':')
    // Ends like the unknown command that it is.
    if (id !== '' && !this.config.findCommand(id) && !this.config.findTopic(id))
      await this.config.runCommand(id, this.argv)
    if (this.format !== 'json') {
      const HelpClass = await loadHelpClass(this.config)
      await new HelpClass(this.config).showHelp(words.length === 0 ? ['--help'] : [id])
    }

    return this.present({topic: words.join(' ')}, {text: ''})
  }
}
