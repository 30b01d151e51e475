/** What long work needs of its task: a log, and time. */
export interface Progress {
  log(line: string): void
  sleep(seconds: number): Promise<void>
}

/** Bytes a second of an ordinary disk. */
const BYTES_PER_SECOND = 256 * 1024 ** 2
/** A line for each so many percent. */
const STEP_PERCENT = 1

/** `1.0 GiB`: a number of bytes as task logs show it. */
export function renderBytes(bytes: number, digits = 1): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }

  return `${value.toFixed(digits)} ${units[unit]}`
}

/** Seconds it takes to copy so many bytes, limited to KiB a second by a bandwidth limit. */
export function copySeconds(bytes: number, bwlimit = 0): number {
  return bytes / (bwlimit > 0 ? Math.min(bwlimit * 1024, BYTES_PER_SECOND) : BYTES_PER_SECOND)
}

/**
 * Copies a disk line by line, the way `qemu-img convert` reports it. Holes take no time: only what was ever written is copied.
 */
export async function copyData(
  {total, data, bwlimit = 0, twice = false}: {total: number; data: number; bwlimit?: number; twice?: boolean},
  progress: Progress,
): Promise<void> {
  const line = (percent: number): void =>
    progress.log(
      `transferred ${renderBytes(Math.floor((total * percent) / 100))} of ${renderBytes(total)} (${percent.toFixed(2)}%)`,
    )
  const written = total === 0 ? 0 : Math.min(100, (data / total) * 100)
  line(0)
  const seconds = copySeconds(data, bwlimit)
  const steps = Math.floor(written / STEP_PERCENT)
  for (let step = 1; step <= steps && step * STEP_PERCENT < 100; step++) {
    await progress.sleep(seconds / steps)
    line(step * STEP_PERCENT)
  }

  await progress.sleep(steps === 0 ? seconds : 0.05)
  line(100)
  if (twice) line(100)
}
