import {err, ok, Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import type {Guest} from './guest.js'

export const SELECTOR_KEYS = ['name', 'vmid', 'type', 'tag', 'pool', 'node', 'status', 'template'] as const
type SelectorKey = (typeof SELECTOR_KEYS)[number]

/** `-l tag=dev,status=running -l name~^db`: terms joined by comma must all hold, one of several selectors must hold. */
export type Selector = (guest: Guest) => boolean

const TYPE_WORDS: Readonly<Record<string, string>> = {vm: 'qemu', ct: 'lxc', container: 'lxc'}
const BOOLEAN_WORDS: Readonly<Record<string, string>> = {1: 'true', yes: 'true', 0: 'false', no: 'false'}

function valuesOf(guest: Guest, key: SelectorKey): readonly string[] {
  switch (key) {
    case 'tag': {
      return guest.tags
    }

    case 'vmid': {
      return [String(guest.vmid)]
    }

    case 'template': {
      return [String(guest.template)]
    }

    default: {
      const value = guest[key]
      return value === undefined ? [] : [value]
    }
  }
}

function refuse(term: string, why: string): Result<never, Failure> {
  return err(
    failure('usage', `selector "${term}": ${why}`, {
      hint: `Write key=value, key!=value or key~regex, with a key of ${SELECTOR_KEYS.join(', ')}`,
      details: {field: 'selector', value: term},
    }),
  )
}

function parseTerm(term: string): Result<Selector, Failure> {
  const match = /^([a-z]+)(!=|=|~)(.*)$/s.exec(term.trim())
  if (match === null) return refuse(term, 'is not key=value, key!=value or key~regex')
  const [, word, operator, wanted] = match as unknown as [string, string, string, string]
  const key = SELECTOR_KEYS.find((known) => known === word)
  if (key === undefined) return refuse(term, `there is no key "${word}"`)
  if (operator === '~') {
    return Result.fromThrowable(
      () => new RegExp(wanted),
      () => undefined,
    )().match(
      (pattern) => ok((guest: Guest) => valuesOf(guest, key).some((value) => pattern.test(value))),
      () => refuse(term, `"${wanted}" is not a regular expression`),
    )
  }

  const words = key === 'type' ? TYPE_WORDS : key === 'template' ? BOOLEAN_WORDS : {}
  const value = words[wanted] ?? wanted
  const has: Selector = (guest) => valuesOf(guest, key).includes(value)
  return ok(operator === '=' ? has : (guest) => !has(guest))
}

/** @param texts the values of `-l`, each a comma list of terms; at least one */
export function parseSelector(texts: readonly string[]): Result<Selector, Failure> {
  const alternatives = texts.map((text) =>
    Result.combine(text.split(',').map((term) => parseTerm(term))).map(
      (terms): Selector =>
        (guest) =>
          terms.every((term) => term(guest)),
    ),
  )
  return Result.combine(alternatives).map(
    (selectors): Selector =>
      (guest) =>
        selectors.some((selector) => selector(guest)),
  )
}

/** Like `parseSelector`; without any selector every guest matches. */
export function selectorOf(texts: readonly string[]): Result<Selector, Failure> {
  return texts.length === 0 ? ok(() => true) : parseSelector(texts)
}
