import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from './failure.js'

const EXPONENT: Readonly<Record<string, number>> = {'': 0, k: 1, m: 2, g: 3, t: 4, p: 5}
const PATTERN = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/**
 * Reads an amount of memory or disk: `4GiB`, `512M`, `40G`, `1.5T`, or plain bytes. Units are binary however they are spelled, as Proxmox VE
 * reads them: `4G`, `4GB` and `4GiB` are the same 4 * 1024^3.
 * @returns whole bytes, or a `usage` failure that names the value and the accepted forms
 */
export function parseSize(text: string): Result<number, Failure> {
  const match = PATTERN.exec(text.trim())
  const bytes = match ? Number(match[1]) * 1024 ** (EXPONENT[(match[2] ?? '').toLowerCase()] ?? Number.NaN) : Number.NaN
  if (Number.isSafeInteger(Math.round(bytes))) return ok(Math.round(bytes))
  return err(
    failure('usage', `"${text}" is not a size`, {
      hint: 'write it with a unit: 512M, 4GiB, 40G (units of 1024), or as plain bytes',
    }),
  )
}

/** Prints bytes in the largest binary unit that keeps the number readable: `512 MiB`, `4 GiB`, `1.5 TiB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }

  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit] ?? 'B'}`
}
