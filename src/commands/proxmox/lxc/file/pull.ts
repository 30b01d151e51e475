import {pullFromContainer} from '../../../../cli/container-files.js'
import {GuestFilePullCommand, type CopiedFile} from '../../../../cli/guest-file-command.js'
import type {LocalSink} from '../../../../cli/local-file.js'
import {nodeSsh} from '../../../../cli/wiring/node-ssh.js'
import type {Guest} from '../../../../domain/guest.js'

export default class LxcFilePull extends GuestFilePullCommand {
  static override summary = 'Copy a file out of a container, over SSH to its node.'
  static override description = `Proxmox VE has no API for this: the file streams through "pct exec" on the node and OpenSSH to here, as with "lxc exec", where the way to the node is explained. The local file appears whole or not at all.`
  static override hiddenAliases = ['proxmox:ct:file:pull']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns /var/log/syslog .',
    '<%= config.bin %> <%= command.id %> dns /etc/hosts -',
  ]

  static override args = GuestFilePullCommand.args

  protected readonly guestType = 'lxc'

  protected async pull(container: Guest, path: string, sink: LocalSink): Promise<CopiedFile> {
    const {runtime, signal} = this
    const {ssh} = await this.settings()
    const target = await this.unwrap((await this.use(nodeSsh(ssh))).target(container.node))
    const place = {runtime, container, target, signal, batch: this.globals['no-input']}
    return {bytes: await this.unwrap(pullFromContainer(place, path, sink)), via: 'ssh'}
  }
}
