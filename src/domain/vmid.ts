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
