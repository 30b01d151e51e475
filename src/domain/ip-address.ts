export type IpFamily = 4 | 6

export interface IpAddress {
  readonly family: IpFamily
  /** The address as a number, of 32 or 128 bits. */
  readonly value: bigint
}

export interface Cidr extends IpAddress {
  readonly prefixLength: number
}

/** Reads `192.0.2.1`, `2001:db8::1` or `fe80::1%eth0` (the zone is dropped); undefined for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  const v4 = v4Value(text)
  if (v4 !== undefined) return {family: 4, value: v4}
  const v6 = v6Value(text.replace(/%.*$/s, ''))
  return v6 === undefined ? undefined : {family: 6, value: v6}
}

/** Reads `192.0.2.0/24`; without a prefix length it is that one address. Undefined when it is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const ip = parseIp(address)
  if (ip === undefined || rest.length > 0) return undefined
  if (prefix === undefined) return {...ip, prefixLength: bitsOf(ip.family)}
  const prefixLength = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  return prefixLength <= bitsOf(ip.family) ? {...ip, prefixLength} : undefined
}

/** Whether an address lies in a network; bits of the network after its prefix don't count. */
export function contains(network: Cidr, {family, value}: IpAddress): boolean {
  const hostBits = BigInt(bitsOf(network.family) - network.prefixLength)
  return family === network.family && value >> hostBits === network.value >> hostBits
}

const isIn = (...networks: readonly string[]) => {
  const parsed = networks.map((network) => parseCidr(network)).filter((network) => network !== undefined)
  return (ip: IpAddress): boolean => parsed.some((network) => contains(network, ip))
}

/** 127.0.0.0/8 and ::1. */
export const isLoopback = isIn('127.0.0.0/8', '::1/128')
/** 169.254.0.0/16 and fe80::/10: of no use outside the one network segment. */
export const isLinkLocal = isIn('169.254.0.0/16', 'fe80::/10')
const isNobody = isIn('0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8')
/** An address that one machine can have: not 0.0.0.0, `::`, multicast or broadcast. */
export const isUnicast = (ip: IpAddress): boolean => !isNobody(ip)
/** Addresses of one site only, fc00::/7. */
export const isUniqueLocal = isIn('fc00::/7')

function bitsOf(family: IpFamily): number {
  return family === 4 ? 32 : 128
}

function v4Value(text: string): bigint | undefined {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)) return undefined
  return text.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
}

function v6Value(text: string): bigint | undefined {
  // The last 32 bits may be written as an IPv4 address.
  const tail = /^(.*:)([^:]*\.[^:]*)$/.exec(text)
  if (tail) {
    const v4 = v4Value(tail[2] ?? '')
    if (v4 === undefined) return undefined
    return v6Value(`${tail[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xff_ffn).toString(16)}`)
  }

  const [head = '', rest, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = head === '' ? [] : head.split(':')
  const after = rest === undefined || rest === '' ? [] : rest.split(':')
  const missing = 8 - before.length - after.length
  if (rest === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array.from({length: missing}, () => '0'), ...after]
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}
