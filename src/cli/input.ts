import {readFile} from 'node:fs/promises'
import {ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

/** All of stdin, as text. */
export function readStdin(runtime: Runtime): ResultAsync<string, Failure> {
  const read = async (): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of runtime.stdin) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks).toString('utf8')
  }

  return ResultAsync.fromPromise(read(), (error) =>
    failure('unexpected', `stdin cannot be read: ${(error as Error).message}`),
  )
}

export function readTextFile(path: string): ResultAsync<string, Failure> {
  return ResultAsync.fromPromise(readFile(path, 'utf8'), (error) =>
    failure(
      'usage',
      `the file "${path}" cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      {
        hint: 'Give the path of a text file, or - for stdin',
      },
    ),
  )
}
