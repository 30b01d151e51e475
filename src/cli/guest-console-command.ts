import {Args} from '@oclif/core'

import type {GuestType} from '../domain/guest.js'
import {ConsoleCommand, type ConsoleFlags, type ConsoleReport} from './console-command.js'

interface GuestConsoleFlags extends ConsoleFlags {
  readonly serial?: string | undefined
}

/** The console of a guest. */
export abstract class GuestConsoleCommand extends ConsoleCommand {
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}

  protected abstract readonly guestType: GuestType

  override async run(): Promise<ConsoleReport> {
    const {args, flags} = await this.parse()
    const {serial, ...values} = flags as unknown as GuestConsoleFlags
    return this.sit(values, async (service) => {
      const {guests} = await this.services()
      const guest = await this.unwrap(guests.find(this.guestType, String(args['name'])))
      return service.openGuest(guest, serial)
    })
  }
}
