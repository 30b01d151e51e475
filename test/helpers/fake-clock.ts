import type {Clock} from '../../src/domain/clock.js'

/** A clock that stands still unless told otherwise, and on which sleeping takes no time but is counted. */
export class FakeClock implements Clock {
  readonly slept: number[] = []
  #now: number

  constructor(now = Date.parse('2026-01-02T03:04:05Z')) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds
  }

  sleep(milliseconds: number): Promise<void> {
    this.slept.push(milliseconds)
    this.#now += milliseconds
    return Promise.resolve()
  }
}
