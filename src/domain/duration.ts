import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from './failure.js'

const UNIT_MS: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000}
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy

/**
 * Reads a duration as people type it: `90s`, `5m`, `1h30m`, `500ms`, `2d`, or plain seconds (`90`).
 * @returns whole milliseconds, or a `usage` failure that names the value and the accepted forms
 */
export function parseDuration(text: string): Result<number, Failure> {
  const input = text.trim().toLowerCase()
  if (/^\d+(\.\d+)?$/.test(input)) return finite(Number(input) * 1000, text)

  let total = 0
  let end = 0
  for (const match of input.matchAll(PART)) {
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN)
    end = match.index + match[0].length
  }

  return end === 0 || end !== input.length ? invalid(text) : finite(total, text)
}

/** Prints a duration in its two largest units: `3d 4h`, `5m 12s`, `8s`. Input in seconds. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ')
}

function finite(ms: number, text: string): Result<number, Failure> {
  const rounded = Math.round(ms)
  return Number.isSafeInteger(rounded) ? ok(rounded) : invalid(text)
}

function invalid(text: string): Result<never, Failure> {
  return err(
    failure('usage', `"${text}" is not a duration`, {hint: 'write it like 90s, 5m, 1h30m, or as plain seconds: 90'}),
  )
}
