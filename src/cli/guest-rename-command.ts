import {Args} from '@oclif/core'
import {checkGuestName} from '../domain/guest-name.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {guestCommand, nativeScript} from '../domain/native-command.js'
import {nameWarnings} from '../domain/new-guest.js'
import type {ConfigChange} from '../services/config-service.js'
import {BaseCommand} from './base-command.js'
import {dryRunFlag, nativeFlag, waitFlags} from './flags.js'
import type {NativeScript} from './guest-action-command.js'
import {configService} from './wiring/config.js'

interface RenamePlan {
  readonly dryRun: true
  readonly vmid: number
  readonly name: string
  readonly previousName?: string
}

interface Renamed extends ConfigChange {
  readonly previousName?: string
  readonly warnings?: readonly string[]
}

/** Gives a guest another name; its VMID, disks and addresses stay. */
export abstract class GuestRenameCommand extends BaseCommand<NativeScript | Renamed | RenamePlan> {
  static override args = {
    guest: Args.string({description: 'Guest to rename, by name or VMID.', required: true}),
    name: Args.string({description: 'Its new name.', required: true}),
  }

  static override flags = {...waitFlags, ...dryRunFlag, ...nativeFlag}

  protected abstract readonly guestType: GuestType

  async run(): Promise<NativeScript | Renamed | RenamePlan> {
    const {args, flags} = await this.parse(GuestRenameCommand)
    const name = this.unwrap(checkGuestName(args.name))
    const services = await this.services()
    const guest = await this.unwrap(services.guests.find(this.guestType, args.guest))
    const {node, type, vmid} = guest
    const previous = guest.name === undefined ? {} : {previousName: guest.name}
    const key = type === 'qemu' ? 'name' : 'hostname'
    if (flags['print-native']) {
      const commands = [{node, command: guestCommand(type, 'set', [vmid], {[key]: name})}]
      return this.present({commands}, {text: nativeScript(commands)})
    }

    const configs = await this.use(configService)
    const plan = await this.unwrap(
      configs.check(type, {set: {[key]: name}}).andThen((wish) => configs.plan(guest, wish)),
    )
    if (flags['dry-run']) {
      const text =
        plan.changes.length === 0
          ? `${guestLabel(guest)} is called so already`
          : `would rename ${guestLabel(guest)} to ${name}`
      return this.present({dryRun: true, vmid, name, ...previous}, {text})
    }

    const {guests} = await this.unwrap(services.parts.cluster.resources('vm'))
    const others = nameWarnings(
      name,
      guests.filter((other) => other.vmid !== vmid),
    )
    const changed = await this.unwrap(configs.apply(plan, {wait: flags.wait}, this.patience(flags)))
    for (const text of others) await this.warning(text)
    const waiting = (changed.pendingRestart ?? []).length > 0 ? ', from its next start on' : ''
    return this.present(
      {...changed, name, ...previous, ...(others.length > 0 && {warnings: others})},
      {
        text: changed.changed
          ? `${guestLabel(guest)} on ${node} is now called ${name}${waiting}`
          : `${guestLabel(guest)} is called so already`,
      },
    )
  }
}
