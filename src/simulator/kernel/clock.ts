/** How time passes: `factor` times as fast as real time, as fast as the work allows, or only when told to. */
export type ClockMode =
  {readonly kind: 'instant'} | {readonly kind: 'scaled'; readonly factor: number} | {readonly kind: 'stepped'}

export interface Timer {
  cancel(): void
}

/**
 * What a wait is. `work` takes as long as it takes, so at instant speed no time at all. `patience` waits for somebody else (a guest that ignores a shutdown, a
 * lock): at instant speed it still lasts a twentieth of its time, so that others have the chance to act meanwhile.
 */
export type Wait = 'patience' | 'work'

const PATIENCE_FACTOR = 20
/** Longest delay setTimeout takes. */
const MAX_DELAY = 2 ** 31 - 1

export interface TimerOptions {
  readonly wait?: Wait
  /** Survives a reset of the cluster: somebody outside waits for it. */
  readonly lasting?: boolean
}

interface Entry {
  readonly lasting: boolean
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/**
 * The only source of time in a simulator. Timers fire in the order they are due. At instant speed the displayed time stays that of the wall clock, and a timer fires
 * as soon as the event loop is idle.
 */
export class Clock {
  private queue: Entry[] = []
  private order = 0
  /** Internal time in ms: scaled and stepped count from 0, instant jumps from due time to due time. */
  private elapsed = 0
  private offset = 0
  private readonly startedReal = Date.now()
  private readonly base: number
  private wake: {readonly due: number; readonly cancel: () => void} | undefined
  private readonly real = new Set<NodeJS.Timeout>()
  private stopped = false

  /**
   * @param mode how time passes
   * @param notBefore epoch ms the displayed time must not be behind (a resumed simulator may have run faster than real time)
   */
  constructor(
    readonly mode: ClockMode,
    notBefore = 0,
  ) {
    this.base = Math.max(this.startedReal, notBefore)
  }

  /** Displayed time, epoch milliseconds. */
  nowMs(): number {
    if (this.mode.kind === 'instant') return Date.now() + (this.base - this.startedReal) + this.offset
    return this.base + this.internal()
  }

  /** Displayed time, whole epoch seconds. */
  now(): number {
    return Math.floor(this.nowMs() / 1000)
  }

  /** Runs `run` once, `seconds` of virtual time from now. */
  after(seconds: number, run: () => void, {wait = 'work', lasting = false}: TimerOptions = {}): Timer {
    if (this.mode.kind === 'instant' && wait === 'patience')
      return this.afterReal((seconds * 1000) / PATIENCE_FACTOR, run)
    const entry: Entry = {lasting, due: this.internal() + Math.max(0, seconds) * 1000, order: this.order++, run}
    let at = this.queue.length
    while (at > 0 && later(this.queue[at - 1]!, entry)) at--
    this.queue.splice(at, 0, entry)
    this.arm()
    return {
      cancel: () => {
        const index = this.queue.indexOf(entry)
        if (index !== -1) this.queue.splice(index, 1)
      },
    }
  }

  /** Runs `run` every `seconds`; at instant speed ten times a second of real time, so that it never spins. */
  every(seconds: number, run: () => void): Timer {
    let timer: Timer
    const again = (): void => {
      timer = this.mode.kind === 'instant' ? this.afterReal(100, tick) : this.after(seconds, tick)
    }

    const tick = (): void => {
      run()
      again()
    }

    again()
    return {cancel: () => timer.cancel()}
  }

  /** Resolves after `seconds` of virtual time; rejects with the signal's reason when it aborts first. */
  sleep(seconds: number, {signal, ...options}: TimerOptions & {readonly signal?: AbortSignal} = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }

      const abort = (): void => {
        timer.cancel()
        reject(signal!.reason as Error)
      }

      const timer = this.after(
        seconds,
        () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
        options,
      )
      signal?.addEventListener('abort', abort, {once: true})
    })
  }

  /**
   * Lets `seconds` pass at once: every timer due until then fires in order, with room for what it wakes up in between. The displayed time moves on by as much.
   * The only way time passes on a stepped clock.
   */
  async advance(seconds: number): Promise<void> {
    if (this.mode.kind === 'instant') {
      this.offset += seconds * 1000
      return
    }

    const target = this.internal() + seconds * 1000
    await settle()
    for (let next = this.queue[0]; next && next.due <= target; next = this.queue[0]) {
      this.elapsed += Math.max(0, next.due - this.internal())
      this.queue.shift()
      next.run()
      await settle()
    }

    this.elapsed += Math.max(0, target - this.internal())
    this.arm()
  }

  /** Forgets the timers of a cluster that is no more. */
  clear(): void {
    this.queue = this.queue.filter((entry) => entry.lasting)
    for (const timer of this.real) clearTimeout(timer)
    this.real.clear()
  }

  /** Forgets every timer. Nothing fires any more. */
  stop(): void {
    this.stopped = true
    this.queue = []
    this.wake?.cancel()
    this.wake = undefined
    for (const timer of this.real) clearTimeout(timer)
    this.real.clear()
  }

  private internal(): number {
    return this.mode.kind === 'scaled'
      ? this.elapsed + (Date.now() - this.startedReal) * this.mode.factor
      : this.elapsed
  }

  private afterReal(ms: number, run: () => void): Timer {
    const timer = setTimeout(() => {
      this.real.delete(timer)
      run()
    }, ms)
    this.real.add(timer)
    return {
      cancel: () => {
        clearTimeout(timer)
        this.real.delete(timer)
      },
    }
  }

  /** Makes sure something will look at the first timer when it is due. */
  private arm(): void {
    const next = this.queue[0]
    if (this.stopped || !next || this.mode.kind === 'stepped') return
    if (this.wake) {
      if (this.wake.due <= next.due) return
      this.wake.cancel()
    }

    const fire = (): void => {
      this.wake = undefined
      this.runDue()
    }

    if (this.mode.kind === 'instant') {
      const immediate = setImmediate(fire)
      this.wake = {due: -Infinity, cancel: () => clearImmediate(immediate)}
    } else {
      const delay = Math.min(MAX_DELAY, Math.max(0, (next.due - this.internal()) / this.mode.factor))
      const timeout = setTimeout(fire, delay)
      this.wake = {due: next.due, cancel: () => clearTimeout(timeout)}
    }
  }

  private runDue(): void {
    if (this.mode.kind === 'instant') {
      const next = this.queue.shift()
      if (next) {
        this.elapsed = Math.max(this.elapsed, next.due)
        next.run()
      }
    } else {
      for (let next = this.queue[0]; next && next.due <= this.internal() + 0.5; next = this.queue[0]) {
        this.queue.shift()
        next.run()
      }
    }

    this.arm()
  }
}

const later = (a: Entry, b: Entry): boolean => a.due > b.due || (a.due === b.due && a.order > b.order)

/** Lets promises and immediates that are ready run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}
