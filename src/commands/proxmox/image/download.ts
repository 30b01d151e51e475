import {downloadFlags, FileDownloadCommand} from '../../../cli/file-download-command.js'

export default class ImageDownload extends FileDownloadCommand {
  static override summary = 'Let a node download an image of a disk to import.'
  static override args = FileDownloadCommand.args
  static override flags = downloadFlags
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://cloud.debian.org/debian-13.qcow2 --storage nas',
    '<%= config.bin %> <%= command.id %> https://cloud.debian.org/debian-13.qcow2 --node pve1 --checksum sha256:9f86d0…',
    '<%= config.bin %> <%= command.id %> https://cloud.debian.org/debian-13.qcow2 --dry-run',
  ]

  protected readonly content = 'import'
}
