import {Args, Flags} from '@oclif/core'
import type {Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {NIC_MODELS} from '../domain/net-spec.js'
import type {DevicePlan} from '../services/device-changes.js'
import type {NicChanges} from '../services/nic-service.js'
import {DeviceChangeCommand, deviceFlags, guestArg, type DeviceFlags} from './device-change-command.js'
import {nicService} from './wiring/devices.js'

const nicArg = Args.string({description: 'The NIC, by its key: net0.', required: true})

interface NicArgs {
  readonly name: string
  readonly nic: string
}

/** One more. */
export abstract class GuestNicAddCommand extends DeviceChangeCommand<NicArgs> {
  static override args = {
    name: guestArg,
    nic: Args.string({
      description: "The bridge and more after commas; without a bridge, that of the guest's first NIC.",
      required: true,
    }),
  }
  static override flags = deviceFlags

  protected plan({name, nic}: NicArgs): PromiseLike<Result<DevicePlan, Failure>> {
    return this.use(nicService).then((nics) => nics.add(this.guestType, name, nic))
  }
}

/** One less. */
export abstract class GuestNicRemoveCommand extends DeviceChangeCommand<NicArgs> {
  static override args = {name: guestArg, nic: nicArg}
  static override flags = deviceFlags

  protected plan({name, nic}: NicArgs): PromiseLike<Result<DevicePlan, Failure>> {
    return this.use(nicService).then((nics) => nics.remove(this.guestType, name, nic))
  }
}

const optional = 'none to have none'

const sharedSetFlags = {
  ...deviceFlags,
  bridge: Flags.string({description: 'The bridge, or virtual network, it is connected to.', helpValue: 'BRIDGE'}),
  vlan: Flags.string({description: `VLAN of its packets, ${optional}.`, helpValue: '1-4094|none'}),
  firewall: Flags.boolean({allowNo: true, description: "Whether the guest's firewall filters it."}),
  'link-down': Flags.boolean({description: 'Pull the cable.', exclusive: ['link-up']}),
  'link-up': Flags.boolean({description: 'Plug the cable in.'}),
  rate: Flags.string({description: `The most it may send, in MB/s, ${optional}.`, helpValue: 'MB/s|none'}),
  mac: Flags.string({description: 'Its hardware address; it stays as it is otherwise.', helpValue: 'MAC'}),
  mtu: Flags.string({description: `Largest packet in bytes, ${optional} of its own.`, helpValue: 'BYTES|none'}),
}

export const vmNicFlags = {
  ...sharedSetFlags,
  model: Flags.option({description: 'What the card pretends to be.', options: NIC_MODELS})(),
  queues: Flags.string({description: `How many CPUs of the VM share its packets, ${optional}.`, helpValue: 'N|none'}),
}

export const containerNicFlags = {
  ...sharedSetFlags,
  interface: Flags.string({description: 'Its name in the container: eth0.', helpValue: 'NAME'}),
  ip: Flags.string({
    description: `dhcp, manual, or an address with its prefix, ${optional}.`,
    helpValue: 'IP/PREFIX|dhcp|none',
  }),
  gateway: Flags.string({description: `Gateway for IPv4, ${optional}.`, helpValue: 'IP|none'}),
  ip6: Flags.string({
    description: `auto, dhcp, manual, or an address with its prefix, ${optional}.`,
    helpValue: 'IP6/PREFIX|auto|none',
  }),
  gateway6: Flags.string({description: `Gateway for IPv6, ${optional}.`, helpValue: 'IP6|none'}),
}

/** Flags whose word is not that of Proxmox VE. */
const NAMES: Readonly<Record<string, string>> = {vlan: 'tag', interface: 'name', gateway: 'gw', gateway6: 'gw6'}
const TEXTS = [
  ...['bridge', 'vlan', 'rate', 'mtu', 'model', 'queues'],
  ...['interface', 'ip', 'gateway', 'ip6', 'gateway6'],
] as const

/** What a NIC cannot be without. */
const FIXED: ReadonlySet<string> = new Set(['bridge', 'interface', 'model'])

type SetFlags = DeviceFlags & Readonly<Record<string, boolean | string | number | undefined>>

/** Some of its options; the others stay as they are. */
export abstract class GuestNicSetCommand extends DeviceChangeCommand<NicArgs, SetFlags> {
  static override args = {name: guestArg, nic: nicArg}

  protected async plan({name, nic}: NicArgs, flags: SetFlags): Promise<Result<DevicePlan, Failure>> {
    const changes = this.changesFrom(flags)
    if (Object.keys(changes).length === 0) {
      this.fail(
        failure('usage', `nothing is said that ${nic} should be`, {
          hint: 'Add --bridge, --vlan, --link-down or the like',
        }),
      )
    }

    const nics = await this.use(nicService)
    return nics.set(this.guestType, name, nic, changes)
  }

  private changesFrom(flags: SetFlags): NicChanges {
    const changes: Record<string, string | undefined> = {}
    for (const flag of TEXTS) {
      const value = flags[flag]
      if (value !== undefined)
        changes[NAMES[flag] ?? flag] = value === 'none' && !FIXED.has(flag) ? undefined : String(value)
    }

    const {firewall, mac} = flags
    if (mac !== undefined) changes[this.guestType === 'qemu' ? 'macaddr' : 'hwaddr'] = String(mac).toUpperCase()
    if (firewall !== undefined) changes['firewall'] = firewall === true ? '1' : undefined
    if (flags['link-down'] === true) changes['link_down'] = '1'
    if (flags['link-up'] === true) changes['link_down'] = undefined
    return changes
  }
}
