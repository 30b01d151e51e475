/**
 * Compares two cell values the way people sort them: numbers by size, text by its words and numbers (`web2` before `web10`), missing values last.
 */
export function naturalOrder(a: unknown, b: unknown): number {
  if (a === undefined || a === null) return b === undefined || b === null ? 0 : 1
  if (b === undefined || b === null) return -1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  return compareText(String(a), String(b))
}

const CHUNK = /\d+|\D+/g

function compareText(a: string, b: string): number {
  const left = a.match(CHUNK) ?? []
  const right = b.match(CHUNK) ?? []
  for (const [i, chunk] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    const bothNumbers = /^\d/.test(chunk) && /^\d/.test(other)
    const order = bothNumbers ? Number(chunk) - Number(other) : plainOrder(chunk, other)
    if (order !== 0) return order
  }

  return left.length - right.length || plainOrder(a, b)
}

/** Code point order: the same on every machine, whatever its locale. */
function plainOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
