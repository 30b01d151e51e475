import {selectorFlag} from '../../../cli/flags.js'
import {guestColumns} from '../../../cli/guest-columns.js'
import {ListCommand} from '../../../cli/list-command.js'
import type {Guest} from '../../../domain/guest.js'

const SHOWN = new Set(['vmid', 'name', 'type', 'node', 'memoryBytes', 'diskBytes', 'tags'])

export default class TemplateList extends ListCommand<Guest, {readonly selector?: string[]}> {
  static override summary = 'List what VMs and containers can be cloned from.'
  static override description =
    'Guests that are templates. The files that containers are made of are listed by "template files", and those that could be downloaded by "template available".'
  static override hiddenAliases = ['proxmox:template:ls']
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> -o name']

  static override flags = selectorFlag

  protected readonly columns = guestColumns.map((column) => ({...column, default: SHOWN.has(column.key)}))
  protected override readonly ofCluster = true
  protected readonly noun = 'templates'

  protected fetch(flags: {readonly selector?: string[]}) {
    return this.services().then((services) => services.cluster.listTemplates(flags.selector))
  }
}
