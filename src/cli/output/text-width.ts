const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u
const ZERO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

/** How many terminal cells a text takes: two for wide East Asian characters and emoji, none for combining marks. */
export function textWidth(text: string): number {
  if (isPlain(text)) return text.length
  let width = 0
  for (const cluster of clusters(text)) width += clusterWidth(cluster)
  return width
}

/** The text in at most `width` cells, ending in `…` when something was cut off. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let used = 0
  let kept = ''
  for (const cluster of clusters(text)) {
    const next = clusterWidth(cluster)
    if (used + next > width - 1) break
    used += next
    kept += cluster
  }

  return `${kept}…`
}

/** The text with control characters made visible, so that a name a server sent cannot move the cursor or colour the screen. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, (c) =>
    c === '\n' ? '\\n' : c === '\t' ? ' ' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

function* clusters(text: string): Iterable<string> {
  for (const {segment} of new Intl.Segmenter(undefined, {granularity: 'grapheme'}).segment(text)) yield segment
}

function clusterWidth(cluster: string): number {
  if (ZERO_WIDTH.test(cluster)) return 0
  return WIDE.test(cluster) ? 2 : 1
}
