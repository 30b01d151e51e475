import {FileDeleteCommand} from '../../../cli/file-delete-command.js'
import type {Failure} from '../../../domain/failure.js'
import {guestLabel, guestsCalled} from '../../../domain/guest.js'

export default class TemplateDelete extends FileDeleteCommand {
  static override summary = 'Delete container templates from the storages.'
  static override description =
    'Containers that were made of one keep nothing of it. A template that is a guest is deleted with "vm delete" or "lxc delete".'
  static override hiddenAliases = ['proxmox:template:rm']
  static override args = FileDeleteCommand.args
  static override flags = FileDeleteCommand.flags
  static override examples = [
    '<%= config.bin %> <%= command.id %> debian-12-standard_12.7-1_amd64.tar.zst --node pve1',
    '<%= config.bin %> <%= command.id %> nas:vztmpl/web.tar.zst --yes',
  ]

  protected readonly content = 'vztmpl'

  protected override async explain(failed: Failure, name: string): Promise<Failure> {
    if (failed.kind !== 'not-found') return failed
    const {cluster} = await this.services()
    const [guest] = guestsCalled((await cluster.listTemplates()).unwrapOr([]), name)
    if (guest === undefined) return failed
    const topic = guest.type === 'qemu' ? 'vm' : 'lxc'
    return {
      ...failed,
      message: `"${name}" is no file, but a guest that others are cloned from: ${guestLabel(guest)}`,
      hint: `Delete it with: homelab proxmox ${topic} delete ${guest.vmid}`,
    }
  }
}
