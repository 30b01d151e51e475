import type {Json} from '../kernel/pve-error.js'
import type {World} from '../kernel/world.js'

/** Seconds between two points and their number, by time frame (reference 2.10). */
const FRAMES_9: Readonly<Record<string, readonly [number, number]>> = {
  hour: [60, 60],
  day: [60, 1440],
  week: [1800, 336],
  month: [1800, 1440],
  year: [21_600, 1440],
  decade: [604_800, 570],
}
const FRAMES_8: Readonly<Record<string, readonly [number, number]>> = {
  hour: [60, 70],
  day: [1800, 70],
  week: [10_800, 70],
  month: [43_200, 70],
  year: [604_800, 70],
}

/**
 * A round robin database read: one point per step up to now. Where nothing was measured (`values` gives undefined), a point has its time alone.
 * @param values what was measured at an epoch second
 */
export function rrdPoints(
  world: World,
  timeframe: string,
  values: (time: number) => Readonly<Record<string, number>> | undefined,
): Json[] {
  const [step, count] = (world.release === '9.2' ? FRAMES_9 : FRAMES_8)[timeframe] ?? [60, 70]
  const last = Math.floor(world.clock.now() / step) * step
  return Array.from({length: count}, (_, index) => {
    const time = last - (count - 1 - index) * step
    return {time, ...values(time)}
  })
}
