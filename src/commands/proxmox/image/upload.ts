import {FileUploadCommand} from '../../../cli/file-upload-command.js'

export default class ImageUpload extends FileUploadCommand {
  static override summary = 'Upload an image of a disk to import.'
  static override args = FileUploadCommand.args
  static override flags = FileUploadCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-13.qcow2 --storage local --node pve2',
    '<%= config.bin %> <%= command.id %> debian-13.qcow2 --checksum-file SHA256SUMS',
    {
      command: 'xz -dc haos.qcow2.xz | <%= config.bin %> <%= command.id %> - --name haos.qcow2 --storage local',
      description: 'Out of a pipe',
    },
  ]

  protected readonly content = 'import'
}
