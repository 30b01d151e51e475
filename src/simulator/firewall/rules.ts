import {PROTOCOLS} from '../front-door/network-services.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'
import {findAlias, type FirewallScope, hasIpset} from './config.js'
import {macroName, MACROS} from './macros.js'

import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** What a rule consists of. */
export const RULE_KEYS = [
  'action',
  'comment',
  'dest',
  'dport',
  'enable',
  'icmp-type',
  'iface',
  'log',
  'macro',
  'proto',
  'source',
  'sport',
  'type',
] as const

const ACTIONS = /^(?:ACCEPT|DROP|REJECT)$/
const WITH_PORTS = new Set(['tcp', '6', 'udp', '17', 'udplite', '136', 'sctp', '132', 'dccp', '33'])
const ICMP = new Set(['icmp', '1'])
const ICMP6 = new Set(['icmpv6', 'ipv6-icmp', '58'])
/** ICMP types of one family only; a number fits both. */
const ICMP4_ONLY =
  /^(?:network-|host-|TOS-|protocol-|source-|precedence-|timestamp-|address-mask-|ip-header|required-|ttl-|fragmentation|any$)/
const ICMP6_ONLY = /^(?:no-route|beyond-|failed-|reject-|packet-|bad-header|unknown-|neighbo|address-unreachable)/

/** Where a rule may name an interface. */
const WITH_INTERFACE: ReadonlySet<FirewallScope['environment']> = new Set(['cluster', 'ct', 'host', 'vm'])

type Complain = (parameter: string, text: string) => void

/**
 * A rule as it is kept, checked in its context (reference 2.15; the order of the checks is that of the real server).
 * @throws PveError 400 with the first thing that is wrong
 */
export function checkedRule(world: World, scope: FirewallScope, rule: PropertyRecord): PropertyRecord {
  return verified(world, scope, rule, (parameter, text) => paramError({[parameter]: text}))
}

/** A stored rule as it is answered: with `ipversion`, and `errors` where something it refers to is gone. */
export function shownRule(world: World, scope: FirewallScope, rule: PropertyRecord): PropertyRecord {
  const errors: Record<string, string> = {}
  let shown: PropertyRecord
  try {
    shown = verified(world, scope, rule, (parameter, text) => {
      errors[parameter] ??= text
    })
  } catch {
    shown = rule
  }

  return Object.keys(errors).length === 0 ? shown : {...shown, errors}
}

function verified(world: World, scope: FirewallScope, rule: PropertyRecord, complain: Complain): PropertyRecord {
  const text = (key: string): string | undefined => {
    const value = rule[key]
    return value === undefined || value === null || value === '' ? undefined : String(value)
  }

  const result: {[key: string]: Json} = {}
  for (const key of RULE_KEYS) if (rule[key] !== undefined) result[key] = rule[key]
  checkKind(scope, text, complain)
  const macro = text('macro')
  if (macro !== undefined) {
    const name = macroName(macro)
    if (name === undefined) complain('macro', `unknown macro '${macro}'`)
    else result['macro'] = name
  }

  let ipversion: number | undefined
  const use = (version: number | undefined): void => {
    if (version === undefined) return
    if (ipversion !== undefined && ipversion !== version) die('detected mixed ipv4/ipv6 addresses in rule')
    ipversion = version
  }

  const proto = text('proto')
  if (proto === 'icmp') use(4)
  if (proto === 'icmpv6' || proto === 'ipv6-icmp') use(6)
  checkPorts(text, complain)
  for (const key of ['source', 'dest'] as const) {
    const value = text(key)
    if (value !== undefined) use(addressFamily(world, scope, key, value, complain))
  }

  if (ipversion !== undefined) result['ipversion'] = ipversion
  if (macro !== undefined) checkMacro(macroName(macro), text, complain)
  return result
}

function checkKind(scope: FirewallScope, text: (key: string) => string | undefined, complain: Complain): void {
  const type = text('type')
  const action = text('action')
  if (type === undefined) complain('type', 'missing property')
  if (action === undefined) complain('action', 'missing property')
  const {environment} = scope
  if (type === 'group') {
    if (environment === 'group') complain('type', 'security groups not allowed')
    if (action !== undefined && !/^[A-Za-z][\w-]+$/.test(action))
      complain('action', 'invalid characters in security group name')
  } else if (action !== undefined && !ACTIONS.test(action)) complain('action', `unknown action '${action}'`)

  const iface = text('iface')
  if (iface === undefined) return
  if (!WITH_INTERFACE.has(environment)) complain('type', 'parameter -i not allowed for this rule type')
  if ((environment === 'vm' || environment === 'ct') && !/^net\d+$/.test(iface))
    complain('iface', String.raw`value does not match the regex pattern 'net\d+'`)
}

function checkPorts(text: (key: string) => string | undefined, complain: Complain): void {
  const proto = text('proto')
  const isIcmp = proto !== undefined && (ICMP.has(proto) || ICMP6.has(proto))
  const needsProtocol = (key: string): void => {
    if (proto === undefined) complain('proto', `missing property - '${key}' requires this property`)
    else if (!WITH_PORTS.has(proto) && !(isIcmp && key === 'dport'))
      complain(key, `protocol '${proto}' does not support ports`)
  }

  if (text('dport') !== undefined) needsProtocol('dport')
  const icmpType = text('icmp-type')
  if (icmpType !== undefined) {
    if (!isIcmp) complain('proto', "missing property - 'icmp-type' requires this property")
    if (text('dport') !== undefined) complain('icmp-type', "'icmp-type' cannot be specified together with 'dport'")
    if (proto !== undefined && ICMP.has(proto) && ICMP6_ONLY.test(icmpType))
      complain('icmp-type', `invalid icmp-type '${icmpType}' for proto '${proto}'`)
    if (proto !== undefined && ICMP6.has(proto) && ICMP4_ONLY.test(icmpType))
      complain('icmp-type', `invalid icmpv6-type '${icmpType}' for proto '${proto}'`)
  }

  if (text('sport') !== undefined) needsProtocol('sport')
  if (proto !== undefined && !PROTOCOLS.has(proto) && proto !== '0') complain('proto', `unknown protocol '${proto}'`)
}

/** The address family of `source` or `dest`; undefined for IP sets, which may hold both. */
function addressFamily(
  world: World,
  scope: FirewallScope,
  key: string,
  value: string,
  complain: Complain,
): number | undefined {
  if (value.startsWith('+')) {
    const [, prefix, name] = /^\+(?:(guest|dc)\/)?([A-Za-z][\w-]+)$/.exec(value) ?? []
    if (name === undefined) complain(key, `invalid ipset name '${value}'`)
    else if (!hasIpset(world, scope, name, prefix)) complain(key, `no such ipset '${name}'`)
    return undefined
  }

  if (/^(?:(?:dc|guest)\/)?[A-Za-z][\w-]+$/.test(value)) {
    const alias = findAlias(world, scope, value)
    if (alias) return Number(alias['ipversion'])
    complain(key, `no such alias '${value}'`)
    return undefined
  }

  return value.includes(':') ? 6 : 4
}

/** A rule may not contradict what its macro says in one of the rules it makes. */
function checkMacro(name: string | undefined, text: (key: string) => string | undefined, complain: Complain): void {
  const macro = name === undefined ? undefined : MACROS.get(name)
  for (const template of macro?.rules ?? []) {
    for (const key of ['proto', 'dport'] as const) {
      const given = text(key)
      const fixed = template[key]
      if (given !== undefined && fixed !== undefined && given !== fixed)
        complain(key, `parameter '${key}' already define in macro (value = '${fixed}')`)
    }
  }
}

/** A rule with the given values set; an empty one is removed. */
export function mergedRule(
  rule: PropertyRecord,
  values: Readonly<Record<string, Json | undefined>>,
  removed: readonly string[] = [],
): PropertyRecord {
  const result: {[key: string]: Json} = {}
  for (const [key, value] of Object.entries(rule)) if (value !== undefined) result[key] = value
  for (const key of RULE_KEYS) {
    const value = values[key]
    if (value === undefined || value === null) continue
    if (value === '') delete result[key]
    else result[key] = key === 'enable' ? Number(value) : String(value)
  }

  for (const key of removed) {
    if (key === 'type' || key === 'action') paramError({delete: `unable to delete required property '${key}'`})
    if (!(RULE_KEYS as readonly string[]).includes(key)) paramError({delete: `no such property '${key}'`})
    delete result[key]
  }

  return result
}

/** The list after moving one rule in front of the one that is at `to` now; behind all when there is none (reference 2.15). */
export function movedRules<T>(rules: readonly T[], from: number, to: number): readonly T[] {
  const rest = rules.filter((_, index) => index !== from)
  const at = to > from ? to - 1 : to
  return [...rest.slice(0, at), rules[from]!, ...rest.slice(at)]
}
