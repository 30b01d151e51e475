import {FileShowCommand} from '../../../cli/file-show-command.js'

export default class IsoShow extends FileShowCommand {
  static override summary = 'Show an ISO image and which VMs have it in a drive.'
  static override args = FileShowCommand.args
  static override flags = FileShowCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-13.iso --node pve1',
    '<%= config.bin %> <%= command.id %> local:iso/debian-13.iso --json',
  ]

  protected readonly content = 'iso'
}
