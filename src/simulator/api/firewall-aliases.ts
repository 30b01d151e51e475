import {withClusterLock} from '../config/cluster-lock.js'
import {assertDigest} from '../config/sections.js'
import {firewallOf, type FirewallScope, listDigest, saveFirewall, withDigest} from '../firewall/config.js'
import {paramError} from '../kernel/pve-error.js'

import type {Call, Handler} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

const sameName = (a: string, b: unknown): boolean => a.toLowerCase() === String(b).toLowerCase()

/** Aliases, in the order of their names. */
function aliasesOf(call: Call, scope: FirewallScope): readonly PropertyRecord[] {
  const key = (alias: PropertyRecord): string => String(alias['name']).toLowerCase()
  return [...(firewallOf(call.world, scope).aliases ?? [])].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function aliasFrom(call: Call, name: string): PropertyRecord {
  const cidr = call.required('cidr')
  const comment = call.text('comment')
  return {
    name,
    cidr,
    ipversion: cidr.includes(':') ? 6 : 4,
    ...(comment !== undefined && comment !== '' && {comment}),
  }
}

/** Names for addresses, of the cluster and of guests. Their names are the same in any case. */
export function firewallAliasRoutes(
  scopes: Readonly<Record<string, (call: Call) => FirewallScope>>,
): Record<string, Handler> {
  return Object.assign(
    {},
    ...Object.entries(scopes).map(([path, scopeOf]): Record<string, Handler> => {
      const edit = (call: Call, change: (list: readonly PropertyRecord[]) => readonly PropertyRecord[]) => {
        const scope = scopeOf(call)
        return withClusterLock(call, scope.lock, () => {
          saveFirewall(call.world, scope, {aliases: change(aliasesOf(call, scope))})
          return null
        })
      }

      return {
        [`GET ${path}/aliases`]: (call) => withDigest(aliasesOf(call, scopeOf(call))),

        [`POST ${path}/aliases`]: (call) =>
          edit(call, (list) => {
            const name = call.required('name')
            if (list.some((alias) => sameName(name, alias['name'])))
              paramError({name: `alias '${name}' already exists`})
            return [...list, aliasFrom(call, name)]
          }),

        [`GET ${path}/aliases/{name}`]: (call) =>
          aliasesOf(call, scopeOf(call)).find((alias) => sameName(call.required('name'), alias['name'])) ??
          paramError({name: 'no such alias'}),

        [`PUT ${path}/aliases/{name}`]: (call) =>
          edit(call, (list) => {
            assertDigest(call.text('digest'), listDigest(list))
            const name = call.required('name')
            const others = list.filter((alias) => !sameName(name, alias['name']))
            if (others.length === list.length) paramError({name: 'no such alias'})
            const rename = call.text('rename')
            if (rename !== undefined && others.some((alias) => sameName(rename, alias['name'])))
              paramError({name: `alias '${rename}' already exists`})
            // a new spelling of the same name is no new name
            return [...others, aliasFrom(call, rename === undefined || sameName(rename, name) ? name : rename)]
          }),

        [`DELETE ${path}/aliases/{name}`]: (call) =>
          edit(call, (list) => {
            assertDigest(call.text('digest'), listDigest(list))
            return list.filter((alias) => !sameName(call.required('name'), alias['name']))
          }),
      }
    }),
  ) as Record<string, Handler>
}
