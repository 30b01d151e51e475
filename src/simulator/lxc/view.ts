import {parsePropertyString} from '../../domain/property-string.js'
import {haStatus} from '../guest/ha-request.js'
import {isTemplate} from '../guest/guests.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'

import type {Json} from '../kernel/pve-error.js'
import type {GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

type Entry = {[key: string]: Json}

const MIB = 1024 * 1024
const PRESSURES = ['cpufull', 'cpusome', 'iofull', 'iosome', 'memoryfull', 'memorysome']

/** A container as the list of its node shows it. */
export function listEntry(world: World, guest: GuestRecord): Entry {
  const {config, run, vmid} = guest
  const {name, maxcpu, maxmem, maxdisk} = guestLimits(guest)
  const node = world.store.of('nodes').get(guest.node)
  const {cpu, mem, disk, uptime, netin, netout, diskread, diskwrite} = guestUsage(guest, world.clock.nowMs())
  return {
    vmid,
    type: 'lxc',
    status: run ? 'running' : 'stopped',
    name,
    cpus: maxcpu || (node?.sockets ?? 1) * (node?.cores ?? 1),
    cpu,
    maxmem,
    mem,
    maxswap: Number(config['swap'] ?? 0) * MIB,
    swap: 0,
    maxdisk,
    disk,
    uptime,
    netin,
    netout,
    diskread,
    diskwrite,
    ...(run && {pid: run.pid}),
    ...(config['tags'] !== undefined && config['tags'] !== '' && {tags: config['tags']}),
    ...(config['lock'] !== undefined && {lock: config['lock']}),
    ...(isTemplate(guest) && {template: 1}),
    ...(run && world.release === '9.2' && Object.fromEntries(PRESSURES.map((pressure) => [`pressure${pressure}`, 0]))),
  }
}

/** `…/status/current`. */
export function currentStatus(world: World, guest: GuestRecord): Entry {
  return {...listEntry(world, guest), ha: haStatus(world, 'lxc', guest.vmid)}
}

/** The addresses of a running container; null for one that is not running here. */
export function interfaces(world: World, guest: GuestRecord | undefined): Json {
  if (!guest?.run) return null
  const found = [interfaceEntry(world, 'lo', '00:00:00:00:00:00', '127.0.0.1/8', '::1/128')]
  for (const [key, value] of Object.entries(guest.config)) {
    if (!/^net\d+$/.test(key)) continue
    const net = parsePropertyString(String(value))
    const hwaddr = (net.get('hwaddr') ?? '').toLowerCase()
    const ip = net.get('ip')
    const address = ip === 'dhcp' ? leasedAddress(hwaddr) : ip === 'manual' ? undefined : ip
    found.push(interfaceEntry(world, net.get('name') ?? key, hwaddr, address, linkLocal(hwaddr)))
  }

  return found
}

function interfaceEntry(world: World, name: string, hwaddr: string, inet?: string, inet6?: string): Entry {
  const addresses = [inet, inet6].filter((address) => address !== undefined)
  return {
    name,
    hwaddr,
    ...(inet !== undefined && {inet}),
    ...(inet6 !== undefined && {inet6}),
    ...(world.release === '9.2' && {
      'hardware-address': hwaddr,
      'ip-addresses': addresses.map((address) => {
        const [ip = '', prefix = ''] = address.split('/')
        return {'ip-address': ip, 'ip-address-type': ip.includes(':') ? 'inet6' : 'inet', prefix: Number(prefix)}
      }),
    }),
  }
}

/** What the network's DHCP server gives to a hardware address: always the same, from a range for documentation. */
function leasedAddress(hwaddr: string): string {
  const last = Number.parseInt(hwaddr.slice(-2), 16) || 0
  return `192.0.2.${(last % 253) + 2}/24`
}

function linkLocal(hwaddr: string): string {
  const bytes = hwaddr.split(':').map((byte) => Number.parseInt(byte, 16) || 0)
  while (bytes.length < 6) bytes.push(0)
  const eui = [bytes[0]! ^ 2, bytes[1]!, bytes[2]!, 0xff, 0xfe, bytes[3]!, bytes[4]!, bytes[5]!]
  const groups = [0, 2, 4, 6].map((at) => ((eui[at]! << 8) | eui[at + 1]!).toString(16))
  return `fe80::${groups.join(':')}/64`
}
