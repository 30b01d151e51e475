import {REDACTED} from './redact.js'

/**
 * A string that doesn't show itself: printing, inspecting, concatenating or serialising it gives a placeholder. `reveal()` is the only way
 * to the value, so that a search for that word finds every place where a secret is used.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  toJSON(): string {
    return REDACTED
  }

  toString(): string {
    return REDACTED
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }
}
