import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import type {GuestChange} from '../services/guest-service.js'
import type {Patience} from '../services/patience.js'
import {GuestActionCommand, guestActionFlags, type GuestActionFlags} from './guest-action-command.js'
import type {Services} from './services.js'

export interface DeleteFlags extends GuestActionFlags {
  readonly force: boolean
  readonly purge: boolean
  readonly 'unreferenced-disks': boolean
}

/** Deletes guests and their disks; always asks. */
export abstract class GuestDeleteCommand extends GuestActionCommand<DeleteFlags> {
  static override flags = {
    ...guestActionFlags,
    force: Flags.boolean({description: 'Stop it first, if it runs.'}),
    purge: Flags.boolean({description: 'Remove it from backup jobs, replication and HA too.'}),
    'unreferenced-disks': Flags.boolean({
      description: 'Delete disks of its VMID that its configuration does not name, too.',
    }),
  }

  protected readonly verb = 'delete'
  protected readonly past = 'deleted'
  protected override readonly ask = 'always'

  protected act(
    services: Services,
    guest: Guest,
    flags: DeleteFlags,
    patience: Patience,
  ): PromiseLike<Result<GuestChange, Failure>> {
    const {force, purge, wait} = flags
    return services.guests.delete(
      guest,
      {stopFirst: force, purge, unreferencedDisks: flags['unreferenced-disks'], wait},
      patience,
    )
  }
}
