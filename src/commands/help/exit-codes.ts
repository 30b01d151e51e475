import {BaseCommand} from '../../cli/base-command.js'
import {exitCodeTable, type ExitCodeMeaning} from '../../domain/exit-codes.js'

export default class HelpExitCodes extends BaseCommand<ExitCodeMeaning[]> {
  static override description =
    'They are the same with and without --json. `error.code` in the JSON says more exactly what happened.'
  static override examples = ['<%= config.bin %> help exit-codes', '<%= config.bin %> help exit-codes --json']
  static override summary = 'List the exit codes and what they mean.'

  override async run(): Promise<ExitCodeMeaning[]> {
    await this.parse(HelpExitCodes)
    return this.present(exitCodeTable(), {
      columns: [{key: 'code', align: 'right'}, {key: 'meaning'}, {key: 'kinds', header: 'ERROR CODES', default: false}],
    })
  }
}
