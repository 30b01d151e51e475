import type {PveVersion} from '../../schema/schema.js'

/** What a format check may depend on besides the value. */
export interface FormatContext {
  readonly version: PveVersion
  /** Names of the custom CPU models that exist, with their `custom-` prefix. */
  readonly customCpuModels?: ReadonlySet<string>
}

/** Checks one value; returns the reason, with its final newline as Proxmox has it, or `undefined` when the value is right. */
export type FormatCheck = (value: string, context: FormatContext) => string | undefined

export type FormatTable = Readonly<Record<string, FormatCheck>>

/** A format that is a regular expression. `$VALUE` in the message stands for the value. */
export function matching(pattern: RegExp, message: string): FormatCheck {
  return (value) => (pattern.test(value) ? undefined : fill(message, value))
}

/** A format that is a list of words. */
export function oneOf(words: Iterable<string>, message: string): FormatCheck {
  const known = new Set(words)
  return (value) => (known.has(value) ? undefined : fill(message, value))
}

/** Passes when any check does; else says `message`. */
export function either(checks: readonly FormatCheck[], message: string): FormatCheck {
  return (value, context) =>
    checks.some((check) => check(value, context) === undefined) ? undefined : fill(message, value)
}

function fill(message: string, value: string): string {
  return `${message.replaceAll('$VALUE', () => value)}\n`
}

/** Proxmox's list separators: comma, semicolon, white space, and NUL (which then is the only one). */
export function splitList(text: string): string[] {
  if (text.includes('\0')) return text.split('\0').filter((item) => item !== '')
  return text
    .trim()
    .split(/[,;\s]+/)
    .filter((item) => item !== '')
}
