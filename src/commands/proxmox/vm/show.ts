import {Args} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {guestColumns} from '../../../cli/guest-columns.js'

export default class VmShow extends BaseCommand {
  static override summary = 'Show a VM: what it is doing and how it is configured.'
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}
  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    "<%= config.bin %> <%= command.id %> 101 --jq '.config.net0'",
  ]

  async run() {
    const {args} = await this.parse(VmShow)
    const services = await this.services()
    const guest = await this.unwrap(services.guests.show('qemu', args.name))
    const config = Object.keys(guest.config).map((key) => ({key: `config.${key}`, header: key}))
    return this.present(guest, {columns: [...guestColumns.map((column) => ({...column, default: true})), ...config]})
  }
}
