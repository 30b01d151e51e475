import type {Result} from 'neverthrow'

import {contextColumns, contextRow, currentOf, type ContextRow} from '../../cli/context-fields.js'
import {ConfigurationListCommand} from '../../cli/configuration-command.js'
import type {Failure} from '../../domain/failure.js'

export default class ContextList extends ConfigurationListCommand<ContextRow> {
  static override hiddenAliases = ['context:ls']
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> -o name']
  static override summary = 'List the contexts: the clusters this machine knows.'

  protected readonly columns = contextColumns
  protected readonly noun = 'contexts'

  protected fetch(): PromiseLike<Result<ContextRow[], Failure>> {
    return this.configuration().map((configuration) =>
      Object.values(configuration.contexts).map((context) => contextRow(context, currentOf(configuration))),
    )
  }
}
