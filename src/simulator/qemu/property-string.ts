/** `file` first, then the other keys in order of the alphabet: the way Proxmox VE writes a property string. */
export interface PropertyString {
  /** The value without a key of its own in front; absent if there is none. */
  head?: string
  readonly properties: Map<string, string>
}

/** Reads `HEAD,key=value,…`. The head may also be given under its key (`file=…`), and for a network card under its model (`virtio=MAC`). */
export function parseProperties(text: string, headKeys: readonly string[]): PropertyString {
  const result: PropertyString = {properties: new Map()}
  for (const part of text.split(',')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const key = at === -1 ? undefined : part.slice(0, at)
    if (key === undefined && result.head === undefined) result.head = part
    else if (key !== undefined && headKeys.includes(key)) result.head = part.slice(at + 1)
    else if (key !== undefined) result.properties.set(key, part.slice(at + 1))
  }

  return result
}

export function printProperties({head, properties}: PropertyString): string {
  const rest = [...properties].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
  return [...(head === undefined ? [] : [head]), ...rest].join(',')
}

/** `on`, `yes`, `true` as 1, their opposites as 0; anything else as it is. */
export function normalBoolean(value: string): string {
  if (/^(?:1|on|yes|true)$/i.test(value)) return '1'
  return /^(?:0|off|no|false)$/i.test(value) ? '0' : value
}
