import {FileDeleteCommand} from '../../../cli/file-delete-command.js'

export default class ImageDelete extends FileDeleteCommand {
  static override summary = 'Delete images of disks to import that no VM uses.'
  static override hiddenAliases = ['proxmox:image:rm']
  static override args = FileDeleteCommand.args
  static override flags = FileDeleteCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-13.qcow2 --node pve1',
    '<%= config.bin %> <%= command.id %> nas:import/debian-13.qcow2 --yes',
  ]

  protected readonly content = 'import'
}
