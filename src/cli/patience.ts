import type {Patience} from '../services/patience.js'
import type {ConnectionNotes} from './connection-notes.js'
import type {Interruption} from './interruption.js'
import type {Progress} from './progress.js'
import type {Runtime} from './runtime.js'

/** How long a command waits for a task when nobody says: exit 124 then, and the task goes on. */
export const DEFAULT_TIMEOUT_MS = 30 * 60 * 1000

export interface WaitFlagValues {
  readonly timeout?: number | undefined
  readonly 'poll-interval'?: number | undefined
}

/** What the wait flags, Ctrl-C and the progress display mean to a service. */
export function patienceFrom(
  flags: WaitFlagValues,
  {
    runtime,
    interruption,
    progress,
    connection,
  }: {
    readonly runtime: Runtime
    readonly interruption: Interruption
    readonly progress: Progress
    readonly connection: ConnectionNotes
  },
): Patience {
  let running: string | undefined
  return {
    deadline: runtime.now() + (flags.timeout ?? DEFAULT_TIMEOUT_MS),
    ...(flags['poll-interval'] !== undefined && {pollIntervalMs: flags['poll-interval']}),
    signal: interruption.signal,
    // Without a terminal nobody watches, and the task's log need not be asked for.
    ...(runtime.stderr.isTTY && {onStep: ({text, fraction}) => progress.update(text, fraction)}),
    onAnswer: (wait, lost) => connection.tell(wait, lost),
    onTask(upid) {
      if (upid !== undefined) interruption.started(upid)
      else if (running !== undefined) interruption.ended(running)
      running = upid
    },
  }
}
