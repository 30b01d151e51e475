import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import type {PropertyPart} from './property-string.js'
import {closest} from './suggest.js'

/**
 * What an option of a property string may be: `flag`, which Proxmox VE takes as 1 and 0 and people give bare (`ssd`), two words for it (`on`, `ignore`),
 * a list of words, or a pattern that the whole value matches.
 */
export type OptionRule =
  | 'flag'
  | RegExp
  | readonly string[]
  | {readonly on: string; readonly off: string}
  /** A pattern, and how people say what it stands for. */
  | {readonly matches: RegExp; readonly hint: string}
  /** The same as another option, under the name that people know. */
  | {readonly sameAs: string}

/** The options of one kind of thing, by name. */
export type OptionGrammar = Readonly<Record<string, OptionRule>>

const YES = /^(?:1|on|yes|true)$/i
const NO = /^(?:0|off|no|false)$/i

/**
 * The options as Proxmox VE writes them, in the order given: `ssd,discard,backup=no` -> `ssd=1`, `discard=on`, `backup=0`.
 * @param what what they belong to, for the message: `disk "local-lvm:32GiB,sdd"`
 * @returns a `usage` failure for an unknown option, a wrong value or one that is given twice
 */
export function readOptions(
  parts: readonly PropertyPart[],
  grammar: OptionGrammar,
  what: string,
): Result<Map<string, string>, Failure> {
  const options = new Map<string, string>()
  for (const part of parts) {
    // A part without a key is a bare word: its text is the option's name.
    const name = part.key ?? part.value
    const read = readOption(name, part.key === undefined ? undefined : part.value, grammar, what)
    if (read.isErr()) return err(read.error)
    const [key, value] = read.value
    if (options.has(key)) return err(failure('usage', `${what}: the option "${name}" is given twice`))
    options.set(key, value)
  }

  return ok(options)
}

function readOption(
  name: string,
  value: string | undefined,
  grammar: OptionGrammar,
  what: string,
  shown = name,
): Result<readonly [string, string], Failure> {
  const rule = Object.hasOwn(grammar, name) ? grammar[name] : undefined
  if (rule === undefined) {
    const near = closest(name, Object.keys(grammar))
    return err(
      failure('usage', `${what}: there is no option "${name}"`, {
        hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The options are: ${Object.keys(grammar).join(', ')}`,
        details: {option: name},
      }),
    )
  }

  if (typeof rule === 'object' && 'sameAs' in rule) return readOption(rule.sameAs, value, grammar, what, shown)
  const valid = validValue(rule, value)
  if (valid !== undefined) return ok([name, valid])
  return err(
    failure(
      'usage',
      value === undefined
        ? `${what}: the option "${shown}" needs a value`
        : `${what}: "${value}" is not possible for the option "${shown}"`,
      {hint: expected(shown, rule), details: {option: name, ...(value !== undefined && {value})}},
    ),
  )
}

function validValue(rule: Exclude<OptionRule, {sameAs: string}>, value: string | undefined): string | undefined {
  if (rule instanceof RegExp) return value !== undefined && rule.test(value) ? value : undefined
  if (typeof rule === 'object' && 'matches' in rule) return validValue(rule.matches, value)
  if (Array.isArray(rule)) return value !== undefined && rule.includes(value) ? value : undefined
  const {off, on} = rule === 'flag' ? {on: '1', off: '0'} : (rule as {on: string; off: string})
  if (value === undefined || YES.test(value) || value === on) return on
  return NO.test(value) || value === off ? off : undefined
}

function expected(name: string, rule: OptionRule): string {
  if (rule instanceof RegExp) return `The value has to match ${rule.source}`
  if (typeof rule === 'object' && 'hint' in rule) return rule.hint
  if (Array.isArray(rule)) return `Use one of: ${rule.join(', ')}`
  return `Write ${name} or ${name}=off`
}
