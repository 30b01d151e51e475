/** One part of a property string. `key` is absent for the default key's bare value (`local-lvm:8` in `local-lvm:8,ssd=1`). */
export interface PropertyPart {
  readonly key?: string
  readonly value: string
}

/** Which key a bare value belongs to; without it a bare value is a part without a key. */
export interface PropertyStringOptions {
  readonly defaultKey?: string
}

/** Splits `a=b,c` into its parts, in order, as written. Blank parts are dropped; a part `=x` has the empty key. */
export function splitPropertyString(text: string): PropertyPart[] {
  const parts: PropertyPart[] = []
  for (const part of text.split(',')) {
    if (/^\s*$/.test(part)) continue
    const equals = part.indexOf('=')
    parts.push(equals === -1 ? {value: part} : {key: part.slice(0, equals), value: part.slice(equals + 1)})
  }
  return parts
}

/**
 * Reads a Proxmox VE property string such as `virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1` into key -> value, in order. A bare value goes to
 * `defaultKey`, or to `''` when there is none. The last of a repeated key wins; nothing is checked.
 */
export function parsePropertyString(text: string, options: PropertyStringOptions = {}): Map<string, string> {
  return new Map(splitPropertyString(text).map(({key, value}) => [key ?? options.defaultKey ?? '', value]))
}

/**
 * Writes key -> value as a property string. Absent (`undefined`) values are left out, booleans become `1` and `0`, and the default key's value
 * comes first and bare, as Proxmox VE prints it.
 */
export function formatPropertyString(
  values: Iterable<readonly [string, string | number | boolean | undefined]>,
  options: PropertyStringOptions = {},
): string {
  const bare: string[] = []
  const named: string[] = []
  for (const [key, value] of values) {
    if (value === undefined) continue
    const text = typeof value === 'boolean' ? String(Number(value)) : String(value)
    if (key === '' || key === options.defaultKey) bare.push(text)
    else named.push(`${key}=${text}`)
  }
  return [...bare, ...named].join(',')
}
