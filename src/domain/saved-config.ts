import {isSecretKey} from './config-keys.js'
import {MASK} from './guest-config.js'

/** A guest's configuration as a backup keeps it: the file of the node, without snapshots. */
export interface SavedConfig {
  readonly values: Readonly<Record<string, string>>
  /** The lines that begin with `#`. */
  readonly description?: string
}

/**
 * Reads the text of `GET …/vzdump/extractconfig`: `key: value` lines. Sections of snapshots are left out, as no backup holds them; lines that vzdump adds
 * (`#qmdump#map:…`) are none of the description.
 */
export function parseSavedConfig(text: string): SavedConfig {
  const values: Record<string, string> = {}
  const notes: string[] = []
  for (const line of maskSavedConfig(text).split(/\r?\n/)) {
    if (/^\[.*\]\s*$/.test(line)) break
    if (line.startsWith('#')) {
      if (!/^#(?:qmdump|vzdump)#/.test(line)) notes.push(unescapeNote(line.slice(1)))
      continue
    }

    const [, key, value] = /^([A-Za-z][\w.-]*):\s*(.*?)\s*$/.exec(line) ?? []
    if (key === undefined || value === undefined) continue
    // Raw lines for LXC may repeat.
    values[key] = key.startsWith('lxc.') && values[key] !== undefined ? `${values[key]}\n${value}` : value
  }

  const {description: own, ...rest} = values
  const description = own ?? (notes.length > 0 ? notes.join('\n').trimEnd() : undefined)
  return {values: rest, ...(description !== undefined && description !== '' && {description})}
}

/** The text for people: passwords, though hashed, hide themselves. */
export function maskSavedConfig(text: string): string {
  return text.replaceAll(/^([A-Za-z][\w.-]*):.*$/gm, (line, key: string) =>
    isSecretKey(key) ? `${key}: ${MASK}` : line,
  )
}

/** Such lines are percent-encoded as far as they need it. */
function unescapeNote(line: string): string {
  return line.replaceAll(/(?:%[\dA-Fa-f]{2})+/g, (code) => {
    try {
      return decodeURIComponent(code)
    } catch {
      return code
    }
  })
}
