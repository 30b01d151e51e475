import {Args} from '@oclif/core'
import {containerFlags} from '../../../cli/container-create-flags.js'
import {readContainerCreate} from '../../../cli/container-create-input.js'
import {GuestCreateCommand, type GuestCreateOutcome} from '../../../cli/guest-create-command.js'
import {creationFlags} from '../../../cli/guest-create-flags.js'
import {containerCreate} from '../../../cli/wiring/container-create.js'

export default class LxcCreate extends GuestCreateCommand {
  static override summary = 'Create a container: from a template file, a container that is a template, or an OCI image.'
  static override description = `TEMPLATE is a container that is a template, by its very name or VMID; or a file on a storage: its volume (local:vztmpl/…), its name, or the beginning of \
its name in whole words, as debian-12 for debian-12-standard_12.7-1_amd64.tar.zst. Of several versions the newest counts, and words that fit several templates are refused.

The container is unprivileged, with one network card on vmbr0 that asks for its address by DHCP, 512 MiB of memory and 8 GiB of disk, unless you say otherwise. A copy of a template has \
what its template has, but for what you say; NICs and mount points in full come to those it has. A node without the bridge is no choice.

Values come from flags, then from the file (-f), the machine class (--class), the defaults of the node, and the defaults of the context.`
  static override hiddenAliases = ['proxmox:ct:create']
  static override args = {
    name: Args.string({description: 'Name of the new container; may be in the file instead.', required: false}),
    template: Args.string({description: 'Template to make it of.', required: false}),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> dns debian-12 --start',
    '<%= config.bin %> <%= command.id %> dns debian-12 --node pve2 --ip 192.0.2.53/24 --gateway 192.0.2.1 --dns 192.0.2.1',
    '<%= config.bin %> <%= command.id %> files debian-12 --memory 2GiB --mount nas:200GiB,mp=/srv/files,backup',
    {
      description: 'A template that has to be fetched first, with your SSH key',
      command: '<%= config.bin %> <%= command.id %> cache alpine-3.20 --download --ssh-key ~/.ssh/id_ed25519.pub',
    },
    {
      description: 'From an OCI image (Proxmox VE 9.1 and later)',
      command: '<%= config.bin %> <%= command.id %> web --oci docker.io/library/nginx:1.27',
    },
    {
      description: 'A copy of a container that is a template, up to its first address',
      command: '<%= config.bin %> <%= command.id %> web web-base --start --wait-for ip4',
    },
    {
      description: 'Three alike, spread over the nodes',
      command: '<%= config.bin %> <%= command.id %> runner debian-12 --count 3 --start',
    },
    '<%= config.bin %> <%= command.id %> -f dns.yaml --memory 1GiB',
    {
      description: "Root's password from a password manager",
      command: 'pass show dns | <%= config.bin %> <%= command.id %> dns debian-12 --password-stdin',
    },
    {description: 'What would happen', command: '<%= config.bin %> <%= command.id %> dns debian-12 --dry-run'},
    {
      description: 'As lines for a shell on the node',
      command: '<%= config.bin %> <%= command.id %> dns debian-12 --print-native',
    },
  ]

  static override flags = {...containerFlags, ...creationFlags}

  protected readonly guestType = 'lxc'

  async run(): Promise<GuestCreateOutcome> {
    const {args, flags} = await this.parse(LxcCreate)
    const wish = await this.unwrap(readContainerCreate(args, flags, await this.settings(), this.input))
    return this.make(await this.use(containerCreate), wish, flags)
  }
}
