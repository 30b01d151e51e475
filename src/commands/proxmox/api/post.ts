import {apiArgs, ApiCommand, apiWriteFlags} from '../../../cli/api-command.js'

export default class ApiPost extends ApiCommand {
  static override summary = 'Create or do something through the API.'
  static override args = apiArgs
  static override examples = ['<%= config.bin %> <%= command.id %> /nodes/pve1/qemu/101/status/start']
  static override flags = apiWriteFlags

  async run(): Promise<object> {
    const {args, flags} = await this.parse(ApiPost)
    return this.send('post', args.path, flags)
  }
}
