import {FileListCommand} from '../../../cli/file-list-command.js'

export default class ImageList extends FileListCommand {
  static override summary = 'List the images of disks to import on the storages.'
  static override hiddenAliases = ['proxmox:image:ls']
  static override flags = FileListCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --node pve1 --sort sizeBytes:desc',
    {command: '<%= config.bin %> <%= command.id %> --jq ".[].volume"', description: 'As VMs name them'},
  ]

  protected readonly content = 'import'
}
