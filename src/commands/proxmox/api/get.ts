import {apiArgs, ApiCommand, apiFlags} from '../../../cli/api-command.js'

export default class ApiGet extends ApiCommand {
  static override summary = 'Read from the API.'
  static override args = apiArgs
  static override examples = ['<%= config.bin %> <%= command.id %> /cluster/resources']
  static override flags = apiFlags

  async run(): Promise<object> {
    const {args, flags} = await this.parse(ApiGet)
    return this.send('get', args.path, flags)
  }
}
