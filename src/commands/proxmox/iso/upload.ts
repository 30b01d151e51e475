import {FileUploadCommand} from '../../../cli/file-upload-command.js'

export default class IsoUpload extends FileUploadCommand {
  static override summary = 'Upload an ISO image.'
  static override args = FileUploadCommand.args
  static override flags = FileUploadCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-13.iso --storage local --node pve2',
    '<%= config.bin %> <%= command.id %> debian-13.iso --checksum-file SHA256SUMS',
    {
      command: 'xz -dc rescue.iso.xz | <%= config.bin %> <%= command.id %> - --name rescue.iso --storage nas',
      description: 'Out of a pipe',
    },
  ]

  protected readonly content = 'iso'
}
