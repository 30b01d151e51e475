import {apiArgs, ApiCommand, apiWriteFlags} from '../../../cli/api-command.js'

export default class ApiPut extends ApiCommand {
  static override summary = 'Change something through the API.'
  static override args = apiArgs
  static override examples = ['<%= config.bin %> <%= command.id %> /nodes/pve1/qemu/101/config -d memory=4096']
  static override flags = apiWriteFlags

  async run(): Promise<object> {
    const {args, flags} = await this.parse(ApiPut)
    return this.send('put', args.path, flags)
  }
}
