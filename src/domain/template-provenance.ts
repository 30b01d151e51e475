/** What a template was built from, as its notes keep it. */
export interface Provenance {
  /** The name in the catalogue: `ubuntu-24.04`. */
  readonly image: string
  /** The template's own. A copy of it has the same notes, and is told from it by this. */
  readonly vmid: number
  /** ISO 8601 UTC. */
  readonly builtAt: string
  /** `sha256:9f86d0…` */
  readonly checksum: string
  readonly url: string
  /** When a newer one took its name. */
  readonly replacedAt?: string
}

const MARK = 'homelab-template:'
/** How each is called in the notes. */
const WORDS = {
  image: 'image',
  vmid: 'vmid',
  built: 'builtAt',
  replaced: 'replacedAt',
  checksum: 'checksum',
  url: 'url',
} as const

/** One line of words: `homelab-template: image=ubuntu-24.04 vmid=9000 built=… checksum=… url=…`. */
export function provenanceLine(provenance: Provenance): string {
  const words = Object.entries(WORDS).flatMap(([word, key]) => {
    const value = provenance[key]
    return value === undefined ? [] : [`${word}=${value}`]
  })
  return [MARK, ...words].join(' ')
}

/** Undefined where the notes have no such line, or it lacks something. */
export function readProvenance(notes: string | undefined): Provenance | undefined {
  const line = lineIn(notes ?? '')
  if (line === undefined) return undefined
  const words = new Map(
    line
      .slice(MARK.length)
      .trim()
      .split(/\s+/)
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  )
  const image = words.get(WORDS.image)
  const vmid = Number(words.get(WORDS.vmid))
  const builtAt = words.get('built')
  const checksum = words.get(WORDS.checksum)
  const url = words.get(WORDS.url)
  const replacedAt = words.get('replaced')
  const isWhole = image && builtAt && checksum && url && Number.isInteger(vmid) && !Number.isNaN(Date.parse(builtAt))
  if (!isWhole) return undefined
  return {image, vmid, builtAt, checksum, url, ...(replacedAt !== undefined && {replacedAt})}
}

/** The notes with this provenance instead of what they said of one; what else is in them stays. */
export function withProvenance(notes: string | undefined, provenance: Provenance): string {
  const text = notes ?? ''
  const line = provenanceLine(provenance)
  const old = lineIn(text)
  if (old !== undefined) return text.replace(old, () => line)
  return text.trim() === '' ? line : `${text.trimEnd()}\n\n${line}`
}

function lineIn(notes: string): string | undefined {
  return notes.split(/\r?\n/).find((line) => line.startsWith(MARK))
}
