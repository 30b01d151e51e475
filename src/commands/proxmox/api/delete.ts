import {apiArgs, ApiCommand, apiWriteFlags} from '../../../cli/api-command.js'

export default class ApiDelete extends ApiCommand {
  static override summary = 'Delete something through the API.'
  static override args = apiArgs
  static override examples = ['<%= config.bin %> <%= command.id %> /nodes/pve1/qemu/101/snapshot/before']
  static override flags = apiWriteFlags

  async run(): Promise<object> {
    const {args, flags} = await this.parse(ApiDelete)
    return this.send('delete', args.path, flags)
  }
}
