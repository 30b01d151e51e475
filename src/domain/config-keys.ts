import {failure, type Failure} from './failure.js'
import type {GuestType} from './guest.js'
import {guestNoun} from './guest.js'
import {closest} from './suggest.js'

/** How a value is read: Proxmox writes booleans as 1 and 0, and numbers now as numbers, now as texts (reference 5). */
export type ConfigKind = 'boolean' | 'number' | 'text'

/** The keys of one kind of guest, by kind; `name[n]` stands for `name0` to `name` plus the number given here. */
interface KeyTable {
  readonly boolean: string
  readonly number: string
  readonly text: string
  readonly indexed: Readonly<Record<string, number>>
}

/** What `PUT /nodes/{node}/qemu|lxc/{vmid}/config` takes in any of the releases; how far the indexes go is in reference 2.1. */
const TABLES: Readonly<Record<GuestType, KeyTable>> = {
  qemu: {
    boolean:
      'acpi allow-ksm autostart ciupgrade freeze keephugepages kvm localtime numa onboot protection reboot tablet tdf template',
    number: 'balloon cores cpulimit cpuunits memory migrate_downtime migrate_speed shares smp sockets vcpus',
    text: 'affinity agent amd-sev arch args audio0 bios boot bootdisk cdrom cicustom cipassword citype ciuser cpu description efidisk0 hookscript hotplug hugepages intel-tdx ivshmem keyboard lock machine name nameserver ostype rng0 scsihw searchdomain smbios1 spice_enhancements sshkeys startdate startup tags tpmstate0 vga vmgenid vmstatestorage watchdog',
    indexed: {
      hostpci: 15,
      ide: 3,
      ipconfig: 31,
      net: 31,
      numa: 7,
      parallel: 2,
      sata: 5,
      scsi: 30,
      serial: 3,
      unused: 255,
      usb: 13,
      virtio: 15,
      virtiofs: 9,
    },
  },
  lxc: {
    boolean: 'console debug onboot protection template unprivileged',
    number: 'cores cpulimit cpuunits memory swap tty',
    text: 'arch cmode description entrypoint env features hookscript hostname lock nameserver ostype rootfs searchdomain startup tags timezone',
    indexed: {dev: 255, mp: 255, net: 31, unused: 255},
  },
}

const KINDS: readonly ConfigKind[] = ['boolean', 'number', 'text']

/** The release whose keys are the last to be known here. */
export const KEYS_KNOWN_UP_TO = '9.2'

/** How the value of a key is read; undefined when no release has such a key. */
export function configKind(type: GuestType, key: string): ConfigKind | undefined {
  const table = TABLES[type]
  const [, name = '', index = ''] = /^([a-z]+)(0|[1-9]\d{0,2})$/.exec(key) ?? []
  if (index !== '' && Number(index) <= (table.indexed[name] ?? -1)) return 'text'
  return KINDS.find((kind) => table[kind].split(' ').includes(key))
}

/** All keys, `net[n]` for those with a number: as the API description writes them. */
export function configKeys(type: GuestType): string[] {
  const table = TABLES[type]
  return [
    ...KINDS.flatMap((kind) => table[kind].split(' ')),
    ...Object.keys(table.indexed).map((name) => `${name}[n]`),
  ].sort()
}

/** Why this is no key, with the one that was meant, and the first index that is too high. */
export function unknownKey(type: GuestType, key: string): Failure {
  const noun = guestNoun(type)
  const {indexed} = TABLES[type]
  const [, name = '', index] = /^(.*?)(\d+)?$/s.exec(key) ?? []
  const highest = indexed[name]
  const near =
    highest !== undefined
      ? undefined
      : (closest(
          key,
          configKeys(type).filter((known) => !known.endsWith('[n]')),
        ) ?? closest(name, Object.keys(indexed)))
  const meant = near === undefined ? undefined : indexed[near] === undefined ? near : `${near}${index ?? 0}`
  return failure(
    'usage',
    highest === undefined
      ? `a ${noun}'s configuration has no key "${key}"`
      : `a ${noun}'s configuration has ${name}0 to ${name}${highest}, and no "${key}"`,
    {
      hint: `${meant === undefined ? '' : `Did you mean ${meant}? `}See the keys that are set: homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'} config show NAME`,
      details: {field: key, ...(meant !== undefined && {suggestion: meant})},
    },
  )
}

/** Keys of a VM whose change may allocate, copy or free a disk, which takes longer than a request may (reference 2.5). */
export function isDiskKey(type: GuestType, key: string): boolean {
  return type === 'qemu'
    ? /^(?:(?:ide|sata|scsi|virtio|unused|efidisk|tpmstate)\d+|cdrom)$/.test(key)
    : /^(?:rootfs|(?:mp|unused)\d+)$/.test(key)
}

/** Keys that end up on the cloud-init drive, whose content a running VM gets only when it is made anew (reference 2.12). */
export function isCloudInitKey(key: string): boolean {
  return /^(?:ipconfig\d+|cicustom|cipassword|citype|ciupgrade|ciuser|nameserver|searchdomain|sshkeys)$/.test(key)
}

/** Keys whose values are passwords: never an argument, never shown, never sent back as the stars they are read as. */
export function isSecretKey(key: string): boolean {
  return key === 'cipassword'
}
