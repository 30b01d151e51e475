import {compressionFlag, downloadFlags, FileDownloadCommand} from '../../../cli/file-download-command.js'

export default class IsoDownload extends FileDownloadCommand {
  static override summary = 'Let a node download an ISO image.'
  static override args = FileDownloadCommand.args
  static override flags = {...downloadFlags, ...compressionFlag}
  static override examples = [
    '<%= config.bin %> <%= command.id %> https://cdimage.debian.org/debian-13.iso --storage nas',
    '<%= config.bin %> <%= command.id %> https://cdimage.debian.org/debian-13.iso --node pve1 --checksum sha256:9f86d0…',
    '<%= config.bin %> <%= command.id %> https://cdimage.debian.org/debian-13.iso --dry-run',
  ]

  protected readonly content = 'iso'
}
