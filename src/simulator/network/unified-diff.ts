/** Lines around a change. */
const CONTEXT = 3

interface Line {
  readonly mark: ' ' | '+' | '-'
  readonly text: string
}

/** The difference of two short texts as `diff -u` writes it, without its two header lines; '' when they are the same. */
export function unifiedDiff(before: string, after: string): string {
  const lines = compared(splitLines(before), splitLines(after))
  const changes = lines.flatMap(({mark}, index) => (mark === ' ' ? [] : [index]))
  if (changes.length === 0) return ''
  const hunks: [from: number, to: number][] = []
  for (const index of changes) {
    const last = hunks.at(-1)
    if (last && index - CONTEXT <= last[1]) last[1] = Math.min(lines.length, index + CONTEXT + 1)
    else hunks.push([Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1)])
  }

  return hunks
    .map(([from, to]) => {
      const hunk = lines.slice(from, to)
      const body = hunk.map(({mark, text}) => `${mark}${text}\n`).join('')
      return `@@ -${range(lines, hunk, from, '+')} +${range(lines, hunk, from, '-')} @@\n${body}`
    })
    .join('')
}

const splitLines = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n')

/** `START,COUNT` of a hunk in one of the texts: lines marked as only the other's do not count. */
function range(lines: readonly Line[], hunk: readonly Line[], from: number, other: Line['mark']): string {
  const start = lines.slice(0, from).filter(({mark}) => mark !== other).length
  const count = hunk.filter(({mark}) => mark !== other).length
  return `${count === 0 ? start : start + 1}${count === 1 ? '' : `,${count}`}`
}

/** Both texts in one, by their longest common subsequence. */
function compared(a: readonly string[], b: readonly string[]): readonly Line[] {
  const lengths = Array.from({length: a.length + 1}, () => Array.from({length: b.length + 1}, () => 0))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!)
    }
  }

  const lines: Line[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({mark: ' ', text: a[i]!})
      i++
      j++
    } else if (i < a.length && (j >= b.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push({mark: '-', text: a[i++]!})
    } else lines.push({mark: '+', text: b[j++]!})
  }

  return lines
}
