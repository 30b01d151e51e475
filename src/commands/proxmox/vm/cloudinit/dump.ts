import {Args} from '@oclif/core'
import {BaseCommand} from '../../../../cli/base-command.js'
import {cloudInitService} from '../../../../cli/wiring/cloud-init.js'

const PARTS = ['user', 'network', 'meta'] as const

export default class VmCloudinitDump extends BaseCommand {
  static override summary = 'Print a file of cloud-init data as the configuration makes it.'
  static override description =
    'What Proxmox VE itself generates: parts that --cicustom replaces are not shown, and a password is in it as a hash only.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> web user',
    '<%= config.bin %> <%= command.id %> web network > network-config.yml',
  ]
  static override args = {
    name: Args.string({description: 'Name or VMID.', required: true}),
    part: Args.string({description: 'Which file.', options: PARTS, required: true}),
  }

  override async run(): Promise<object> {
    const {args} = await this.parse(VmCloudinitDump)
    const {guests} = await this.services()
    const vm = await this.unwrap(guests.find('qemu', args.name))
    const part = PARTS.find((known) => known === args.part) ?? 'user'
    const text = await this.unwrap((await this.use(cloudInitService)).dump(vm, part))
    return this.present({vmid: vm.vmid, part, text}, {text})
  }
}
