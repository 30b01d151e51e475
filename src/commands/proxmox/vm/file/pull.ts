import {fileFlags, GuestFilePullCommand, type CopiedFile, type FileFlags} from '../../../../cli/guest-file-command.js'
import type {LocalSink} from '../../../../cli/local-file.js'
import {guestFiles} from '../../../../cli/wiring/guest-file.js'
import type {Guest} from '../../../../domain/guest.js'

export default class VmFilePull extends GuestFilePullCommand {
  static override summary = 'Copy a file out of a VM through its guest agent.'
  static override description = `Files of up to 16 MiB, which is all that Proxmox VE hands out: a larger one is refused, not cut off. The local file appears whole or not at all. What is larger goes over SSH: scp "$(homelab proxmox vm ip NAME)":FILE .`
  static override examples = [
    '<%= config.bin %> <%= command.id %> web /var/log/nginx/error.log .',
    '<%= config.bin %> <%= command.id %> web /etc/hosts -',
  ]

  static override args = GuestFilePullCommand.args
  static override flags = fileFlags

  protected readonly guestType = 'qemu'

  protected async pull(vm: Guest, path: string, sink: LocalSink, flags: FileFlags): Promise<CopiedFile> {
    const files = await this.use(guestFiles)
    const content = await this.unwrap(files.pull(vm, path, this.patience(flags)))
    await sink.write(content)
    return {bytes: content.length, via: 'guest-agent'}
  }
}
