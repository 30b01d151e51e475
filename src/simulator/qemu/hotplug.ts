import {recordChange} from './cloudinit.js'
import {drivesOf, isCdrom, isCloudInit, parseDrive} from './drives.js'
import {isDriveKey, isFastPlugKey} from './options.js'
import {deleteOption, replaceOption} from './pending.js'
import {updateVm} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'

const DEFAULT_FEATURES = 'network,disk,usb'
/** Limits of the host's scheduler, which a running process obeys at once. */
const LIVE_KEYS = new Set(['balloon', 'cpulimit', 'cpuunits'])

/** Applies to a running VM what can be applied to it; the rest goes on waiting (reference 2.12). */
export function hotplug(call: Call, guest: GuestRecord): void {
  const {world} = call
  const features = hotplugFeatures(guest)
  let {config, cloudInit} = guest
  const waiting: Record<string, number | string | null> = {}
  for (const [key, value] of Object.entries(guest.pending ?? {})) {
    if (!isHotpluggable(guest, features, key, value)) {
      waiting[key] = value
      continue
    }

    cloudInit = recordChange(guest, cloudInit, key, config[key], value ?? undefined)
    config =
      value === null
        ? deleteOption(world, guest, config, key, guest.forcedDeletions?.includes(key) ?? false)
        : replaceOption(world, guest, config, key, value)
  }

  const forced = guest.forcedDeletions?.filter((key) => waiting[key] === null) ?? []
  updateVm(world, guest, {
    config,
    cloudInit: drivesOf(config).some(([, drive]) => isCloudInit(drive)) ? cloudInit : undefined,
    pending: Object.keys(waiting).length > 0 ? waiting : undefined,
    forcedDeletions: forced.length > 0 ? forced : undefined,
  })
}

function hotplugFeatures({config}: GuestRecord): ReadonlySet<string> {
  const text = String(config['hotplug'] ?? DEFAULT_FEATURES)
  return new Set((text === '1' ? DEFAULT_FEATURES : text === '0' ? '' : text).split(/[\s,;]+/))
}

function isHotpluggable(
  guest: GuestRecord,
  features: ReadonlySet<string>,
  key: string,
  value: number | string | null,
): boolean {
  if (isFastPlugKey(key) || LIVE_KEYS.has(key)) return true
  if (key === 'vcpus') return features.has('cpu')
  if (key === 'memory') return features.has('memory') && guest.config['numa'] === 1
  if (key === 'tablet' || /^usb\d+$/.test(key)) return features.has('usb')
  if (/^net\d+$/.test(key)) return features.has('network')
  return isDriveKey(key) && isDriveHotpluggable(guest, features, key, value)
}

/** Discs can be changed in any drive; drives themselves only on buses made for it. */
function isDriveHotpluggable(
  guest: GuestRecord,
  features: ReadonlySet<string>,
  key: string,
  value: number | string | null,
): boolean {
  const old = guest.config[key]
  const before = old === undefined ? undefined : parseDrive(old)
  if (before && value !== null) {
    const after = parseDrive(value)
    if (isCdrom(before) && isCdrom(after)) return true
    if (before.file === after.file) return features.has('disk') && !changesDevice(before.properties, after.properties)
    return false
  }

  return features.has('disk') && /^(?:scsi|virtio)\d+$/.test(key)
}

/** Options of a drive that make it another device. */
const DEVICE_PROPERTIES = [
  'aio',
  'cache',
  'discard',
  'iothread',
  'queues',
  'serial',
  'snapshot',
  'ssd',
  'ro',
  'product',
  'vendor',
  'wwn',
]

function changesDevice(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): boolean {
  return DEVICE_PROPERTIES.some((name) => before.get(name) !== after.get(name))
}
