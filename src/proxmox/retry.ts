import type {Problem} from './request-error.js'

const ATTEMPTS = 3
const FIRST_PAUSE_MS = 250

/** An answer of another node's proxy, or none of it; worth asking again when it came quickly (reference 2.2). */
const PROXY_STATUSES = new Set([595, 596, 599])
const QUICK_MS = 5000

/**
 * Whether to ask again, and after how long.
 * What is repeatable is sent again after whatever may pass: a broken connection, a refused one, a proxy's error. Anything else only when no connection was
 * ever established, which is when the server provably did nothing.
 * @param repeatable a GET, or something else that does no harm when done twice
 * @param attempt how often it was tried, from 1
 * @param tookMs how long the last attempt took
 * @param random 0..1, so that many clients don't come back together
 * @returns milliseconds to wait, or undefined to give up
 */
export function retryPause(
  problem: Problem,
  {repeatable, attempt, tookMs, random}: {repeatable: boolean; attempt: number; tookMs: number; random: number},
): number | undefined {
  if (attempt >= ATTEMPTS || !isPassing(problem, repeatable, attempt, tookMs)) return undefined
  return FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random / 2)
}

function isPassing(problem: Problem, repeatable: boolean, attempt: number, tookMs: number): boolean {
  switch (problem.kind) {
    case 'not-connected': {
      return (
        problem.reason === 'refused' ||
        problem.reason === 'reset' ||
        problem.reason === 'closed' ||
        problem.code === 'EAI_AGAIN'
      )
    }

    case 'lost': {
      // After a timeout one more attempt finds out whether the endpoint is still there; waiting a third time tells nothing new.
      return repeatable && (problem.reason === 'reset' || attempt === 1)
    }

    case 'status': {
      return repeatable && PROXY_STATUSES.has(problem.status) && tookMs < QUICK_MS
    }

    default: {
      return false
    }
  }
}
