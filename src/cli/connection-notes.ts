import type {Failure} from '../domain/failure.js'

/** Says once that waits get no answer any more, and once that all of them do again, however many there are. */
export class ConnectionNotes {
  readonly #unanswered = new Set<string>()

  constructor(private readonly say: (text: string) => void) {}

  /** @param lost undefined: the wait was answered */
  tell(wait: string, lost: Failure | undefined): void {
    const before = this.#unanswered.size
    if (lost === undefined) this.#unanswered.delete(wait)
    else this.#unanswered.add(wait)
    if (before === 0 && lost !== undefined) this.say(`connection lost, trying again: ${lost.message}`)
    else if (before > 0 && this.#unanswered.size === 0) this.say('connection restored')
  }
}
