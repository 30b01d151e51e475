import {formatDuration} from '../../domain/duration.js'
import {formatSize} from '../../domain/size.js'

/** Cell formats: what a table shows for the raw values of the JSON. */

/** 4294967296 -> `4 GiB` */
export const asBytes = (value: unknown): string => (typeof value === 'number' ? formatSize(value) : String(value))

/** 273600 (seconds) -> `3d 4h` */
export const asUptime = (value: unknown): string => (typeof value === 'number' ? formatDuration(value) : String(value))

/** 0.254 -> `25%`; below one percent with one digit */
export const asPercent = (value: unknown): string => {
  if (typeof value !== 'number') return String(value)
  const percent = value * 100
  return `${percent.toFixed(percent > 0 && percent < 1 ? 1 : 0)}%`
}

/** ISO 8601 UTC -> `2026-01-31 12:00:05Z` */
export const asTime = (value: unknown): string =>
  String(value)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
