import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from '../../../cli/guest-action-command.js'
import type {Services} from '../../../cli/services.js'
import type {Failure} from '../../../domain/failure.js'
import type {Guest} from '../../../domain/guest.js'
import type {GuestChange} from '../../../services/guest-service.js'
import type {Patience} from '../../../services/patience.js'

export default class VmDelete extends GuestActionCommand {
  static override summary = 'Delete VMs and their disks, for good.'
  static override hiddenAliases = ['proxmox:vm:rm']
  static override examples = [
    '<%= config.bin %> <%= command.id %> web --yes',
    {description: 'What would go', command: '<%= config.bin %> <%= command.id %> -l tag=scratch --dry-run'},
  ]

  static override flags = {
    ...guestActionFlags,
    force: Flags.boolean({description: 'Stop it first, if it runs.'}),
    purge: Flags.boolean({description: 'Remove it from backup jobs, replication and HA too.'}),
    'unreferenced-disks': Flags.boolean({
      description: 'Delete disks of its VMID that its configuration does not name, too.',
    }),
  }

  protected readonly guestType = 'qemu'
  protected readonly verb = 'delete'
  protected readonly past = 'deleted'
  protected override readonly ask = 'always'
  private options = {stopFirst: false, purge: false, unreferencedDisks: false}

  async run() {
    const {argv, flags} = await this.parse(VmDelete)
    this.options = {stopFirst: flags.force, purge: flags.purge, unreferencedDisks: flags['unreferenced-disks']}
    return this.perform(argv as string[], flags)
  }

  protected act(
    services: Services,
    guest: Guest,
    flags: GuestActionFlags,
    patience: Patience,
  ): PromiseLike<Result<GuestChange, Failure>> {
    return services.guests.delete(guest, {...this.options, wait: flags.wait}, patience)
  }
}
