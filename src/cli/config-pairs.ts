import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {readStdin, readTextFile} from './input.js'
import type {Runtime} from './runtime.js'

/** The words of a command line, told apart: a guest's name has no `=` in it. */
export interface NamesAndPairs {
  readonly names: readonly string[]
  readonly pairs: readonly string[]
}

export function namesAndPairs(words: readonly string[]): NamesAndPairs {
  return {
    names: words.filter((word) => !word.includes('=')),
    pairs: words.filter((word) => word.includes('=')),
  }
}

/**
 * `key=value` words as values by key; `key=@FILE` takes the text of a file, `key=@-` that of stdin, without the line end at its end.
 * @returns a `usage` failure for a word without a key, a key that comes twice and a file that cannot be read
 */
export function readPairs(
  pairs: readonly string[],
  runtime: Runtime,
): ResultAsync<Readonly<Record<string, string>>, Failure> {
  const values = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = pair.slice(0, at)
    if (at < 1 || values.has(key)) {
      return errAsync(
        at < 1
          ? failure('usage', `"${pair}" names no key`, {hint: 'Write key=value: cores=4'})
          : failure('usage', `${key} is given twice`, {hint: 'Leave one of them out', details: {field: key}}),
      )
    }

    values.set(key, pair.slice(at + 1))
  }

  if ([...values.values()].filter((value) => value === '@-').length > 1)
    return errAsync(
      failure('usage', 'stdin can be read for one key only', {hint: 'Put the others into files: key=@FILE'}),
    )
  return ResultAsync.combine(
    [...values].map(([key, value]) => readValue(value, runtime).map((text): [string, string] => [key, text])),
  ).map((entries) => Object.fromEntries(entries))
}

function readValue(value: string, runtime: Runtime): ResultAsync<string, Failure> {
  if (!value.startsWith('@')) return okAsync(value)
  const text = value === '@-' ? readStdin(runtime) : readTextFile(value.slice(1))
  return text.map((read) => read.replace(/\r?\n$/, ''))
}
