import {FileUploadCommand} from '../../../cli/file-upload-command.js'

export default class TemplateUpload extends FileUploadCommand {
  static override summary = 'Upload a container template.'
  static override args = FileUploadCommand.args
  static override flags = FileUploadCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> my-debian.tar.zst --storage nas',
    {
      command: 'docker export web | zstd | <%= config.bin %> <%= command.id %> - --name web.tar.zst --storage nas',
      description: 'Out of a pipe',
    },
  ]

  protected readonly content = 'vztmpl'
}
