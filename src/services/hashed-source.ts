import {createHash} from 'node:crypto'
import type {ByteSource} from '../domain/byte-source.js'
import type {Checksum} from '../domain/cloud-image.js'
import {failure, type Failure} from '../domain/failure.js'

/** A source whose digest is taken while it is read. */
export interface HashedSource {
  readonly source: ByteSource
  /** Once all of it was read. */
  digest(): Checksum | undefined
  /** Why it ended in an error before its end was given out; undefined while it did not. */
  failure(): Failure | undefined
}

/**
 * Takes the digest of what passes through. A digest that is not the expected one ends it in an error after the last piece, and so before whoever
 * sends it can tell the receiver that this was all.
 */
export function hashedSource(
  {pieces, sizeBytes}: ByteSource,
  expected: Checksum | undefined,
  name: string,
): HashedSource {
  const algorithm = expected?.algorithm ?? 'sha256'
  let digest: Checksum | undefined
  let failed: Failure | undefined
  const end = (why: Failure): never => {
    failed = why
    throw new Error(why.message)
  }

  return {
    source: {
      sizeBytes,
      async *pieces() {
        const hash = createHash(algorithm)
        let read = 0
        try {
          for await (const piece of pieces()) {
            read += piece.length
            if (read > sizeBytes) break
            hash.update(piece)
            yield piece
          }
        } catch (error) {
          end(unreadable(name, error))
        }

        if (read !== sizeBytes) end(otherSize(name, read, sizeBytes))
        digest = {algorithm, value: hash.digest('hex')}
        if (expected !== undefined && digest.value !== expected.value) end(otherDigest(name, digest, expected))
      },
    },
    digest: () => digest,
    failure: () => failed,
  }
}

/** The digest of a source, read to its end. */
export async function digestOf({pieces}: ByteSource): Promise<Checksum> {
  const hash = createHash('sha256')
  for await (const piece of pieces()) hash.update(piece)
  return {algorithm: 'sha256', value: hash.digest('hex')}
}

export function unreadable(name: string, error: unknown): Failure {
  return failure('unexpected', `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
    details: {reason: 'source'},
  })
}

function otherSize(name: string, readBytes: number, sizeBytes: number): Failure {
  const how = readBytes > sizeBytes ? 'is longer than' : `ended after ${readBytes} bytes, before`
  return failure('refused', `${name} ${how} the ${sizeBytes} bytes it was to have; nothing of it was stored`, {
    hint: 'Was it changed meanwhile? What comes from a pipe needs the right --size, or none',
    details: {reason: 'source-size', sizeBytes, ...(readBytes < sizeBytes && {readBytes})},
  })
}

function otherDigest(name: string, actual: Checksum, expected: Checksum): Failure {
  return failure(
    'refused',
    `${name} has another ${expected.algorithm} digest than it should: ${actual.value}, not ${expected.value}; nothing of it was stored`,
    {
      hint: 'It is damaged, or not the file that the checksum is of. Get it anew',
      details: {
        reason: 'checksum-mismatch',
        algorithm: expected.algorithm,
        expected: expected.value,
        actual: actual.value,
      },
    },
  )
}
