import {Args} from '@oclif/core'
import {GuestCreateCommand, type GuestCreateOutcome} from '../../../cli/guest-create-command.js'
import {creationFlags} from '../../../cli/guest-create-flags.js'
import {vmFlags} from '../../../cli/vm-create-flags.js'
import {readVmCreate} from '../../../cli/vm-create-input.js'
import {vmCreate} from '../../../cli/wiring/vm-create.js'

export default class VmCreate extends GuestCreateCommand {
  static override summary = 'Create a VM: from a template, an ISO, a cloud image, or empty.'
  static override description = `Made of TEMPLATE (a copy of it), --iso (to install from), --image (a disk image of a cloud, on a storage or on the web), or --empty. It gets a VMID that nobody else \
gets, on the node with the most free memory or on the one you name.

A VM that is no clone gets what suits a current Linux: q35, a CPU of type x86-64-v2-AES with 2 cores, 2 GiB of memory, a disk of 32 GiB on virtio-scsi-single with discard, ssd and \
iothread, a virtio NIC on vmbr0, and firmware bios; with another --os-type what fits that: Windows 11 gets uefi, a TPM, and a disk and NIC that it has drivers for. Images \
get a serial console besides. The guest agent stays off unless --agent: shutting down waits for it in vain where there is none.

Values come from flags, then from the file (-f), the machine class (--class), the defaults of the node, and the defaults of the context. In a clone, hardware that is asked for is set \
after the copy; disks and NICs come to those it has.`

  static override args = {
    name: Args.string({description: 'Name of the new VM; may be in the file instead.', required: false}),
    template: Args.string({description: 'Template to clone, by name or VMID.', required: false}),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> web ubuntu-22.04',
    '<%= config.bin %> <%= command.id %> web ubuntu-22.04 --node pve2 --cores 4 --memory 8GiB --disk-size 40GiB --start',
    '<%= config.bin %> <%= command.id %> nas --iso local:iso/debian-12.7.0-amd64-netinst.iso --disk local-lvm:32GiB --disk ceph:500GiB,discard --net vmbr0,vlan=20',
    {
      description: 'From a cloud image on the web, with your key, up to its first answer on port 22',
      command:
        '<%= config.bin %> <%= command.id %> web --image https://mirror.lan/debian-12-genericcloud-amd64.qcow2 --user ops --ssh-key ~/.ssh/id_ed25519.pub --ip dhcp --agent --start --wait-for tcp:22',
    },
    {
      description: 'Three alike, spread over the nodes, of a class of the configuration',
      command: '<%= config.bin %> <%= command.id %> worker --class worker --count 3 --start',
    },
    '<%= config.bin %> <%= command.id %> -f web.yaml --memory 8GiB',
    '<%= config.bin %> <%= command.id %> pc --os-type win11 --iso local:iso/windows-11.iso --cores 4 --memory 8GiB',
    {
      description: 'The VMID alone, for a script',
      command: '<%= config.bin %> <%= command.id %> web ubuntu-22.04 --jq .vmid',
    },
    {description: 'What would happen', command: '<%= config.bin %> <%= command.id %> web ubuntu-22.04 --dry-run'},
    {
      description: 'As lines for a shell on the node',
      command: '<%= config.bin %> <%= command.id %> web --empty --print-native',
    },
  ]

  static override flags = {...vmFlags, ...creationFlags}

  protected readonly guestType = 'qemu'

  async run(): Promise<GuestCreateOutcome> {
    const {args, flags} = await this.parse(VmCreate)
    const wish = await this.unwrap(readVmCreate(args, flags, await this.settings(), this.input))
    return this.make(await this.use(vmCreate), wish, flags)
  }
}
