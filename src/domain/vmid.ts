import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

export const LOWEST_VMID = 100
export const HIGHEST_VMID = 999_999_999

/** VMIDs that a cluster hands out: lower inclusive, upper exclusive (`next-id` of the datacenter options; reference 2.9). */
export interface VmidRange {
  readonly lower: number
  readonly upper: number
}

export const DEFAULT_VMID_RANGE: VmidRange = {lower: 100, upper: 1_000_000}

/** `lower=100,upper=1000000`, either part optional; anything else is the default range. */
export function parseVmidRange(text: string | undefined): VmidRange {
  const part = (key: string) => new RegExp(`(?:^|,)${key}=(\\d+)`).exec(text ?? '')?.[1]
  return {
    lower: Number(part('lower') ?? DEFAULT_VMID_RANGE.lower),
    upper: Number(part('upper') ?? DEFAULT_VMID_RANGE.upper),
  }
}

/** VMIDs that somebody wants new guests to have, both ends included. */
export interface VmidSpan {
  readonly first: number
  readonly last: number
}

/** `8000-8099`; an error with the remedy for anything else. */
export function parseVmidSpan(text: string): Result<VmidSpan, Failure> {
  const [, first = '', last = ''] = /^(\d{1,9})-(\d{1,9})$/.exec(text.trim()) ?? []
  const span = {first: Number(first), last: Number(last)}
  if (first !== '' && span.first >= LOWEST_VMID && span.first <= span.last) return ok(span)
  return err(
    failure('usage', `"${text}" is no range of VMIDs`, {
      hint: `Write the first and the last one, from ${LOWEST_VMID} on: 8000-8099`,
      details: {field: 'vmids', value: text},
    }),
  )
}

/** The lowest one of a range that is not in use; undefined when all are. */
export function freeVmid({first, last}: VmidSpan, used: ReadonlySet<number>): number | undefined {
  for (let vmid = first; vmid <= last; vmid++) if (!used.has(vmid)) return vmid
  return undefined
}

/** A VMID that a person gave. */
export function checkVmid(vmid: number, field = '--vmid'): Result<number, Failure> {
  if (Number.isInteger(vmid) && vmid >= LOWEST_VMID && vmid <= HIGHEST_VMID) return ok(vmid)
  return err(
    failure('usage', `${field} ${vmid} is not a valid VMID`, {
      hint: `A VMID is a whole number from ${LOWEST_VMID} to ${HIGHEST_VMID}`,
      details: {field, value: vmid},
    }),
  )
}

/**
 * The VMID to try next. `suggested` is the lowest free one by `/cluster/nextid`, which reserves nothing: everybody who asks at the same time
 * hears the same number. So after each collision the choice spreads over twice as many free numbers.
 *
 * @param collisions how often this run has lost the race already
 * @param taken VMIDs known to be in use
 * @param random uniform in [0, 1)
 */
export function chooseVmid(
  suggested: number,
  collisions: number,
  taken: ReadonlySet<number>,
  range: VmidRange,
  random: () => number,
): number {
  if (collisions === 0) return suggested
  const most = 2 ** Math.min(collisions + 2, 12)
  const free: number[] = []
  for (let vmid = suggested; vmid < range.upper && free.length < most; vmid++) if (!taken.has(vmid)) free.push(vmid)
  return free[Math.floor(random() * free.length)] ?? suggested
}
