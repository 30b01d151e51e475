import {haStatus} from '../guest/ha-request.js'
import {guestLimits, guestUsage} from '../views/guest-figures.js'
import {qmpStatus} from '../views/guest-status.js'
import {drivesOf, isPlainCdrom} from './drives.js'
import {qemuVersion} from './identity.js'
import {parseNet} from './network.js'
import {parseProperties, normalBoolean} from './property-string.js'

import type {Json} from '../kernel/pve-error.js'
import type {GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

type Entry = {[key: string]: Json}

const MIB = 1024 ** 2
const SUPPORT = {
  'backup-fleecing': true,
  'backup-max-workers': true,
  'pbs-dirty-bitmap': true,
  'pbs-dirty-bitmap-migration': true,
  'pbs-dirty-bitmap-savevm': true,
  'pbs-library-version': '1.5.1',
  'pbs-masterkey': true,
  'query-bitmap-info': true,
}
const BLOCK_COUNTERS = [
  'failed_flush_operations',
  'failed_rd_operations',
  'failed_unmap_operations',
  'failed_wr_operations',
  'flush_operations',
  'flush_total_time_ns',
  'invalid_flush_operations',
  'invalid_rd_operations',
  'invalid_unmap_operations',
  'invalid_wr_operations',
  'rd_bytes',
  'rd_merged',
  'rd_operations',
  'rd_total_time_ns',
  'unmap_bytes',
  'unmap_merged',
  'unmap_operations',
  'unmap_total_time_ns',
  'wr_bytes',
  'wr_highest_offset',
  'wr_merged',
  'wr_operations',
  'wr_total_time_ns',
]

/** A VM in the list of its node; with `full` also what only QEMU itself knows. */
export function listEntry(world: World, guest: GuestRecord, full: boolean): Entry {
  const {config, run} = guest
  const {name, maxcpu, maxmem, maxdisk, template} = guestLimits(guest)
  const usage = guestUsage(guest, world.clock.nowMs())
  const entry: Entry = {
    vmid: guest.vmid,
    name,
    status: run ? 'running' : 'stopped',
    cpus: maxcpu,
    maxmem,
    maxdisk,
    cpu: usage.cpu,
    mem: usage.mem,
    disk: 0,
    uptime: usage.uptime,
    netin: usage.netin,
    netout: usage.netout,
    diskread: usage.diskread,
    diskwrite: usage.diskwrite,
  }
  if (run) entry['pid'] = run.pid
  if (world.release === '9.2') entry['memhost'] = run ? Math.floor(usage.mem * 1.1) : 0
  if (template) entry['template'] = 1
  for (const key of ['lock', 'tags']) {
    const value = config[key]
    if (value !== undefined && value !== '') entry[key] = value
  }

  if (Object.keys(config).some((key) => /^serial\d+$/.test(key))) entry['serial'] = 1
  if (run && config['balloon'] !== undefined && Number(config['balloon']) > 0) {
    entry['balloon_min'] = Number(config['balloon']) * MIB
    entry['shares'] = Number(config['shares'] ?? 1000)
  }

  if (full) Object.assign(entry, fullEntry(world, guest))
  return entry
}

function fullEntry(world: World, guest: GuestRecord): Entry {
  const {config, run} = guest
  if (!run) return {qmpstatus: 'stopped'}
  const version = qemuVersion(world)
  const machine = parseProperties(String(run.config['machine'] ?? 'pc'), ['type']).head ?? 'pc'
  const chipset = machine.includes('q35') ? 'pc-q35' : 'pc-i440fx'
  const versioned = /\d/.test(machine.replace('q35', '').replace('i440fx', ''))
  const usage = guestUsage(guest, world.clock.nowMs())
  const nets = Object.keys(config).filter((key) => /^net\d+$/.test(key))
  const blocks = drivesOf(config)
    .filter(([key, drive]) => key !== 'tpmstate0' && !(isPlainCdrom(drive) && drive.file === 'cdrom'))
    .map(([key]) => key)
  return {
    qmpstatus: qmpStatus(run),
    'running-machine': versioned ? machine : `${chipset}-${version.split('.').slice(0, 2).join('.')}+pve0`,
    'running-qemu': version,
    'proxmox-support': SUPPORT,
    ...(nets.length > 0 && {
      nics: Object.fromEntries(
        nets.map((key, index) => [
          `tap${guest.vmid}i${key.slice(3)}`,
          index === 0 ? {netin: usage.netin, netout: usage.netout} : {netin: 0, netout: 0},
        ]),
      ),
    }),
    ...(blocks.length > 0 && {blockstat: Object.fromEntries(blocks.map((key) => [key, blockStatistics(usage)]))}),
  }
}

function blockStatistics(usage: {diskread: number; diskwrite: number}): Entry {
  return {
    ...Object.fromEntries(BLOCK_COUNTERS.map((name) => [name, 0])),
    rd_bytes: usage.diskread,
    wr_bytes: usage.diskwrite,
    account_failed: true,
    account_invalid: true,
    timed_stats: [],
  }
}

/** What `status/current` answers: the full list entry, and what HA and the agent make of the VM. */
export function currentStatus(world: World, guest: GuestRecord): Entry {
  const entry = listEntry(world, guest, true)
  entry['ha'] = haStatus(world, 'qemu', guest.vmid)
  if (isAgentEnabled(guest)) entry['agent'] = 1
  if (/^qxl/.test(parseProperties(String(guest.config['vga'] ?? ''), ['type']).head ?? '')) entry['spice'] = 1
  const clipboard = parseProperties(String(guest.config['vga'] ?? ''), ['type']).properties.get('clipboard')
  if (clipboard !== undefined) entry['clipboard'] = clipboard
  return entry
}

/** Whether the configuration says that an agent answers. */
export function isAgentEnabled({config}: Pick<GuestRecord, 'config'>): boolean {
  return normalBoolean(parseProperties(String(config['agent'] ?? '0'), ['enabled']).head ?? '0') === '1'
}

/** The bridge and address of each card. */
export function cards({config}: GuestRecord): readonly {readonly key: string; readonly mac: string | undefined}[] {
  return Object.entries(config)
    .filter(([key]) => /^net\d+$/.test(key))
    .map(([key, value]) => ({key, mac: parseNet(String(value)).mac}))
}
