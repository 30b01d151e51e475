import {createHash, createHmac, randomBytes, timingSafeEqual} from 'node:crypto'

import type {TfaEntry} from '../kernel/state.js'

/** SHA-256 of a text, hex. Token secrets and recovery keys are random enough for this alone. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** `SALT:HASH` for storage. The simulator guards no real secret, so one fast round is enough. */
export function hashPassword(password: string, salt = randomBytes(8).toString('hex')): string {
  return `${salt}:${sha256(`${salt}${password}`)}`
}

export function passwordMatches(password: string, stored: string | undefined): boolean {
  const salt = stored?.split(':', 1)[0]
  return stored !== undefined && salt !== undefined && sameText(hashPassword(password, salt), stored)
}

/** Compares without telling by its duration where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Decodes base32 (RFC 4648) as authenticator apps write it: any case, padding optional. */
export function decodeBase32(text: string): Buffer {
  let bits = 0
  let value = 0
  const bytes: number[] = []
  for (const char of text.toUpperCase().replaceAll(/[\s=]/g, '')) {
    const digit = BASE32.indexOf(char)
    if (digit === -1) throw new RangeError(`'${char}' is no base32 digit`)
    value = (value << 5) | digit
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >> bits) & 0xff)
      value &= (1 << bits) - 1
    }
  }

  return Buffer.from(bytes)
}

/** The code of RFC 6238 at a time in epoch seconds. */
export function totpCode(entry: Pick<TfaEntry, 'algorithm' | 'digits' | 'secret' | 'step'>, seconds: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / (entry.step ?? 30))))
  const mac = createHmac(entry.algorithm ?? 'sha1', decodeBase32(entry.secret ?? ''))
    .update(counter)
    .digest()
  const at = mac[mac.length - 1]! & 0x0f
  const digits = entry.digits ?? 6
  return String((mac.readUInt32BE(at) & 0x7f_ff_ff_ff) % 10 ** digits).padStart(digits, '0')
}

/** Whether a code is that of now or of one step before or after. */
export function totpMatches(entry: TfaEntry, code: string, seconds: number): boolean {
  return [0, -1, 1].some((steps) => sameText(totpCode(entry, seconds + steps * (entry.step ?? 30)), code))
}
