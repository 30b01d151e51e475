import type {Resource} from './resources.js'
import type {ServiceRecord} from './records.js'
import type {World} from '../kernel/world.js'

/** Where a service would like to be: nodes by priority, and whether it may be elsewhere at all. */
interface Wish {
  readonly priorities: ReadonlyMap<string, number>
  readonly strict: boolean
  readonly failback: boolean
}

/** `n1:2,n2` as node -> priority. */
export function nodePriorities(text: string): ReadonlyMap<string, number> {
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

/** Whether the cluster has rules: since 9.0, as long as no group of older releases is left (reference 2.15). */
export function hasRules({release, store}: World): boolean {
  return release === '9.2' && store.of('haGroups').size === 0
}

/** The wish of a resource: its group, or since 9.0 the node affinity rule it is in. */
function wishOf(world: World, resource: Resource): Wish | undefined {
  const group = resource.group === undefined ? undefined : world.store.of('haGroups').get(resource.group)
  if (group) {
    return {
      priorities: nodePriorities(String(group['nodes'] ?? '')),
      strict: group['restricted'] === 1,
      failback: group['nofailback'] !== 1,
    }
  }

  const rule = rulesOf(world, resource.sid).find(({type}) => type === 'node-affinity')
  return rule
    ? {
        priorities: nodePriorities(String(rule['nodes'] ?? '')),
        strict: rule['strict'] === 1,
        failback: resource.failback,
      }
    : undefined
}

/** The rules in force that name a resource. */
export function rulesOf(world: World, sid: string): readonly {readonly [key: string]: unknown}[] {
  return [...world.store.of('haRules').values()].filter(
    (rule) =>
      rule['disable'] !== 1 &&
      String(rule['resources'] ?? '')
        .split(',')
        .includes(sid),
  )
}

/**
 * The node a service should run on: where it is if that is as good as any, else the best of those allowed with the fewest services on it.
 * @param online the nodes to choose from
 * @param avoid a node it must leave
 */
export function chooseNode(
  world: World,
  resource: Resource,
  online: readonly string[],
  services: Readonly<Record<string, ServiceRecord>>,
  current: string | undefined,
  avoid?: string,
): string | undefined {
  const wish = wishOf(world, resource)
  const usable = online.filter((node) => node !== avoid)
  const allowed = wish?.strict === true ? usable.filter((node) => wish.priorities.has(node)) : usable
  const candidates = withAffinity(world, resource, allowed, services)
  // where a wish is not strict, the other nodes come after all that it names
  const priority = (node: string): number => wish?.priorities.get(node) ?? -1
  const highest = Math.max(...candidates.map((node) => priority(node)))
  const best = candidates.filter((node) => priority(node) === highest)
  if (current !== undefined && current !== avoid) {
    if (best.includes(current)) return current
    if (wish && !wish.failback && candidates.includes(current)) return current
  }

  const load = (node: string): number => Object.values(services).filter((service) => service.node === node).length
  return [...best].sort((a, b) => load(a) - load(b) || (a < b ? -1 : 1))[0]
}

/** Narrows nodes down to those where the resource's friends are and its enemies are not. */
function withAffinity(
  world: World,
  {sid}: Resource,
  nodes: readonly string[],
  services: Readonly<Record<string, ServiceRecord>>,
): readonly string[] {
  let result = nodes
  for (const rule of rulesOf(world, sid)) {
    if (rule['type'] !== 'resource-affinity') continue
    const others = String(rule['resources'])
      .split(',')
      .filter((other) => other !== sid)
    const occupied = new Set(others.flatMap((other) => (services[other] ? [services[other].node] : [])))
    const fitting = result.filter((node) => occupied.has(node) === (rule['affinity'] === 'positive'))
    if (rule['affinity'] === 'negative') result = fitting
    else if (occupied.size > 0 && fitting.length > 0) result = fitting
  }

  return result
}
