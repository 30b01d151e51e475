import {FileShowCommand} from '../../../cli/file-show-command.js'

export default class ImageShow extends FileShowCommand {
  static override summary = 'Show an image of a disk to import and which VMs have it in a drive.'
  static override args = FileShowCommand.args
  static override flags = FileShowCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-13.qcow2 --node pve1',
    '<%= config.bin %> <%= command.id %> local:import/debian-13.qcow2 --json',
  ]

  protected readonly content = 'import'
}
