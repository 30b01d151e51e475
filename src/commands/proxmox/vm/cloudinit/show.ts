import {Args} from '@oclif/core'
import {BaseCommand} from '../../../../cli/base-command.js'
import {listFlags} from '../../../../cli/flags.js'
import {cloudInitService} from '../../../../cli/wiring/cloud-init.js'
import {guestLabel} from '../../../../domain/guest.js'

export default class VmCloudinitShow extends BaseCommand {
  static override summary = 'Show what cloud-init tells a VM, and what it will be told.'
  static override description =
    'PENDING is what the cloud-init drive does not say yet: see "cloudinit regenerate". Proxmox VE does not tell which addresses are pending.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    "<%= config.bin %> <%= command.id %> web --jq '.values.sshkeys'",
  ]
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}
  static override flags = listFlags

  override async run(): Promise<object> {
    const {args} = await this.parse(VmCloudinitShow)
    const {guests} = await this.services()
    const vm = await this.unwrap(guests.find('qemu', args.name))
    const {drive, guest, pending, values} = await this.unwrap((await this.use(cloudInitService)).show(vm))
    if (drive === undefined)
      this.note(`${guestLabel(guest)} has no cloud-init drive: nothing of this reaches the guest`)
    const waiting = new Map(pending.map((value) => [value.key, value]))
    const keys = [...new Set([...Object.keys(values), ...waiting.keys()])]
    const rows = keys.map((key) => {
      const late = waiting.get(key)
      const value = late === undefined ? values[key] : late.value
      return {
        key,
        ...(value !== undefined && {value}),
        ...(late !== undefined && {pending: late.deleted ? '(deleted)' : late.pending}),
      }
    })
    const {vmid, name, node} = guest
    return this.present(
      {vmid, ...(name !== undefined && {name}), node, ...(drive !== undefined && {drive}), values, pending},
      {rows, columns: [{key: 'key'}, {key: 'value'}, {key: 'pending'}]},
    )
  }
}
