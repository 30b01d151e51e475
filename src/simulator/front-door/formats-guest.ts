import {type FormatCheck, type FormatTable, matching, splitList} from './format-check.js'

/** Interface -> highest index. */
const DRIVES: Readonly<Record<string, number>> = {ide: 3, scsi: 30, virtio: 15, sata: 5, efidisk: 0, tpmstate: 0}

function isDrive(name: string): boolean {
  const drive = /^([a-z]+)(0|[1-9]\d*)$/.exec(name)
  const highest = drive === null ? undefined : DRIVES[drive[1]!]
  return highest !== undefined && Number(drive![2]) <= highest
}

const bootDevice: FormatCheck = (value) =>
  isDrive(value) || /^(?:net|hostpci|usb)\d+$/.test(value) ? undefined : `invalid boot device '${value}'\n`

const hotplug: FormatCheck = (value) => {
  if (value === '0' || value === '1') return undefined
  const wrong = splitList(value).find((feature) => !/^(?:network|disk|cpu|memory|usb|cloudinit)$/.test(feature))
  return wrong === undefined ? undefined : `invalid hotplug feature '${wrong}'\n`
}

const startup: FormatCheck = (value) => {
  const parts = value.split(',').filter((part) => part.trim() !== '')
  // Perl takes '' and '0' for false, so these are refused although each part would be fine.
  const isLegal = value !== '' && value !== '0' && parts.every((part) => /^(?:(?:order=)?|up=|down=)\d+$/.test(part))
  return isLegal ? undefined : 'unable to parse startup options\n'
}

const cpuSet: FormatCheck = (value) => {
  const isLegal = value.split(',').every((part) => {
    const range = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part)
    return range !== null && (range[2] === undefined || Number(range[1]) <= Number(range[2]))
  })
  return isLegal ? undefined : 'unable to parse cpuset option\n'
}

const timeZones = new Set(Intl.supportedValuesOf('timeZone'))
const timeZone: FormatCheck = (value) =>
  value === 'host' || value === 'UTC' || timeZones.has(value) ? undefined : `invalid time zone '${value}'\n`

const physicalBits: FormatCheck = (value) => {
  const isLegal = value === 'host' || (/^\d{1,2}$/.test(value) && Number(value) >= 8 && Number(value) <= 64)
  return isLegal ? undefined : "value must be an integer between 8 and 64 or 'host'\n"
}

const haResource: FormatCheck = matching(/^[a-z]+:\S+$/, 'value does not look like a valid ha resource id')
const haNode: FormatCheck = matching(
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?$/,
  'value does not look like a valid ha group node',
)

export const GUEST_FORMATS: FormatTable = {
  'pve-cpuset': cpuSet,
  'pve-ct-timezone': timeZone,
  'pve-ha-group-node': haNode,
  'pve-ha-node': haNode,
  'pve-ha-resource-id': haResource,
  'pve-ha-resource-or-vm-id': matching(/^(?:[a-z]+:\S+|\d+)$/, 'value does not look like a valid ha resource id'),
  'pve-hotplug-features': hotplug,
  'pve-lxc-dev-string': (value) =>
    value.startsWith('/dev/') && !/\/\.\.?(?:\/|$)/.test(value) ? undefined : `${value} is not a valid device path\n`,
  'pve-lxc-mp-string': (value) =>
    /\/\.\.?(?:\/|$)|^\.\.\//.test(value) ? `${value} contains illegal character sequences\n` : undefined,
  'pve-phys-bits': physicalBits,
  'pve-qm-bootdev': bootDevice,
  'pve-qm-bootdisk': (value) => (isDrive(value) ? undefined : `invalid boot disk '${value}'\n`),
  'pve-qm-usb-device': matching(
    /^(?:(?:0x)?[0-9A-Fa-f]{4}:(?:0x)?[0-9A-Fa-f]{4}|\d+-\d+(?:\.\d+)*|spice)$/i,
    'unable to parse usb device',
  ),
  'pve-replication-job-id': matching(/^[1-9][0-9]{2,8}-\d{1,9}$/, "invalid replication job id '$VALUE'"),
  'pve-startup-order': startup,
  'pve-tag': matching(/^[a-z0-9_][a-z0-9_\-+.]*$/i, 'invalid characters in tag'),
  'pve-vmid': matching(/^[1-9][0-9]{2,8}$/, 'value does not look like a valid VM ID'),
}
