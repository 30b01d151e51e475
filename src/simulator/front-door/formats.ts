import {ACCESS_FORMATS} from './formats-access.js'
import {FIREWALL_FORMATS} from './formats-firewall.js'
import {GUEST_FORMATS} from './formats-guest.js'
import {NETWORK_FORMATS} from './formats-network.js'
import {NODE_FORMATS} from './formats-node.js'
import {STORAGE_FORMATS} from './formats-storage.js'
import {type FormatCheck, type FormatContext, type FormatTable, splitList} from './format-check.js'

const BASE_FORMATS: FormatTable = {
  ...ACCESS_FORMATS,
  ...FIREWALL_FORMATS,
  ...GUEST_FORMATS,
  ...NETWORK_FORMATS,
  ...NODE_FORMATS,
  ...STORAGE_FORMATS,
}

/** `SOURCE:TARGET` pairs, one default target, or `1` for "each to itself". */
function pairList(id: FormatCheck): FormatCheck {
  const entry = (item: string, context: FormatContext): string | undefined => {
    if (item === '1') return undefined
    const pair = /^([^:]+):([^:]+)$/.exec(item)?.slice(1) ?? [item]
    for (const part of pair) {
      const wrong = id(part, context)
      if (wrong !== undefined) return `entry '${item}' contains invalid ID - ${wrong}\n\n`
    }
    return undefined
  }
  return (value, context) => firstProblem(splitList(value), (item) => entry(item, context))
}

function firstProblem(items: readonly string[], check: (item: string) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = check(item)
    if (problem !== undefined) return problem
  }
  return undefined
}

const PAIR_LISTS: FormatTable = {
  'bridge-pair-list': pairList(BASE_FORMATS['pve-bridge-id']!),
  'storage-pair-list': pairList(BASE_FORMATS['pve-storage-id']!),
}

/** The check of a named format that is not a property string. `X-list` checks each item of a list, `X-opt` any value that is not empty or `0`. */
export function findFormat(name: string): FormatCheck | undefined {
  const known = BASE_FORMATS[name] ?? PAIR_LISTS[name]
  if (known !== undefined) return known
  const derived = /^(.+)-(a?list|opt)$/.exec(name)
  const base = derived === null ? undefined : BASE_FORMATS[derived[1]!]
  if (base === undefined) return undefined
  if (derived![2] === 'opt')
    return (value, context) => (value === '' || value === '0' ? undefined : base(value, context))
  return (value, context) => firstProblem(splitList(value), (item) => base(item, context))
}
