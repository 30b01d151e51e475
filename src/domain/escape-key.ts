import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from './failure.js'

const CONTROL = 0x1f

/**
 * The byte of a control key: `ctrl-]` or `^]`.
 * @returns undefined for `none`
 */
export function parseEscapeKey(text: string): Result<number | undefined, Failure> {
  if (text.toLowerCase() === 'none') return ok(undefined)
  const key = /^(?:ctrl[-+]|\^)([a-z[\]\\^_@])$/i.exec(text)?.[1]
  if (key === undefined) {
    return err(
      failure('usage', `"${text}" is no key to leave with`, {
        hint: 'use ctrl-] or another ctrl- with a letter, or none',
      }),
    )
  }

  return ok((key.toUpperCase().codePointAt(0) ?? 0) & CONTROL)
}

/** `Ctrl-]`. */
export function nameOfEscapeKey(byte: number): string {
  return `Ctrl-${String.fromCodePoint(byte + 0x40)}`
}

/** What was typed before the key; `found` tells whether it was. */
export function beforeKey(bytes: Uint8Array, key: number | undefined): {found: boolean; before: Uint8Array} {
  const at = key === undefined ? -1 : bytes.indexOf(key)
  return at === -1 ? {found: false, before: bytes} : {found: true, before: bytes.subarray(0, at)}
}
