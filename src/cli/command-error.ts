import type {Failure} from '../domain/failure.js'

/** A Failure on its way from a command's `run()` to the one place that prints it. */
export class CommandError extends Error {
  readonly failure: Failure

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options)
    this.name = 'CommandError'
    this.failure = failure
  }
}
