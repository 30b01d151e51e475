import {assertDigest} from '../config/sections.js'
import {withClusterLock} from '../config/cluster-lock.js'
import {
  CLUSTER_SCOPE,
  firewallOf,
  type FirewallScope,
  listDigest,
  type RuleEnvironment,
  saveFirewall,
  withDigest,
} from '../firewall/config.js'
import {MACROS} from '../firewall/macros.js'
import {checkedRule, mergedRule, movedRules, shownRule} from '../firewall/rules.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'
import {sdnObject, sdnObjects} from '../network/sdn-state.js'
import {firewallAliasRoutes} from './firewall-aliases.js'
import {firewallGroupRoutes} from './firewall-groups.js'
import {firewallIpsetRoutes} from './firewall-ipsets.js'

import type {Call, Handler, Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

export type ScopeOf = (call: Call) => FirewallScope

const CLUSTER = '/cluster/firewall'
const HOST = '/nodes/{node}/firewall'
const QEMU = '/nodes/{node}/qemu/{vmid}/firewall'
const LXC = '/nodes/{node}/lxc/{vmid}/firewall'
const VNET = '/cluster/sdn/vnets/{vnet}/firewall'

const host: ScopeOf = ({node}) => ({environment: 'host', key: `node/${node}`, lock: `firewall-host-${node}`})
const guest =
  (environment: 'ct' | 'vm', type: 'lxc' | 'qemu'): ScopeOf =>
  ({vmid}) => ({environment, key: `${type}/${vmid}`, lock: `firewall-vm-${vmid}`})
const vnet: ScopeOf = (call) => {
  const name = call.required('vnet')
  const {zone} = sdnObject(sdnObjects(call.world, 'vnets'), name)
  call.checkAny(
    `/sdn/zones/${String(zone)}/${name}`,
    ...(call.method === 'GET' ? ['SDN.Audit', 'SDN.Allocate'] : ['SDN.Allocate']),
  )
  return {environment: 'vnet', key: `vnet/${name}`, lock: `firewall-vnet-${name}`}
}

const qemu = guest('vm', 'qemu')
const lxc = guest('ct', 'lxc')

/** The firewall of the cluster, of nodes, guests and virtual networks: rules, options, aliases, IP sets, security groups. */
export const firewallRoutes: Routes = {
  ...ruleRoutes(`${CLUSTER}/rules`, () => CLUSTER_SCOPE),
  ...ruleRoutes(`${HOST}/rules`, host),
  ...ruleRoutes(`${QEMU}/rules`, qemu),
  ...ruleRoutes(`${LXC}/rules`, lxc),
  ...ruleRoutes(`${VNET}/rules`, vnet),
  ...optionRoutes(CLUSTER, () => CLUSTER_SCOPE),
  ...optionRoutes(HOST, host),
  ...optionRoutes(QEMU, qemu),
  ...optionRoutes(LXC, lxc),
  ...optionRoutes(VNET, vnet),
  ...firewallAliasRoutes({[CLUSTER]: () => CLUSTER_SCOPE, [QEMU]: qemu, [LXC]: lxc}),
  ...firewallIpsetRoutes({[CLUSTER]: () => CLUSTER_SCOPE, [QEMU]: qemu, [LXC]: lxc}),
  ...firewallGroupRoutes,
  ...ruleRoutes(`${CLUSTER}/groups/{group}`, (call) => securityGroup(call)),

  [`GET ${CLUSTER}`]: () => names('aliases', 'groups', 'ipset', 'macros', 'options', 'refs', 'rules'),
  [`GET ${HOST}`]: () => names('log', 'options', 'rules'),
  [`GET ${QEMU}`]: () => names('aliases', 'ipset', 'log', 'options', 'refs', 'rules'),
  [`GET ${LXC}`]: () => names('aliases', 'ipset', 'log', 'options', 'refs', 'rules'),
  [`GET ${VNET}`]: () => names('options', 'rules'),
  [`GET ${CLUSTER}/macros`]: () => [...MACROS].map(([macro, {descr}]) => ({macro, descr})),
  [`GET ${CLUSTER}/refs`]: (call) => references(call, CLUSTER_SCOPE),
  [`GET ${QEMU}/refs`]: (call) => references(call, qemu(call)),
  [`GET ${LXC}/refs`]: (call) => references(call, lxc(call)),
  [`GET ${HOST}/log`]: emptyLog,
  [`GET ${QEMU}/log`]: emptyLog,
  [`GET ${LXC}/log`]: emptyLog,
}

const names = (...all: readonly string[]): Json => all.map((name) => ({name}))

/** Nothing is dropped in a simulated network. */
function emptyLog(call: Call): Json {
  call.total = 1
  return [{n: 1, t: 'no content'}]
}

function securityGroup(call: Call): FirewallScope {
  const group = call.required('group')
  const key = `group/${group}`
  if (!call.world.store.of('firewall').has(key)) die(`no such security group '${group}'`)
  return {environment: 'group', key, lock: 'firewall-cluster'}
}

function ruleRoutes(path: string, scopeOf: ScopeOf): Record<string, Handler> {
  const rules = (call: Call, scope: FirewallScope): readonly PropertyRecord[] => {
    const {rules = []} = firewallOf(call.world, scope)
    return rules.map((rule) => shownRule(call.world, scope, rule))
  }

  /** The position of a rule there is. */
  const position = (call: Call, list: readonly PropertyRecord[]): number => {
    const pos = call.number('pos') ?? 0
    if (pos >= list.length) die(`no rule at position ${call.required('pos')}`)
    return pos
  }

  const edit = (call: Call, change: (list: readonly PropertyRecord[], scope: FirewallScope) => PropertyList): Wait => {
    const scope = scopeOf(call)
    return withClusterLock(call, scope.lock, () => {
      const list = rules(call, scope)
      const stored = change(list, scope).map((rule) => mergedRule({}, rule))
      saveFirewall(call.world, scope, {rules: stored})
      return null
    })
  }

  return {
    [`GET ${path}`]: (call) => withDigest(rules(call, scopeOf(call))).map((rule, pos) => ({...rule, pos})),

    /** A new rule comes first, wherever the caller wants it, and does nothing until it is enabled. */
    [`POST ${path}`]: (call) =>
      edit(call, (list, scope) => {
        const rule = checkedRule(call.world, scope, mergedRule({}, call.params as PropertyRecord))
        return [{...rule, enable: call.number('enable') ?? 0}, ...list]
      }),

    [`GET ${path}/{pos}`](call) {
      const list = withDigest(rules(call, scopeOf(call)))
      return {...list[position(call, list)]!, pos: call.raw['pos'] as Json}
    },

    [`PUT ${path}/{pos}`]: (call) =>
      edit(call, (list, scope) => {
        assertDigest(call.text('digest'), listDigest(list))
        const pos = position(call, list)
        const to = call.number('moveto')
        if (to !== undefined && to !== pos) return movedRules(list, pos, to)
        const merged = mergedRule(list[pos]!, call.params as PropertyRecord, call.list('delete'))
        return list.map((rule, index) => (index === pos ? checkedRule(call.world, scope, merged) : rule))
      }),

    [`DELETE ${path}/{pos}`]: (call) =>
      edit(call, (list) => {
        assertDigest(call.text('digest'), listDigest(list))
        const pos = position(call, list)
        return list.filter((_, index) => index !== pos)
      }),
  }
}

type PropertyList = readonly PropertyRecord[]
type Wait = Json | Promise<Json>

function optionRoutes(path: string, scopeOf: ScopeOf): Record<string, Handler> {
  return {
    [`GET ${path}/options`](call) {
      const {options = {}} = firewallOf(call.world, scopeOf(call))
      return {...options, digest: listDigest([options])}
    },

    [`PUT ${path}/options`](call) {
      const scope = scopeOf(call)
      return withClusterLock(call, scope.lock, () => {
        const {options = {}} = firewallOf(call.world, scope)
        assertDigest(call.text('digest'), listDigest([options]))
        saveFirewall(call.world, scope, {options: changedOptions(call, scope.environment, options)})
        return null
      })
    },
  }
}

function changedOptions(call: Call, environment: RuleEnvironment, options: PropertyRecord): PropertyRecord {
  const known = call.world.schema.find('PUT', call.template)?.parameters.properties ?? {}
  const result = {...options}
  for (const key of call.list('delete')) {
    if (!Object.hasOwn(known, key)) paramError({delete: `no such option '${key}'`})
    delete result[key]
  }

  for (const [key, property] of Object.entries(known)) {
    if (['delete', 'digest', 'node', 'vmid', 'vnet'].includes(key) || call.text(key) === undefined) continue
    if (property.type === 'boolean') result[key] = call.flag(key) ? 1 : 0
    else if (property.type === 'integer') result[key] = call.number(key)!
    else result[key] = call.text(key)!
  }

  // any number above 1 stands for the moment the firewall was switched on
  if (environment === 'cluster' && Number(call.text('enable') ?? 0) > 1) result['enable'] = call.world.clock.now()
  return result
}

/** Aliases and IP sets that rules of a scope may name. */
function references(call: Call, scope: FirewallScope): Json {
  const wanted = call.text('type')
  const scopes = scope.key === 'cluster' ? [CLUSTER_SCOPE] : [CLUSTER_SCOPE, scope]
  return scopes.flatMap((of) => {
    const name = of.key === 'cluster' ? 'dc' : 'guest'
    const {aliases = [], ipsets = []} = firewallOf(call.world, of)
    const entry = (type: string, item: PropertyRecord, mark: string): Json => ({
      type,
      name: item['name']!,
      ref: `${mark}${name}/${String(item['name'])}`,
      scope: name,
      ...(item['comment'] !== undefined && {comment: item['comment']}),
    })
    return [
      ...(wanted === 'alias' ? [] : ipsets.map((set) => entry('ipset', set, '+'))),
      ...(wanted === 'ipset' ? [] : aliases.map((alias) => entry('alias', alias, ''))),
    ]
  })
}
