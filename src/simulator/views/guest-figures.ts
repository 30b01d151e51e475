import {diskSizes} from './disks.js'
import {ext4Capacity} from './ext4.js'

import type {GuestRecord} from '../kernel/state.js'

const MIB = 1024 * 1024

/** What a guest has at its disposal; follows from its configuration alone. */
export interface GuestLimits {
  readonly name: string
  /** 0: all of its node, for a container without a limit. */
  readonly maxcpu: number
  /** Bytes. */
  readonly maxmem: number
  /** Bytes: the boot disk of a VM, the root file system of a container. */
  readonly maxdisk: number
  readonly template: boolean
}

/** What a guest uses at a moment; all 0 while it is stopped. */
export interface GuestUsage {
  readonly cpu: number
  readonly mem: number
  readonly disk: number
  readonly uptime: number
  readonly netin: number
  readonly netout: number
  readonly diskread: number
  readonly diskwrite: number
}

const STOPPED: GuestUsage = {cpu: 0, mem: 0, disk: 0, uptime: 0, netin: 0, netout: 0, diskread: 0, diskwrite: 0}

/** The limits of a guest; in lists of many use `world.derived(guest, guestLimits)`. */
export function guestLimits(guest: GuestRecord): GuestLimits {
  const {config} = guest
  const sizes = diskSizes(guest)
  const number = (key: string, fallback: number): number => Number(config[key] ?? fallback)
  const memory = Number.parseInt(String(config['memory'] ?? '512').replace(/^current=/, ''), 10)
  const base = {maxmem: memory * MIB, template: number('template', 0) === 1}
  if (guest.type === 'lxc') {
    return {
      ...base,
      name: String(config['hostname'] ?? `CT${guest.vmid}`),
      maxcpu: number('cores', 0) || number('cpulimit', 0),
      maxdisk: rootSize(guest, sizes.get('rootfs') ?? 0),
    }
  }

  const boot = /order=([^;,]*)/.exec(String(config['boot'] ?? ''))?.[1]
  const disks = [...sizes].filter(
    ([key]) => /^(?:ide|sata|scsi|virtio)\d+$/.test(key) && !String(config[key]).includes('media=cdrom'),
  )
  return {
    ...base,
    name: String(config['name'] ?? `VM ${guest.vmid}`),
    maxcpu: number('vcpus', 0) || number('cores', 1) * number('sockets', 1),
    maxdisk: (boot === undefined ? undefined : disks.find(([key]) => key === boot)?.[1]) ?? disks[0]?.[1] ?? 0,
  }
}

/** The size of a container's volume; while it runs that of the file system on it. */
function rootSize({config, run}: GuestRecord, size: number): number {
  const isImage = !/[:/](?:base|sub)vol-|\.subvol/.test(String(config['rootfs']))
  return run && isImage && size > 0 ? ext4Capacity(size) : size
}

/**
 * What a guest uses. Steady figures of an idle guest: `uptime` in seconds, the counters grow with it.
 * @param limits those of the guest, from who knows them already
 */
export function guestUsage(guest: GuestRecord, nowMs: number, limits?: GuestLimits): GuestUsage {
  if (!guest.run) return STOPPED
  const {maxmem, maxdisk} = limits ?? guestLimits(guest)
  const uptime = Math.max(1, Math.floor((nowMs - guest.run.startedAt) / 1000))
  return {
    cpu: guest.type === 'qemu' ? 0.02 : 0.001,
    mem: Math.floor(maxmem * (guest.type === 'qemu' ? 0.4 : 0.1)),
    disk: guest.type === 'lxc' ? Math.floor(maxdisk * 0.1) : 0,
    uptime,
    netin: uptime * 64,
    netout: uptime * 16,
    diskread: 4 * MIB,
    diskwrite: uptime * 128,
  }
}
