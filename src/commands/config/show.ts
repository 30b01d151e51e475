import {ConfigurationCommand} from '../../cli/configuration-command.js'
import {shownConfiguration, type ShownConfiguration} from '../../cli/context-fields.js'

export default class ConfigShow extends ConfigurationCommand<ShownConfiguration> {
  static override description =
    'User and project file together, in one spelling: sizes in bytes, paths absolute. Secrets are not shown, only where they come from.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --jq .currentContext',
  ]
  static override summary = 'Show the configuration that is in effect.'

  override async run(): Promise<ShownConfiguration> {
    await this.parse(ConfigShow)
    const shown = shownConfiguration(await this.unwrap(this.configuration()))
    const {stringify} = await import('yaml')
    return this.present(shown, {text: stringify(shown)})
  }
}
