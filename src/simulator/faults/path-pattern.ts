const PREFIX = /^\/api2\/(?:json|extjs)(?=\/|$)/

/**
 * Compiles a pattern over the path of a request: `*` or `{name}` is one segment, `**` any number of them, `*` inside a segment any text. The pattern may begin
 * with `/api2/json`; the path is the raw one of the request line.
 */
export function pathPattern(pattern: string): (rawPath: string) => boolean {
  const wanted = segments(pattern.replace(PREFIX, '')).map(segmentTest)
  return (rawPath) => matches(wanted, segments(rawPath.replace(PREFIX, '')).map(decode))
}

type SegmentTest = '**' | ((segment: string) => boolean)

function matches(wanted: readonly SegmentTest[], path: readonly string[], at = 0, from = 0): boolean {
  for (let index = from; index < wanted.length; index++) {
    const test = wanted[index]!
    if (test === '**') {
      for (let next = at; next <= path.length; next++) if (matches(wanted, path, next, index + 1)) return true
      return false
    }

    const segment = path[at++]
    if (segment === undefined || !test(segment)) return false
  }

  return at === path.length
}

function segmentTest(segment: string): SegmentTest {
  if (segment === '**') return '**'
  if (segment === '*' || /^\{[^{}]*\}$/.test(segment)) return () => true
  if (!segment.includes('*')) return (text) => text === segment
  const source = segment
    .split('*')
    .map((part) => part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`))
    .join('.*')
  const expression = new RegExp(`^${source}$`, 's')
  return (text) => expression.test(text)
}

const segments = (path: string): readonly string[] => path.split('/').filter(Boolean)

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
