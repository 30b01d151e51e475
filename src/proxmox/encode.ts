/** A value Proxmox VE takes: booleans travel as 1 and 0, a list as a repeated key, undefined and null not at all. */
export type ParamValue = string | number | boolean | bigint | readonly (string | number | boolean)[] | null | undefined
export type Params = Readonly<Record<string, ParamValue>>

/**
 * A path as the typed builder hands it over (`/` inside a segment is already `%2F`, everything else is raw) as a path that arrives
 * segment by segment as it was meant (reference 1.2).
 * @returns undefined when a segment is `.`, `..` or empty: a URL would resolve those away and ask for something else
 */
export function encodePath(path: string): string | undefined {
  const segments = path.replace(/^\//, '').split('/')
  const encoded: string[] = []
  for (const segment of segments) {
    const plain = segment.replaceAll(/%2f/gi, '/')
    if (plain === '' || plain === '.' || plain === '..') return undefined
    // Half a surrogate pair can't be encoded; a URL would send the replacement character too.
    encoded.push(encodeURIComponent(plain.replaceAll(/\p{Surrogate}/gu, '\uFFFD')))
  }

  return `/${encoded.join('/')}`
}

/**
 * Parameters as `application/x-www-form-urlencoded`, which every version of Proxmox VE understands, in a query as in a body (reference 2.1).
 * A `*-list` parameter is one comma list and is built by the caller; an array here is for `array` types.
 */
export function encodeForm(params: Params | undefined): string {
  if (!params) return ''
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue
    if (Array.isArray(value))
      for (const item of value as readonly (string | number | boolean)[]) form.append(name, scalar(item))
    else form.append(name, scalar(value as string | number | boolean | bigint))
  }

  return form.toString()
}

function scalar(value: string | number | boolean | bigint): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}
