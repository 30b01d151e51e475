import {isIPv4, isIPv6} from 'node:net'
import {either, type FormatCheck, type FormatTable, matching} from './format-check.js'

const isPlainIPv6 = (value: string): boolean => isIPv6(value) && !value.includes('%')

const says =
  (test: (value: string) => boolean, message: string): FormatCheck =>
  (value) =>
    test(value) ? undefined : `${message}\n`

function isNetwork(value: string, isAddress: (text: string) => boolean, maximum: number): boolean {
  const network = /^(.+)\/(\d+)$/.exec(value)
  if (network === null || !isAddress(network[1]!)) return false
  const length = Number(network[2])
  // Proxmox takes no prefix shorter than 8 bits.
  return length > 7 && length <= maximum
}
const isCidr4 = (value: string): boolean => isNetwork(value, isIPv4, 32)
const isCidr6 = (value: string): boolean => isNetwork(value, isPlainIPv6, 128)
const isIp = (value: string): boolean => isIPv4(value) || isPlainIPv6(value)

const NETMASKS = new Set(
  Array.from({length: 33}, (_, bits) => {
    const mask = bits === 0 ? 0 : (0xff_ff_ff_ff << (32 - bits)) >>> 0
    return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join('.')
  }),
)

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'
const DNS_NAME = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`)
const INTERFACE = /^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i
const MAIL_USER = String.raw`[\w+\-~]+(?:\.[\w+\-~]+)*`
const MAIL = new RegExp(`^${MAIL_USER}@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*$`)

export const ip: FormatCheck = says(isIp, 'value does not look like a valid IP address')
export const dnsName: FormatCheck = matching(DNS_NAME, 'value does not look like a valid DNS name')

const vlanIdOrRange: FormatCheck = (value) => {
  const range = /^(\d+)(?:-(\d+))?$/.exec(value)
  if (range === null) return `invalid VLAN configuration '${value}'\n`
  const [, first, last] = range
  for (const tag of [first!, last]) {
    if (tag !== undefined && (Number(tag) < 2 || Number(tag) > 4094)) return `invalid VLAN tag '${tag}'\n`
  }
  return last !== undefined && Number(first) >= Number(last)
    ? `VLAN range must go from lower to higher tag '${value}'\n`
    : undefined
}

/** A link-local address may name its interface: `fe80::1%eth0`. */
const ipWithInterface: FormatCheck = (value, context) => {
  const zoned = /^(fe80:[^%]+)%(.*)$/.exec(value)
  return zoned !== null && isIp(zoned[1]!) && INTERFACE.test(zoned[2]!) ? undefined : ip(value, context)
}

const sdnName = (what: string, maximum: number): FormatCheck => {
  const legal = matching(/^[a-z][a-z0-9]*[a-z0-9]$/i, `${what} ID '$VALUE' contains illegal characters`)
  return (value, context) =>
    legal(value, context) ??
    (value.length > maximum ? `${what} ID '${value}' can't be more length than ${maximum} characters\n` : undefined)
}

const controllerName: FormatCheck = (value) => {
  if (!/^[a-z][a-z0-9_-]*[a-z0-9]$/i.test(value)) return `controller ID '${value}' contains illegal characters\n`
  return value.length > 64 ? `controller ID '${value}' can't be more length than 64 characters\n` : undefined
}

const subnetId: FormatCheck = (value) => {
  const [, address, mask] = value.split('-')
  const cidr = value.includes('/') ? value : `${address}/${mask}`
  return isCidr4(cidr) || isCidr6(cidr) ? undefined : 'value does not look like a valid CIDR network\n'
}

const routeTarget: FormatCheck = (value) => {
  const parts = /^(\d+):(\d+)$/.exec(value)?.slice(1)
  return parts?.every((part) => Number(part) <= 0xff_ff_ff_ff)
    ? undefined
    : 'value does not look like a valid bgp route-target\n'
}

/** A host name or address with an optional port; IPv6 with a port needs brackets. */
const isHostAndPort = (value: string): boolean => {
  const host = /^\[(.+)\](?::\d+)?$/.exec(value)?.[1] ?? (isPlainIPv6(value) ? value : value.replace(/:\d+$/, ''))
  return isIp(host) || DNS_NAME.test(host)
}

export const NETWORK_FORMATS: FormatTable = {
  address: either([ip, dnsName], 'value does not look like a valid address: $VALUE'),
  CIDR: says((value) => isCidr4(value) || isCidr6(value), 'value does not look like a valid CIDR network'),
  CIDRv4: says(isCidr4, 'value does not look like a valid IPv4 CIDR network'),
  CIDRv6: says(isCidr6, 'value does not look like a valid IPv6 CIDR network'),
  'dns-name': dnsName,
  email: matching(MAIL, 'value does not look like a valid email address'),
  'email-or-username': either(
    [matching(MAIL, ''), matching(new RegExp(`^${MAIL_USER}$`), '')],
    'value does not look like a valid email address or user name',
  ),
  ip,
  ipv4: says(isIPv4, 'value does not look like a valid IPv4 address'),
  ipv4mask: says((value) => NETMASKS.has(value), 'value does not look like a valid IP netmask'),
  ipv6: says(isPlainIPv6, 'value does not look like a valid IPv6 address'),
  'lxc-ip-with-ll-iface': ipWithInterface,
  'mac-addr': matching(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    'value does not look like a valid unicast MAC address',
  ),
  'mac-prefix': matching(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?$/i,
    'value is not a valid unicast MAC address prefix',
  ),
  'pve-bridge-id': matching(/^[-_.\w]+$/, "invalid bridge ID '$VALUE'"),
  'pve-iface': matching(INTERFACE, "invalid network interface name '$VALUE'"),
  'pve-ipv4-config': says(
    (value) => value === 'dhcp' || value === 'manual' || isCidr4(value),
    'value does not look like a valid ipv4 network configuration',
  ),
  'pve-ipv6-config': says(
    (value) => value === 'auto' || value === 'dhcp' || value === 'manual' || isCidr6(value),
    'value does not look like a valid ipv6 network configuration',
  ),
  'pve-sdn-bgp-rt': routeTarget,
  'pve-sdn-controller-id': controllerName,
  'pve-sdn-dns-id': sdnName('dns', 10),
  'pve-sdn-fabric-id': matching(
    /^[a-zA-Z0-9][a-zA-Z0-9-]{0,6}[a-zA-Z0-9]?$/,
    "fabric ID '$VALUE' contains illegal characters",
  ),
  'pve-sdn-ipam-id': sdnName('ipam', 10),
  'pve-sdn-isis-net': matching(
    /^[a-fA-F0-9]{2}(?:\.[a-fA-F0-9]{4}){3,9}\.[a-fA-F0-9]{2}$/,
    'value does not look like a valid isis net',
  ),
  'pve-sdn-subnet-id': subnetId,
  'pve-sdn-vnet-id': sdnName('vnet', 8),
  'pve-sdn-zone-id': sdnName('zone', 8),
  'pve-storage-portal-dns': says(isHostAndPort, 'value does not look like a valid portal address'),
  'pve-storage-server': either([ip, dnsName], 'value does not look like a valid server name or IP address'),
  'pve-vlan-id-or-range': vlanIdOrRange,
}
