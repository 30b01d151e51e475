import {isDiskKey, readDisk} from './guest-disks.js'
import type {GuestType} from './guest.js'
import type {DeviceNeed, DiskNeed, GuestNeeds} from './placement-facts.js'
import {parsePropertyString} from './property-string.js'

const DEVICE_KEY = /^(hostpci|usb|virtiofs)\d+$/
const KINDS = {hostpci: 'pci', usb: 'usb', virtiofs: 'dir'} as const

/**
 * What a guest's configuration asks of its node. Devices by resource mapping can be elsewhere, too; those of the node itself, its serial and parallel ports and
 * its directories cannot: Proxmox VE refuses to migrate a guest that uses them (cluster facts, QEMU and LXC migration).
 * @param config the configuration as the API gives it
 * @param liveMappings mappings whose devices may be moved while the guest runs, as `pci:gpu`
 */
export function guestNeeds(
  type: GuestType,
  config: Readonly<Record<string, unknown>>,
  liveMappings: ReadonlySet<string> = new Set(),
): GuestNeeds {
  const disks: DiskNeed[] = []
  const bridges = new Set<string>()
  const devices: DeviceNeed[] = []
  const pins: string[] = []
  for (const key of Object.keys(config).sort()) {
    const value = String(config[key] ?? '')
    if (isDiskKey(type, key)) readVolume(type, key, value, disks, pins)
    else if (/^net\d+$/.test(key)) {
      const bridge = parsePropertyString(value).get('bridge')
      if (bridge !== undefined) bridges.add(bridge)
    } else if (type === 'qemu') readDevice(key, value, liveMappings, devices, pins)
    else if (/^dev\d+$/.test(key)) pins.push(`${key} is a device of the node itself`)
  }

  const snapshots = config['parent'] !== undefined && {snapshots: true as const}
  return {disks, bridges: [...bridges], devices, ...snapshots, pins}
}

function readVolume(type: GuestType, key: string, value: string, disks: DiskNeed[], pins: string[]): void {
  const {format, kind, options, sizeBytes, storage, volume} = readDisk(type, key, value)
  if (storage === undefined) {
    // A directory that is said to be the same everywhere is no tie; neither is an empty drive.
    if (kind === 'bind' && options['shared'] !== true) pins.push(`${key} is ${volume}, of the node itself`)
    else if (volume.startsWith('/') && kind !== 'bind') pins.push(`${key} is ${volume}, of the node itself`)
    else if (kind === 'cdrom' && volume === 'cdrom') pins.push(`${key} is the CD-ROM drive of the node itself`)
    return
  }

  disks.push({
    key,
    storage,
    kind: kind === 'cdrom' ? 'cdrom' : kind === 'cloudinit' ? 'generated' : 'disk',
    ...(format !== undefined && {format}),
    ...(sizeBytes !== undefined && {bytes: sizeBytes}),
  })
}

function readDevice(
  key: string,
  value: string,
  live: ReadonlySet<string>,
  devices: DeviceNeed[],
  pins: string[],
): void {
  if (/^(?:serial|parallel)\d+$/.test(key)) {
    if (value.startsWith('/dev/')) pins.push(`${key} is ${value} of the node itself`)
    return
  }

  const name = DEVICE_KEY.exec(key)?.[1] as keyof typeof KINDS | undefined
  if (name === undefined) return
  const kind = KINDS[name]
  const parts = parsePropertyString(value, {defaultKey: kind === 'dir' ? 'dirid' : 'host'})
  const mapping = parts.get(kind === 'dir' ? 'dirid' : 'mapping')
  if (mapping !== undefined) devices.push({key, kind, mapping, live: live.has(`${kind}:${mapping}`)})
  else if (!/^spice$/i.test(parts.get('host') ?? '')) pins.push(`${key} is a device of the node itself`)
}
