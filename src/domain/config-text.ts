import {err, ok, type Result} from 'neverthrow'
import {isSecretKey} from './config-keys.js'
import {failure, type Failure} from './failure.js'
import {plainValue, type ConfigValues} from './guest-config.js'

/** Shown, but not for editing: Proxmox alone writes these, or root@pam on the node. */
const READ_ONLY = new Set([
  'lock',
  'lxc',
  'meta',
  'parent',
  'runningcpu',
  'runningmachine',
  'runningnetshostmtu',
  'vmstate',
])

const INDENT = '  '
const LINE = /^([A-Za-z][\w-]*):(?:[ \t]+(.*))?$/

export function isEditable(key: string): boolean {
  return !isSecretKey(key) && !READ_ONLY.has(key)
}

/** A configuration as text to edit: `key: value` lines, as in the file on the node; the lines of a longer value are indented. */
export function formatConfigText(values: ConfigValues, heading: readonly string[]): string {
  const lines = Object.entries(values).flatMap(([key, value]) => {
    const [first = '', ...more] = plainValue(value).split('\n')
    const text =
      more.length === 0 ? [`${key}: ${first}`] : [`${key}:`, ...[first, ...more].map((line) => INDENT + line)]
    return isEditable(key) ? text : text.map((line) => `# ${line}`)
  })
  return [...heading.map((line) => `# ${line}`), ...lines, ''].join('\n')
}

/**
 * Reads such a text. Lines that begin with `#`, and empty ones between two keys, count for nothing.
 * @returns the values as they are written, or a `usage` failure that names the line
 */
export function parseConfigText(text: string): Result<Readonly<Record<string, string>>, Failure> {
  const values = new Map<string, string[]>()
  let block: string[] | undefined
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '')
    const indented = line.startsWith(INDENT) || line.startsWith('\t')
    if (block !== undefined && (indented || line.trim() === '')) {
      block.push(line.replace(/^(?: {2}|\t)/, ''))
      continue
    }

    if (line.startsWith('#') || line.trim() === '') continue
    const [, key, value] = LINE.exec(line) ?? []
    if (key === undefined)
      return err(wrongLine(index, 'is not "key: value"', 'Lines of a longer value begin with two blanks'))
    if (values.has(key)) return err(wrongLine(index, `has ${key} a second time`, 'Leave one of them out'))
    block = value === undefined || value.trim() === '' ? [] : undefined
    values.set(key, block ?? [value?.trimEnd() ?? ''])
  }

  const entries = [...values].map(([key, lines]): [string, string] => [key, lines.join('\n').trimEnd()])
  const empty = entries.find(([, value]) => value === '')
  return empty === undefined
    ? ok(Object.fromEntries(entries))
    : err(
        failure('usage', `${empty[0]} has no value`, {
          hint: 'To take a key out, delete its line',
          details: {field: empty[0]},
        }),
      )
}

function wrongLine(index: number, what: string, hint: string): Failure {
  return failure('usage', `line ${index + 1} ${what}`, {hint, details: {line: index + 1}})
}
