import type {Json} from '../kernel/pve-error.js'
import type {World} from '../kernel/world.js'

/** Below an index, but not in it. */
const UNLISTED = new Set(['execute', 'vncwebsocket'])

/** What a path of the API has below it, as an index lists it; `key` names the one field of an entry. */
export function indexOf(world: World, template: string, key = 'name'): Json {
  const children = new Set<string>()
  for (const method of world.schema.methods()) {
    if (!method.template.startsWith(`${template}/`)) continue
    const [child] = method.template.slice(template.length + 1).split('/')
    if (child !== undefined && !child.startsWith('{') && !UNLISTED.has(child)) children.add(child)
  }

  return [...children].sort().map((child) => ({[key]: child}))
}
