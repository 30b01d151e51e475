import {readBytes} from '../../../../cli/byte-input.js'
import {fileFlags, GuestFilePushCommand, type CopiedFile, type FileFlags} from '../../../../cli/guest-file-command.js'
import type {LocalSource} from '../../../../cli/local-file.js'
import {guestFiles} from '../../../../cli/wiring/guest-file.js'
import type {Guest} from '../../../../domain/guest.js'
import {MAX_PUSH_BYTES} from '../../../../services/guest-file-service.js'

export default class VmFilePush extends GuestFilePushCommand {
  static override summary = 'Copy a file into a VM through its guest agent.'
  static override description = `Up to 42 KiB go in one piece. Larger files, up to 16 MiB, are put together beside their place by the guest's shell, which needs base64 and sha256sum, and take their place once the checksum is right; that takes a second or so for each MiB. A file that exists keeps its owner and mode. What is larger goes over SSH: scp FILE "$(homelab proxmox vm ip NAME)":`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web nginx.conf /etc/nginx/nginx.conf',
    '<%= config.bin %> <%= command.id %> web site.tar.gz /srv/',
    'date | <%= config.bin %> <%= command.id %> web - /etc/motd',
  ]

  static override args = GuestFilePushCommand.args
  static override flags = fileFlags

  protected readonly guestType = 'qemu'

  protected async push(vm: Guest, path: string, source: LocalSource, flags: FileFlags): Promise<CopiedFile> {
    const files = await this.use(guestFiles)
    const content = await this.unwrap(readBytes(source.bytes, source.name ?? 'stdin', MAX_PUSH_BYTES))
    return this.unwrap(files.push(vm, path, content, this.patience(flags)))
  }
}
