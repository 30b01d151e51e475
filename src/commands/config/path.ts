import {ConfigurationCommand} from '../../cli/configuration-command.js'

interface Paths {
  readonly userFile: string
  readonly projectFile?: string
  readonly stateDir: string
}

export default class ConfigPath extends ConfigurationCommand<Paths> {
  static override description =
    'The user file need not exist. HOMELAB_CONFIG_DIR and HOMELAB_STATE_DIR choose other folders; a project file is .homelab.yaml or homelab.yaml, searched upward.'
  static override examples = ['<%= config.bin %> <%= command.id %>']
  static override summary = 'Say where configuration and state lie.'

  override async run(): Promise<Paths> {
    await this.parse(ConfigPath)
    const {projectFile, stateDir, userFile} = this
    return this.present({userFile, ...(projectFile !== undefined && {projectFile}), stateDir})
  }
}
