import {ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

/**
 * All that comes, in one piece.
 * @param maxBytes reads no further than one byte past this, which tells the caller that there is too much
 */
export function readBytes(
  source: AsyncIterable<Uint8Array | string>,
  what: string,
  maxBytes: number,
): ResultAsync<Uint8Array, Failure> {
  const read = async (): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      chunks.push(bytes)
      length += bytes.length
      if (length > maxBytes) break
    }

    return Buffer.concat(chunks).subarray(0, maxBytes + 1)
  }

  return ResultAsync.fromPromise(read(), (error) =>
    failure('unexpected', `${what} cannot be read: ${(error as Error).message}`),
  )
}

/** stdin, as `readBytes` reads it. */
export function readStdinBytes(runtime: Runtime, maxBytes: number): ResultAsync<Uint8Array, Failure> {
  return readBytes(runtime.stdin, 'stdin', maxBytes)
}
