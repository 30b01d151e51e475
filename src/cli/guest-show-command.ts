import {Args} from '@oclif/core'

import type {GuestType} from '../domain/guest.js'
import {BaseCommand} from './base-command.js'
import {ipsFlag} from './flags.js'
import {addressColumns} from './guest-columns.js'

/** What a guest is doing and how it is configured. */
export abstract class GuestShowCommand extends BaseCommand {
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}
  static override flags = ipsFlag

  protected abstract readonly guestType: GuestType

  override async run(): Promise<object> {
    const {args, flags} = await this.parse()
    const services = await this.services()
    const guest = await this.unwrap(services.guests.show(this.guestType, String(args.name)))
    const config = Object.keys(guest.config).map((key) => ({key: `config.${key}`, header: key}))
    const columns = [...addressColumns.map((column) => ({...column, default: true})), ...config]
    if (flags.ips !== true) return this.present(guest, {columns})
    const {withAddresses} = await import('./guest-addresses.js')
    const [found = guest] = await withAddresses(this.guestType, [guest], {
      note: (text) => this.note(text),
      services,
      signal: this.signal,
    })
    return this.present(found, {columns})
  }
}
