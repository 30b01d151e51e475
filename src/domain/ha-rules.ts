import {naturalOrder} from './natural-order.js'

/** Where HA wants guests to be. The rules of Proxmox VE 9; the groups of older releases are read as node affinities, which is what they become there. */
export interface HaRules {
  readonly nodeAffinities: readonly NodeAffinity[]
  readonly resourceAffinities: readonly ResourceAffinity[]
}

/** Guests and the nodes they belong on. */
export interface NodeAffinity {
  readonly name: string
  readonly vmids: ReadonlySet<number>
  /** Node -> priority; the highest that is there wins. */
  readonly nodes: ReadonlyMap<string, number>
  /** Never elsewhere; otherwise elsewhere only while none of the nodes is there. */
  readonly strict: boolean
}

/** Guests that belong together (`positive`), or apart (`negative`). */
export interface ResourceAffinity {
  readonly name: string
  readonly affinity: 'negative' | 'positive'
  readonly vmids: ReadonlySet<number>
}

export const NO_HA_RULES: HaRules = {nodeAffinities: [], resourceAffinities: []}

/** Of a node the rule does not name: below all those it does. */
const ELSEWHERE = -1

/** Reads `pve1:2,pve2`: nodes with priorities; 0 where none is given. */
export function readNodePriorities(text: string): Map<string, number> {
  return new Map(
    text
      .split(/[\s,;]+/)
      .filter((item) => item !== '')
      .map((item) => {
        const [node = '', priority = '0'] = item.split(':')
        return [node, Number(priority)] as const
      }),
  )
}

/** Reads `vm:100,ct:101` into VMIDs; the kind says nothing, for HA accepts the wrong one (reference 5). */
export function readHaResources(text: string): Set<number> {
  return new Set(
    text
      .split(/[\s,;]+/)
      .map((sid) => Number(/^(?:vm|ct):(\d+)$/.exec(sid)?.[1]))
      .filter((vmid) => !Number.isNaN(vmid)),
  )
}

export function nodeAffinityOf(vmid: number, {nodeAffinities}: HaRules): NodeAffinity | undefined {
  return nodeAffinities.find(({vmids}) => vmids.has(vmid))
}

/**
 * Why HA would not leave a guest on a node, or undefined. A strict rule names the only nodes; with failback, HA brings a guest to the best node that is there
 * (cluster facts, HA: a guest put outside of its group was taken back within 40 s).
 * @param usable whether a node is online and not in maintenance
 */
export function haObstacle(
  vmid: number,
  failback: boolean,
  node: string,
  rules: HaRules,
  usable: (node: string) => boolean,
): string | undefined {
  const rule = nodeAffinityOf(vmid, rules)
  if (rule === undefined) return undefined
  const names = [...rule.nodes.keys()].sort(naturalOrder)
  if (rule.strict && !rule.nodes.has(node)) return `HA rule ${rule.name} keeps it on ${names.join(', ')}`
  if (!failback) return undefined
  const own = rule.nodes.get(node) ?? ELSEWHERE
  const better = names.filter((name) => usable(name) && (rule.nodes.get(name) ?? 0) > own)
  const best = Math.max(...better.map((name) => rule.nodes.get(name) ?? 0))
  const [first] = better.filter((name) => rule.nodes.get(name) === best)
  return first === undefined ? undefined : `HA would take it back to ${first} (rule ${rule.name})`
}

/** How much a rule likes a node, 0..1, by the place of its priority among those of the rule; undefined without a rule. */
export function haPreference(vmid: number, node: string, rules: HaRules): number | undefined {
  const rule = nodeAffinityOf(vmid, rules)
  if (rule === undefined) return undefined
  const own = rule.nodes.get(node)
  if (own === undefined) return 0
  const priorities = [...new Set(rule.nodes.values())].sort((a, b) => a - b)
  return (priorities.indexOf(own) + 1) / priorities.length
}
