import {FileListCommand} from '../../../cli/file-list-command.js'

export default class TemplateFiles extends FileListCommand {
  static override summary = 'List the container templates on the storages.'
  static override description = `Files that containers are made of, with "lxc create". Guests that others are cloned from are listed by "template list".

${FileListCommand.description}`
  static override flags = FileListCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --node pve1 --json',
  ]

  protected readonly content = 'vztmpl'
}
