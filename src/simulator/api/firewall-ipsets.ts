import {withClusterLock} from '../config/cluster-lock.js'
import {assertDigest} from '../config/sections.js'
import {
  findAlias,
  firewallOf,
  type FirewallScope,
  listDigest,
  members,
  saveFirewall,
  withDigest,
} from '../firewall/config.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'

import type {Call, Handler} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

type List = readonly PropertyRecord[]

/** An address as it is kept: a whole one without its prefix. */
const normal = (cidr: string): string => cidr.replace(cidr.includes(':') ? /\/128$/ : /\/32$/, '')

const comment = (call: Call): {comment?: string} => {
  const text = call.text('comment')
  return text === undefined || text === '' ? {} : {comment: text}
}

/** Sets of addresses, of the cluster and of guests. */
export function firewallIpsetRoutes(
  scopes: Readonly<Record<string, (call: Call) => FirewallScope>>,
): Record<string, Handler> {
  return Object.assign(
    {},
    ...Object.entries(scopes).map(([path, scopeOf]) => ({...setRoutes(path, scopeOf), ...memberRoutes(path, scopeOf)})),
  ) as Record<string, Handler>
}

function setsOf(call: Call, scope: FirewallScope): List {
  return [...(firewallOf(call.world, scope).ipsets ?? [])].sort((a, b) =>
    String(a['name']) < String(b['name']) ? -1 : 1,
  )
}

/** The set of the path. */
function existingSet(call: Call, list: List): PropertyRecord {
  const name = call.required('name')
  return list.find((set) => set['name'] === name) ?? die(`no such IPSet '${name}'`)
}

const heads = (list: List): List =>
  list.map(({name, comment}) => ({name: name!, ...(comment !== undefined && {comment})}))

function setRoutes(path: string, scopeOf: (call: Call) => FirewallScope): Record<string, Handler> {
  const edit = (call: Call, change: (list: List) => List): Json | Promise<Json> => {
    const scope = scopeOf(call)
    return withClusterLock(call, scope.lock, () => {
      saveFirewall(call.world, scope, {ipsets: change(setsOf(call, scope))})
      return null
    })
  }

  return {
    [`GET ${path}/ipset`]: (call) => withDigest(heads(setsOf(call, scopeOf(call)))),

    [`POST ${path}/ipset`]: (call) =>
      edit(call, (list) => {
        const name = call.required('name')
        const rename = call.text('rename')
        const taken = list.some((set) => set['name'] === name)
        if (rename === undefined) {
          if (taken) paramError({name: `IPSet '${name}' already exists`})
          return [...list, {name, ...comment(call)}]
        }

        assertDigest(call.text('digest'), listDigest(heads(list)))
        const old = list.find((set) => set['name'] === rename)
        if (!old) return paramError({name: `IPSet '${rename}' does not exist`})
        if (taken && name !== rename) paramError({name: `IPSet '${name}' already exists`})
        return list.map((set) => (set === old ? {...old, name, ...comment(call)} : set))
      }),

    [`DELETE ${path}/ipset/{name}`]: (call) =>
      edit(call, (list) => {
        const set = existingSet(call, list)
        if (members(set).length > 0 && !call.flag('force')) die(`IPSet '${call.required('name')}' is not empty`)
        return list.filter((other) => other !== set)
      }),
  }
}

function memberRoutes(path: string, scopeOf: (call: Call) => FirewallScope): Record<string, Handler> {
  const edit = (call: Call, change: (list: List) => List): Json | Promise<Json> => {
    const scope = scopeOf(call)
    return withClusterLock(call, scope.lock, () => {
      const sets = setsOf(call, scope)
      const set = existingSet(call, sets)
      const changed = {...set, members: change(members(set)) as Json}
      saveFirewall(call.world, scope, {ipsets: sets.map((other) => (other === set ? changed : other))})
      return null
    })
  }

  const inSet = (call: Call): List => members(existingSet(call, setsOf(call, scopeOf(call))))
  return {
    [`GET ${path}/ipset/{name}`]: (call) => withDigest(inSet(call)),

    [`POST ${path}/ipset/{name}`]: (call) =>
      edit(call, (list) => {
        const given = call.required('cidr')
        const isAlias = /^(?:(?:dc|guest)\/)?[A-Za-z][\w-]+$/.test(given)
        if (isAlias && !findAlias(call.world, scopeOf(call), given)) die(`no such alias '${given}'`)
        const cidr = isAlias ? given : normal(given)
        if (list.some((entry) => entry['cidr'] === cidr)) paramError({cidr: `address '${cidr}' already exists`})
        if (/\/0+$/.test(cidr)) paramError({cidr: 'a zero prefix is not allowed in ipset entries'})
        return [{cidr, ...(call.flag('nomatch') && {nomatch: 1}), ...comment(call)}, ...list]
      }),

    [`GET ${path}/ipset/{name}/{cidr}`]: (call) =>
      withDigest(inSet(call)).find((entry) => entry['cidr'] === call.required('cidr')) ??
      paramError({cidr: 'no such IP/Network'}),

    [`PUT ${path}/ipset/{name}/{cidr}`]: (call) =>
      edit(call, (list) => {
        assertDigest(call.text('digest'), listDigest(list))
        const cidr = call.required('cidr')
        const old = list.find((entry) => entry['cidr'] === cidr)
        if (!old) return paramError({cidr: 'no such IP/Network'})
        const changed = {cidr, ...(call.flag('nomatch') && {nomatch: 1}), ...comment(call)}
        return list.map((entry) => (entry === old ? changed : entry))
      }),

    [`DELETE ${path}/ipset/{name}/{cidr}`]: (call) =>
      edit(call, (list) => {
        assertDigest(call.text('digest'), listDigest(list))
        return list.filter((entry) => entry['cidr'] !== call.required('cidr'))
      }),
  }
}
