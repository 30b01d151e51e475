import type {Schema} from '../../schema/schema.js'
import type {Routes} from './call.js'

/** The methods of some releases that have no handler, as a Markdown list with the releases that have them. */
export function methodGaps(routes: Routes, schemas: readonly Schema[]): string {
  const releases = new Map<string, string[]>()
  for (const schema of schemas) {
    for (const {method, template} of schema.methods()) {
      const key = `${method} ${template}`
      if (routes[key]) continue
      releases.set(key, [...(releases.get(key) ?? []), schema.version])
    }
  }

  const byPath = (key: string): string => key.slice(key.indexOf(' ')) + key
  const rows = [...releases]
    .sort(([a], [b]) => (byPath(a) < byPath(b) ? -1 : 1))
    .map(([key, versions]) => `- \`${key}\` (${versions.join(', ')})`)
  return `${rows.join('\n')}\n`
}
