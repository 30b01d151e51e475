import {okAsync} from 'neverthrow'

import {ListCommand} from '../../cli/list-command.js'
import {exitCodeTable, type ExitCodeMeaning} from '../../domain/exit-codes.js'
import type {Failure} from '../../domain/failure.js'

export default class HelpExitCodes extends ListCommand<ExitCodeMeaning> {
  static override description =
    'They are the same with and without --json. `error.code` in the JSON says more exactly what happened.'
  static override examples = ['<%= config.bin %> help exit-codes', '<%= config.bin %> help exit-codes --json']
  static override summary = 'List the exit codes and what they mean.'

  protected readonly columns = [
    {key: 'code', align: 'right' as const},
    {key: 'meaning'},
    {key: 'kinds', header: 'ERROR CODES', default: false},
  ]
  protected readonly noun = 'exit codes'

  protected fetch() {
    return okAsync<ExitCodeMeaning[], Failure>(exitCodeTable())
  }
}
