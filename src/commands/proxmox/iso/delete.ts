import {FileDeleteCommand} from '../../../cli/file-delete-command.js'

export default class IsoDelete extends FileDeleteCommand {
  static override summary = 'Delete ISO images that no VM uses.'
  static override hiddenAliases = ['proxmox:iso:rm']
  static override args = FileDeleteCommand.args
  static override flags = FileDeleteCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-13.iso --node pve1',
    '<%= config.bin %> <%= command.id %> nas:iso/debian-13.iso --yes',
  ]

  protected readonly content = 'iso'
}
