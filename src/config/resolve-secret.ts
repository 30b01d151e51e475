import fs from 'node:fs'
import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'

import {failure, type Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import type {SecretSource} from './configuration.js'

/** How long a command may take to say a secret, in ms: long enough to unlock a password store. */
const COMMAND_TIMEOUT_MS = 10_000

export interface SecretSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly uid?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Default 10 s. */
  readonly commandTimeoutMs?: number
}

/**
 * Gets a secret from where it is kept. The first line counts, as `pass` and its like print it.
 * @returns the secret, or a `config-invalid` failure that names the source and never shows what it said
 */
export function resolveSecret(source: SecretSource, surroundings: SecretSurroundings): ResultAsync<Secret, Failure> {
  switch (source.kind) {
    case 'value': {
      return okAsync(source.value)
    }

    case 'env': {
      const value = surroundings.env[source.variable]
      return value
        ? okAsync(new Secret(value))
        : errAsync(
            failure('config-invalid', `the environment variable ${source.variable} is not set`, {
              hint: `set it to the secret, or choose another source`,
            }),
          )
    }

    case 'file': {
      return new ResultAsync(Promise.resolve(fromFile(source.path, surroundings.uid)))
    }

    case 'command': {
      return new ResultAsync(fromCommand(source.argv, surroundings))
    }
  }
}

function fromFile(file: string, uid: number | undefined): Result<Secret, Failure> {
  try {
    const descriptor = fs.openSync(file, 'r')
    try {
      const {mode} = fs.fstatSync(descriptor)
      if (uid !== undefined && (mode & 0o077) !== 0) {
        return err(
          failure('config-invalid', `${file} holds a secret and can be read by others`, {hint: `chmod 600 ${file}`}),
        )
      }

      return firstLine(fs.readFileSync(descriptor, 'utf8'), file)
    } finally {
      fs.closeSync(descriptor)
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    return err(
      failure('config-invalid', `the secret file ${file} ${why}`, {
        hint: 'write the secret into it, or log in again: homelab auth login',
      }),
    )
  }
}

async function fromCommand(
  argv: readonly string[],
  surroundings: SecretSurroundings,
): Promise<Result<Secret, Failure>> {
  const {execFile} = await import('node:child_process')
  const [program = '', ...args] = argv
  const timeout = surroundings.commandTimeoutMs ?? COMMAND_TIMEOUT_MS
  return new Promise((resolve) => {
    // No shell; what it says on stderr goes nowhere, because it may quote the secret.
    const child = execFile(
      program,
      args,
      {
        encoding: 'utf8',
        env: {...surroundings.env},
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024,
        signal: surroundings.signal,
        timeout,
      },
      (error, stdout) => {
        if (error) resolve(err(commandFailure(program, error, timeout)))
        else resolve(firstLine(stdout, `the command ${program}`))
      },
    )
    child.stdin?.end()
    child.stderr?.resume()
  })
}

function commandFailure(
  program: string,
  error: Error & {code?: number | string | null; killed?: boolean},
  timeout: number,
): Failure {
  const why =
    error.code === 'ENOENT'
      ? 'does not exist'
      : error.killed
        ? `did not end within ${timeout / 1000} s`
        : typeof error.code === 'number'
          ? `ended with exit code ${error.code}`
          : `failed (${error.code ?? error.name})`
  return failure('config-invalid', `the command ${program}, which should tell a secret, ${why}`, {
    hint: 'run it by hand to see what it says; it gets no shell and no terminal',
  })
}

function firstLine(text: string, source: string): Result<Secret, Failure> {
  const line = text.split(/\r?\n/, 1)[0] ?? ''
  return line === ''
    ? err(
        failure('config-invalid', `${source} holds no secret: its first line is empty`, {
          hint: 'the secret must be its first line',
        }),
      )
    : ok(new Secret(line))
}
