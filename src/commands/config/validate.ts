import {ConfigurationCommand} from '../../cli/configuration-command.js'

export default class ConfigValidate extends ConfigurationCommand<{valid: true; files: readonly string[]}> {
  static override description = 'Reports every problem at once, with file, line, column and remedy (exit 78).'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override summary = 'Check the configuration files.'

  override async run(): Promise<{valid: true; files: readonly string[]}> {
    await this.parse(ConfigValidate)
    const {files} = await this.unwrap(this.coherentConfiguration())
    return this.present(
      {valid: true, files},
      {
        text:
          files.length === 0
            ? 'valid: there is no configuration file'
            : files.map((file) => `${file} is valid`).join('\n'),
      },
    )
  }
}
