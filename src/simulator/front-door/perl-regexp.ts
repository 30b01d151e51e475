/** What Perl's `$` means without modifiers: the end, or just before a final newline. */
const END = String.raw`(?=\n?(?![\s\S]))`
const ABSOLUTE_END = String.raw`(?![\s\S])`

function otherCase(char: string): string {
  return char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()
}

/** The counterparts in the other case of the ASCII letters between two characters of a class. */
function foldedRange(from: string, to: string): string {
  let folded = ''
  for (const [first, last] of ['az', 'AZ']) {
    const low = Math.max(from.charCodeAt(0), first!.charCodeAt(0))
    const high = Math.min(to.charCodeAt(0), last!.charCodeAt(0))
    if (low <= high) folded += `${otherCase(String.fromCharCode(low))}-${otherCase(String.fromCharCode(high))}`
  }
  return folded
}

/** Copies a character class that starts at `start`; returns it and the index after it. */
function copyClass(pattern: string, start: number, ignoreCase: boolean): [text: string, next: number] {
  let text = '['
  let folded = ''
  let index = start + 1
  if (pattern[index] === '^') {
    text += '^'
    index++
  }
  for (let first = true; index < pattern.length && (first || pattern[index] !== ']'); first = false) {
    const escaped = pattern[index] === '\\'
    const item = escaped ? pattern.slice(index, index + 2) : pattern[index]!
    index += item.length
    // Inside a class JavaScript needs no escape before `[`, and a leading `]` must be escaped.
    text += item === ']' ? String.raw`\]` : item
    if (!ignoreCase || escaped || !/[ -~]/.test(item)) continue
    const last = pattern[index + 1]
    if (pattern[index] === '-' && last !== undefined && last !== ']' && last !== '\\') {
      text += `-${last}`
      folded += foldedRange(item, last)
      index += 2
    } else if (/[a-z]/i.test(item)) {
      folded += otherCase(item)
    }
  }
  return [`${text}${folded}]`, index + 1]
}

/**
 * Rewrites a Perl regular expression, as Proxmox's schema holds them (`(?^:...)`, `(?^i:...)`, `\z`), as the source of a JavaScript one.
 * Covers the constructs that occur there, not all of Perl.
 */
export function translatePerlRegExp(pattern: string): string {
  const flags: boolean[] = []
  let ignoreCase = false
  let source = ''
  for (let index = 0; index < pattern.length;) {
    const char = pattern[index]!
    if (char === '\\') {
      const escape = pattern[index + 1] ?? ''
      source += escape === 'z' ? ABSOLUTE_END : escape === 'Z' ? END : escape === 'A' ? '^' : char + escape
      index += 2
    } else if (pattern.startsWith('{,', index)) {
      source += '{0,'
      index += 2
    } else if (char === '[') {
      const [text, next] = copyClass(pattern, index, ignoreCase)
      source += text
      index = next
    } else if (char === '(') {
      flags.push(ignoreCase)
      const group = /^\(\?(\^?)([a-z]*):/.exec(pattern.slice(index))
      if (group === null) {
        source += char
        index++
      } else {
        ignoreCase = group[2]!.includes('i') || (group[1] === '' && ignoreCase)
        source += '(?:'
        index += group[0].length
      }
    } else {
      if (char === ')') ignoreCase = flags.pop() ?? false
      source +=
        char === '$'
          ? END
          : char === '.'
            ? String.raw`[^\n]`
            : ignoreCase && /[a-z]/i.test(char)
              ? `[${char}${otherCase(char)}]`
              : char
      index++
    }
  }
  return source
}

/** A `pattern` of the schema as Proxmox applies it: `^` before and `$` after the text, whatever alternatives it has at its top level. */
export function schemaPattern(pattern: string): RegExp {
  return new RegExp(translatePerlRegExp(`^${pattern}$`))
}
