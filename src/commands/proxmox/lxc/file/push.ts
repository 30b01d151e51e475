import {pushToContainer} from '../../../../cli/container-files.js'
import {GuestFilePushCommand, type CopiedFile} from '../../../../cli/guest-file-command.js'
import type {LocalSource} from '../../../../cli/local-file.js'
import {nodeSsh} from '../../../../cli/wiring/node-ssh.js'
import type {Guest} from '../../../../domain/guest.js'

export default class LxcFilePush extends GuestFilePushCommand {
  static override summary = 'Copy a file into a container, over SSH to its node.'
  static override description = `Proxmox VE has no API for this: the file streams through OpenSSH to the node and "pct exec" into the container, as with "lxc exec", where the way to the node is explained. A file that exists keeps its owner and mode; one that a lost connection cuts off is an error.`
  static override hiddenAliases = ['proxmox:ct:file:push']
  static override examples = [
    '<%= config.bin %> <%= command.id %> dns unbound.conf /etc/unbound/unbound.conf',
    'tar c site | <%= config.bin %> <%= command.id %> proxy - /srv/site.tar',
  ]

  static override args = GuestFilePushCommand.args

  protected readonly guestType = 'lxc'

  protected async push(container: Guest, path: string, source: LocalSource): Promise<CopiedFile> {
    const {runtime, signal} = this
    const {ssh} = await this.settings()
    const target = await this.unwrap((await this.use(nodeSsh(ssh))).target(container.node))
    const place = {runtime, container, target, signal, batch: this.globals['no-input']}
    return {bytes: await this.unwrap(pushToContainer(place, path, source.bytes)), via: 'ssh'}
  }
}
