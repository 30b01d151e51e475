import {isIPv4, isIPv6} from 'node:net'
import type {FormatCheck, FormatTable} from './format-check.js'
import {CONNTRACK_HELPERS, ICMP_TYPES, PROTOCOLS, SERVICE_NAMES} from './network-services.js'

const ALIAS = String.raw`[A-Za-z][A-Za-z0-9\-_]+`
const ALIAS_NAME = new RegExp(`^${ALIAS}$`)
const SCOPED_ALIAS = new RegExp(`^(?:(?:dc|guest)/)?${ALIAS}$`)
const MAX_NAME = 64
const MAX_PORTS = 15

/** The bits of an IPv4 or IPv6 address, as text. */
function bits(address: string): string {
  if (isIPv4(address)) {
    return address
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('')
  }
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a, b, c, d] = octets.map(Number) as [number, number, number, number]
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array.from({length: 8 - first.length - last.length}, () => '0')
  return [...first, ...middle, ...last]
    .map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('')
}

/** The address arithmetic takes `10` and `10.1.2` for IPv4 addresses whose last octets are 0. */
function completed(text: string): string {
  return /^\d{1,3}(?:\.\d{1,3}){0,2}$/.test(text) ? [...text.split('.'), '0', '0', '0'].slice(0, 4).join('.') : text
}

const isAddress = (text: string): boolean => isIPv4(text) || (isIPv6(text) && !text.includes('%'))

/** What is wrong with an address, network or range: the address arithmetic refuses host bits below the prefix. */
function addressProblem(text: string): string | undefined {
  const [from, to, ...more] = text.split(/\s*-\s*/).map((part) => completed(part))
  if (to !== undefined && more.length === 0 && isAddress(from!) && isAddress(to)) {
    return bits(from!) > bits(to) ? `Begin address is greater than End address ${from} - ${to}` : undefined
  }
  const [start = '', prefix] = text.split('/')
  const address = completed(start)
  if (!isAddress(address) || (prefix !== undefined && !/^\d+$/.test(prefix)))
    return `Cannot determine IP version for ${text}`
  if (prefix === undefined) return undefined
  const all = bits(address)
  if (Number(prefix) > all.length) return `Prefix length ${prefix} is longer than IP address (${all.length})`
  return all.slice(Number(prefix)).includes('1') ? `Invalid prefix ${all}/${prefix}` : undefined
}

const ipOrCidr: FormatCheck = (value) => {
  const network = /^([^/]+)(?:\/\d+)?$/.exec(value)
  if (network === null || !isAddress(network[1]!))
    return 'value does not look like a valid IP address or CIDR network\n'
  const problem = addressProblem(value)
  return problem === undefined ? undefined : `${problem}\n`
}

const ipOrCidrOrAlias: FormatCheck = (value, context) =>
  (context.version === '7.4' ? ALIAS_NAME : SCOPED_ALIAS).test(value) ? undefined : ipOrCidr(value, context)

const addresses: FormatCheck = (value, {version}) => {
  if (/^\+\S+$/.test(value)) return value.length > MAX_NAME + 1 ? 'ipset name too long\n' : undefined
  if ((version === '7.4' ? ALIAS_NAME : SCOPED_ALIAS).test(value))
    return value.length > MAX_NAME ? 'alias name too long\n' : undefined
  if (value === '') return undefined
  const items = value.split(',')
  if (items.at(-1) === '') return 'extraneous commas in list\n'
  let family: number | undefined
  for (const item of items) {
    const problem = addressProblem(item)
    if (problem !== undefined) return `invalid IP address: ${problem}\n`
    const itsFamily = item.includes(':') ? 6 : 4
    if (family !== undefined && family !== itsFamily)
      return `detected mixed ipv4/ipv6 addresses in address list '${value}'\n`
    family = itsFamily
  }
  return items.length > 1 && items.some((item) => item.includes('-')) ? "you can't use a range in a list\n" : undefined
}

const ports =
  (isDestination: boolean): FormatCheck =>
  (value) => {
    const items = value.split(',')
    if (items.length > 1 && items.at(-1) === '') return 'extraneous commas in list\n'
    let numbers = 0
    let hasIcmp = false
    for (const item of items) {
      const [from, to] = /^(\d+)(?::(\d+))?$/.exec(item)?.slice(1) ?? []
      if (from === undefined) {
        if (isDestination && ICMP_TYPES.has(item)) hasIcmp = true
        else if (!SERVICE_NAMES.has(item) && value !== '') return `invalid port '${item}'\n`
        continue
      }
      for (const port of [from, to]) {
        if (port === undefined) continue
        if (Number(port) > 65_535) return `invalid port '${port}'\n`
        numbers++
      }
      if (to !== undefined && Number(from) > Number(to)) {
        return `backwards range '${from}:${to}' not allowed, did you mean '${to}:${from}'?\n`
      }
    }
    if (hasIcmp && numbers > 0) return 'ICMP ports not allowed in port range\n'
    return numbers > MAX_PORTS ? 'too many entries in port list (> 15 numbers)\n' : undefined
  }

const conntrackHelper: FormatCheck = (value) => {
  const wrong = value.split(',').find((helper) => !CONNTRACK_HELPERS.has(helper))
  return wrong === undefined ? undefined : `unknown conntrack helper '${wrong}'\n`
}

export const FIREWALL_FORMATS: FormatTable = {
  IPorCIDR: ipOrCidr,
  IPorCIDRorAlias: ipOrCidrOrAlias,
  'pve-fw-addr-spec': addresses,
  'pve-fw-conntrack-helper': conntrackHelper,
  'pve-fw-dport-spec': ports(true),
  'pve-fw-icmp-type-spec': (value) =>
    value === '' || ICMP_TYPES.has(value) || (/^\d{1,3}$/.test(value) && Number(value) < 256)
      ? undefined
      : `invalid icmp-type value '${value}'\n`,
  'pve-fw-protocol-spec': (value) =>
    value === '' || value === '0' || PROTOCOLS.has(value) ? undefined : `unknown protocol '${value}'\n`,
  'pve-fw-sport-spec': ports(false),
}
