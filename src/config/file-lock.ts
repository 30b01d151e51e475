import fs from 'node:fs'
import path from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {err, ok, ResultAsync, type Result} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'

/** A writer needs milliseconds: a lock this old, in ms, belongs to a process that died. */
const STALE_MS = 10_000
const RETRY_MS = 15
const GIVE_UP_MS = 20_000

/** Runs the work while no other process holds the lock file. Waits for its turn, and takes over a lock that a dead process left. */
export function withFileLock<T>(lock: string, work: () => Promise<Result<T, Failure>>): ResultAsync<T, Failure> {
  return new ResultAsync(
    (async () => {
      const until = Date.now() + GIVE_UP_MS
      for (;;) {
        const acquired = acquire(lock)
        if (acquired.isErr()) return err(acquired.error)
        if (acquired.value) break
        breakStale(lock)
        if (Date.now() > until) {
          return err(
            failure('locked', `${lock} is held by another process`, {
              hint: `if none is at work, remove it: rm ${lock}`,
            }),
          )
        }

        await sleep(RETRY_MS + Math.random() * RETRY_MS)
      }

      try {
        return await work()
      } finally {
        fs.rmSync(lock, {force: true})
      }
    })(),
  )
}

/** False when another process holds it. */
function acquire(lock: string): Result<boolean, Failure> {
  try {
    fs.closeSync(fs.openSync(lock, 'wx', 0o600))
    return ok(true)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    if (code === 'EEXIST') return ok(false)
    return err(
      failure('config-invalid', `${lock} cannot be created (${code})`, {
        hint: `look at its folder: ls -ld ${path.dirname(lock)}`,
      }),
    )
  }
}

/** By renaming: of several that find the same stale lock, one moves it, and a lock taken meanwhile is not touched. */
function breakStale(lock: string): void {
  const stats = fs.statSync(lock, {throwIfNoEntry: false})
  if (stats === undefined || Date.now() - stats.mtimeMs < STALE_MS) return
  const aside = `${lock}.${stats.ino}.stale`
  try {
    fs.renameSync(lock, aside)
    // Between the look and the rename another process may have replaced it; then it gets its lock back.
    if (fs.statSync(aside).ino !== stats.ino) fs.linkSync(aside, lock)
    fs.rmSync(aside, {force: true})
  } catch {
    // Someone else was faster.
  }
}
