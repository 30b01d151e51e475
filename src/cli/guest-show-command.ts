import {Args} from '@oclif/core'

import type {GuestType} from '../domain/guest.js'
import {BaseCommand} from './base-command.js'
import {guestColumns} from './guest-columns.js'

/** What a guest is doing and how it is configured. */
export abstract class GuestShowCommand extends BaseCommand {
  static override args = {name: Args.string({description: 'Name or VMID.', required: true})}

  protected abstract readonly guestType: GuestType

  override async run(): Promise<object> {
    const {args} = await this.parse()
    const services = await this.services()
    const guest = await this.unwrap(services.guests.show(this.guestType, String(args.name)))
    const config = Object.keys(guest.config).map((key) => ({key: `config.${key}`, header: key}))
    return this.present(guest, {columns: [...guestColumns.map((column) => ({...column, default: true})), ...config]})
  }
}
