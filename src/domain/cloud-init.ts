import {err, ok, Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {contains, parseCidr, parseIp, type Cidr, type IpFamily} from './ip-address.js'
import {formatPropertyString, parsePropertyString} from './property-string.js'

/**
 * What a guest is told by cloud-init, as people say it. Absent means: leave it as it is. The password is not here: it is a secret and goes to the
 * server as `cipassword` on its own way.
 */
export interface CloudInitSpec {
  readonly user?: string
  /** Lines of public keys, checked with `parsePublicKeys`; they replace those that are set. */
  readonly sshKeys?: readonly string[]
  /** `192.0.2.5/24`, `dhcp`, or for another NIC than the first `net1=192.0.2.5/24`; a gateway may follow: `…,gw=192.0.2.1`. */
  readonly ip?: readonly string[]
  /** For the NIC of the only `ip`, or the first NIC. */
  readonly gateway?: string
  /** Like `ip`, with `auto` for SLAAC. */
  readonly ip6?: readonly string[]
  readonly gateway6?: string
  readonly dns?: readonly string[]
  readonly searchDomain?: string
  /** `user=local:snippets/x.yml`; kinds are user, network, meta and vendor. */
  readonly custom?: readonly string[]
  /** Whether packages are upgraded at the first boot; Proxmox VE 8 and later. */
  readonly upgrade?: boolean
}

/** What `ipconfigN` and `cicustom` are now, so that the parts which are not asked for stay. */
export type CloudInitBefore = Readonly<Record<string, unknown>>

const CUSTOM_KINDS = ['meta', 'network', 'user', 'vendor']
const FAMILIES = {
  4: {address: 'ip', gateway: 'gw', flag: '--ip', gatewayFlag: '--gateway', words: ['dhcp'], example: '192.0.2.5/24'},
  6: {
    address: 'ip6',
    gateway: 'gw6',
    flag: '--ip6',
    gatewayFlag: '--gateway6',
    words: ['dhcp', 'auto'],
    example: '2001:db8::5/64',
  },
} as const

/**
 * The values of a VM's configuration that say this: `ciuser`, `sshkeys`, `ipconfigN`, `nameserver`, `searchdomain`, `cicustom`, `ciupgrade`
 * (`PUT|POST /nodes/{node}/qemu/{vmid}/config`, reference 2.12). `sshkeys` is percent-encoded already, as the value has to be before the form is.
 * @param before the configuration as it is; for a new VM nothing
 * @returns a `usage` failure that names the flag and the value
 */
export function cloudInitValues(
  spec: CloudInitSpec,
  before: CloudInitBefore = {},
): Result<Record<string, string>, Failure> {
  return Result.combine([
    userValue(spec.user),
    ok<Record<string, string>, Failure>(spec.sshKeys === undefined ? {} : {sshkeys: encodeSshKeys(spec.sshKeys)}),
    addressValues(spec, before),
    nameserverValue(spec.dns),
    searchValue(spec.searchDomain),
    customValue(spec.custom, before),
    ok<Record<string, string>, Failure>(spec.upgrade === undefined ? {} : {ciupgrade: spec.upgrade ? '1' : '0'}),
  ]).map((parts) => Object.assign({}, ...parts) as Record<string, string>)
}

/** `sshkeys` as Proxmox wants it: percent-encoded, with %20 for a blank (reference 2.12). */
export function encodeSshKeys(keys: readonly string[]): string {
  return encodeURIComponent(keys.join('\n'))
}

/** The lines of `sshkeys` as it is read back; what is not percent-encoded stays as it is. */
export function decodeSshKeys(value: string): string {
  return Result.fromThrowable(decodeURIComponent)(value).unwrapOr(value).trimEnd()
}

/** The key of the drive that a VM finds its cloud-init data on, such as `ide2`; undefined when it has none. */
export function cloudInitDrive(config: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(config).find(
    (key) => /^(?:ide|sata|scsi)\d+$/.test(key) && /^[^,]*[:/-]cloudinit(?:\.\w+)?(?:,|$)/.test(textOf(config[key])),
  )
}

type Values = Result<Record<string, string>, Failure>

function userValue(user: string | undefined): Values {
  if (user === undefined) return ok({})
  return /^[^\s:]+$/.test(user)
    ? ok({ciuser: user})
    : err(wrong('--user', user, 'Give the name of a user, without blanks and colons'))
}

function nameserverValue(dns: readonly string[] | undefined): Values {
  if (dns === undefined) return ok({})
  const servers = dns.flatMap((text) => text.split(/[\s,;]+/)).filter((text) => text !== '')
  const bad = servers.find((server) => parseIp(server) === undefined)
  return bad === undefined && servers.length > 0
    ? ok({nameserver: servers.join(' ')})
    : err(
        wrong('--dns', bad ?? dns.join(','), 'Give the addresses of name servers: 192.0.2.53, or several with commas'),
      )
}

function searchValue(domain: string | undefined): Values {
  if (domain === undefined) return ok({})
  return /^[\da-z](?:[\d.a-z-]*[\da-z])?(?:[ ,][\da-z](?:[\d.a-z-]*[\da-z])?)*$/i.test(domain)
    ? ok({searchdomain: domain.replaceAll(',', ' ')})
    : err(wrong('--search', domain, 'Give a domain: lab.example'))
}

function customValue(custom: readonly string[] | undefined, before: CloudInitBefore): Values {
  if (custom === undefined) return ok({})
  const kinds = parsePropertyString(textOf(before.cicustom))
  for (const part of custom.flatMap((text) => text.split(','))) {
    const [, kind = '', volume = ''] = /^([a-z]+)=(.+)$/.exec(part) ?? []
    if (!CUSTOM_KINDS.includes(kind)) {
      return err(
        wrong(
          '--cicustom',
          part,
          `Write KIND=VOLUME, with a kind of ${CUSTOM_KINDS.join(', ')}: user=local:snippets/web.yml`,
        ),
      )
    }

    if (!/^[a-z][\w.-]*:snippets\/[^,\s]+$/i.test(volume)) {
      return err(wrong('--cicustom', part, 'The file must be on a storage with snippets: user=local:snippets/web.yml'))
    }

    kinds.set(kind, volume)
  }

  return ok({cicustom: formatPropertyString(kinds)})
}

/** One wish for one NIC: what it gets as its address, and as its gateway. */
interface AddressWish {
  readonly nic: number
  readonly address?: string
  readonly gateway?: string
}

function addressValues(spec: CloudInitSpec, before: CloudInitBefore): Values {
  return Result.combine([
    wishesFor(4, spec.ip ?? [], spec.gateway),
    wishesFor(6, spec.ip6 ?? [], spec.gateway6),
  ]).andThen(([four, six]) => {
    const configs = new Map<number, Map<string, string>>()
    for (const [family, wishes] of [
      [4, four],
      [6, six],
    ] as const) {
      for (const wish of wishes) {
        const now = configs.get(wish.nic) ?? parsePropertyString(textOf(before[`ipconfig${wish.nic}`]))
        const changed = applyWish(now, wish, family)
        if (changed.isErr()) return err(changed.error)
        configs.set(wish.nic, changed.value)
      }
    }

    return ok(Object.fromEntries([...configs].map(([nic, parts]) => [`ipconfig${nic}`, formatPropertyString(parts)])))
  })
}

function wishesFor(
  family: IpFamily,
  texts: readonly string[],
  gateway: string | undefined,
): Result<AddressWish[], Failure> {
  const {flag, gatewayFlag} = FAMILIES[family]
  return Result.combine(texts.map((text) => readWish(family, text))).andThen((wishes) => {
    if (new Set(wishes.map(({nic}) => nic)).size < wishes.length)
      return err(
        failure('usage', `${flag} names the same network card twice`, {
          hint: `Say which one each is for: ${flag} net1=…`,
        }),
      )
    if (gateway === undefined) return ok(wishes)
    const [first, second] = wishes
    if (second !== undefined || first?.gateway !== undefined) {
      return err(
        failure('usage', `it is not clear which network card ${gatewayFlag} is for`, {
          hint: `Write the gateway behind its address: ${flag} net0=${FAMILIES[family].example},${FAMILIES[family].gateway}=…`,
        }),
      )
    }

    return ok([{nic: 0, ...first, gateway}])
  })
}

function readWish(family: IpFamily, text: string): Result<AddressWish, Failure> {
  const {address: key, gateway: gatewayKey, flag, words, example} = FAMILIES[family]
  const [, nic, rest = ''] = /^(?:net(\d+)=)?(.*)$/s.exec(text.trim()) ?? []
  const parts = parsePropertyString(rest, {defaultKey: key})
  const address = parts.get(key)
  const gateway = parts.get('gw') ?? parts.get(gatewayKey)
  const unknown = [...parts.keys()].find((name) => name !== key && name !== 'gw' && name !== gatewayKey)
  const hint = `Write an address with its prefix, ${example}, or ${words.join(' or ')}; for another card net1=…; a gateway may follow: ,gw=…`
  if (unknown !== undefined || address === undefined || Number(nic ?? 0) > 31) return err(wrong(flag, text, hint))
  if (!(words as readonly string[]).includes(address) && interfaceOf(address)?.family !== family)
    return err(wrong(flag, text, hint))
  return ok({nic: Number(nic ?? 0), address, ...(gateway !== undefined && {gateway})})
}

/** An address keeps the gateway it had where that is still reachable from it; one from DHCP has none of its own. */
function applyWish(
  now: ReadonlyMap<string, string>,
  wish: AddressWish,
  family: IpFamily,
): Result<Map<string, string>, Failure> {
  const {address: key, gateway: gatewayKey, flag, gatewayFlag, example} = FAMILIES[family]
  const parts = new Map(now)
  if (wish.address !== undefined) parts.set(key, wish.address)
  const own = interfaceOf(parts.get(key) ?? '')
  if (wish.gateway === undefined) {
    const gateway = parseIp(parts.get(gatewayKey) ?? '')
    if (gateway === undefined || own === undefined || !contains(own, gateway)) parts.delete(gatewayKey)
    return ok(parts)
  }

  const gateway = parseIp(wish.gateway)
  if (gateway?.family !== family)
    return err(
      wrong(
        gatewayFlag,
        wish.gateway,
        `Give an IPv${family} address without a prefix: ${example.replace(/5\/\d+$/, '1')}`,
      ),
    )
  if (own === undefined) {
    return err(
      failure('usage', `the gateway ${wish.gateway} needs a fixed address to go with it`, {
        hint: `Give the address too: ${flag} ${example}`,
        details: {field: gatewayFlag, value: wish.gateway},
      }),
    )
  }

  if (own.value === gateway.value)
    return err(wrong(gatewayFlag, wish.gateway, 'It is the address of the guest itself; give that of the router'))
  parts.set(gatewayKey, wish.gateway)
  return ok(parts)
}

/** An address with the length of its network's prefix, which cloud-init insists on. */
function interfaceOf(text: string): Cidr | undefined {
  return text.includes('/') ? parseCidr(text) : undefined
}

function wrong(field: string, value: string, hint: string): Failure {
  return failure('usage', `${field}: "${value}" is not possible`, {hint, details: {field, value}})
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
