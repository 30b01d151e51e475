import {err, ok, type Result} from 'neverthrow'
import type {DrainJournal} from '../domain/drain-journal.js'
import {failure, type Failure} from '../domain/failure.js'

/** Where the journal of one node of one cluster is kept. */
export interface JournalStore {
  read(): Result<DrainJournal | undefined, Failure>
  /** On disk when it comes back. */
  write(journal: DrainJournal): Result<void, Failure>
  remove(): Result<void, Failure>
}

/** The journal of a run. Only one process at a time may go on with it: the last one that took it. */
export class JournalKeeper {
  private constructor(
    private readonly store: JournalStore,
    private current: DrainJournal,
  ) {}

  /** Takes the journal over from whoever had it. */
  static take(store: JournalStore, journal: DrainJournal): Result<JournalKeeper, Failure> {
    return store.write(journal).map(() => new JournalKeeper(store, journal))
  }

  get journal(): DrainJournal {
    return this.current
  }

  change(next: (journal: DrainJournal) => DrainJournal): Result<void, Failure> {
    return this.ours().andThen(() => {
      const changed = next(this.current)
      return this.store.write(changed).map(() => {
        this.current = changed
      })
    })
  }

  remove(): Result<void, Failure> {
    return this.ours().andThen(() => this.store.remove())
  }

  private ours(): Result<void, Failure> {
    return this.store.read().andThen((there) =>
      there?.run === this.current.run
        ? ok(undefined)
        : err(
            failure('conflict', `another process goes on with the drain of ${this.current.node}`, {
              hint: 'Wait until it has ended. What this one has begun goes on, and the other one knows of it',
              details: {node: this.current.node},
            }),
          ),
    )
  }
}
