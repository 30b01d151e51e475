import {fstatSync} from 'node:fs'
import {mkdtemp, open, readFile, rm, type FileHandle} from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import {err, ok, ResultAsync, type Result} from 'neverthrow'
import type {ByteSource} from '../domain/byte-source.js'
import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

/** Something to upload; `close` once it was, or was not. */
export interface UploadSource extends ByteSource {
  /** It can be read more than once. */
  readonly repeatable: boolean
  close(): Promise<void>
}

export interface SourceOptions {
  /** How much will come out of a pipe. */
  readonly sizeBytes?: number | undefined
  readonly signal: AbortSignal
  /** Called when a pipe has to be read to its end first. */
  readonly onSpool?: (folder: string) => void
}

/** Memory for one piece of a file; there are two, one of which is filled while the other one is sent. */
export const PIECE_BYTES = 512 * 1024

/**
 * Opens a file, or stdin for `-`. The server has to be told the size first, so what comes from a pipe is sent as it comes only where its size is given;
 * otherwise it goes through a temporary file that has no name any more while it is written.
 */
export function uploadSource(
  runtime: Runtime,
  file: string,
  options: SourceOptions,
): ResultAsync<UploadSource, Failure> {
  return ResultAsync.fromPromise(
    file === '-' ? fromStdin(runtime, options) : fromFile(runtime, file, options),
    (error) => cannotRead(file === '-' ? 'stdin' : `"${file}"`, error),
  ).andThen((result) => result)
}

/** A text file, for lists of checksums. */
export function readTextFile(runtime: Runtime, file: string): ResultAsync<string, Failure> {
  return ResultAsync.fromPromise(readFile(path.resolve(runtime.cwd, file), 'utf8'), (error) =>
    cannotRead(`"${file}"`, error),
  )
}

async function fromFile(
  runtime: Runtime,
  file: string,
  options: SourceOptions,
): Promise<Result<UploadSource, Failure>> {
  const handle = await open(path.resolve(runtime.cwd, file), 'r')
  const stats = await handle.stat()
  if (stats.isFile() && options.sizeBytes !== undefined && options.sizeBytes !== stats.size) {
    await handle.close()
    return err(
      failure('usage', `"${file}" has ${stats.size} bytes, not the ${options.sizeBytes} of --size`, {
        hint: 'Leave --size out: it is for what comes from a pipe',
      }),
    )
  }

  if (stats.isFile()) return ok(fileSource(handle, stats.size))
  if (stats.isDirectory()) {
    await handle.close()
    return err(failure('usage', `"${file}" is a folder`, {hint: 'One file at a time'}))
  }

  // A named pipe, or the output of another program: <(…)
  return fromStream(handle.createReadStream({autoClose: false}), () => handle.close(), options)
}

async function fromStdin(runtime: Runtime, options: SourceOptions): Promise<Result<UploadSource, Failure>> {
  const {stdin} = runtime
  if (stdin.isTTY) {
    return err(failure('usage', 'nothing is piped to stdin', {hint: 'Pipe a file to it, or name one instead of -'}))
  }

  const known = options.sizeBytes ?? plainFileSize(stdin.fd)
  return fromStream(stdin, async () => stdin.destroy?.(), {...options, sizeBytes: known})
}

/** stdin may be a file itself: `< debian.iso`. */
function plainFileSize(fd: number | undefined): number | undefined {
  if (fd === undefined) return undefined
  const stats = fstatSync(fd)
  return stats.isFile() ? stats.size : undefined
}

async function fromStream(
  stream: AsyncIterable<Uint8Array | string>,
  close: () => Promise<void>,
  {onSpool, signal, sizeBytes}: SourceOptions,
): Promise<Result<UploadSource, Failure>> {
  if (sizeBytes !== undefined) return ok({sizeBytes, repeatable: false, pieces: () => asBytes(stream), close})
  const folder = await mkdtemp(path.join(os.tmpdir(), 'homelab-upload-'))
  const handle = await open(path.join(folder, 'stdin'), 'wx+', 0o600)
  try {
    // Whatever ends us, nothing of it stays. Where a file in use cannot be deleted, it is after its use.
    await rm(folder, {recursive: true}).catch(() => {})
    onSpool?.(os.tmpdir())
    let written = 0
    for await (const bytes of asBytes(stream)) {
      if (signal.aborted) {
        await handle.close()
        return err(failure('interrupted', 'interrupted while reading stdin; nothing was sent'))
      }

      for (let at = 0; at < bytes.length;) at += (await handle.write(bytes, at)).bytesWritten
      written += bytes.length
    }

    const source = fileSource(handle, written)
    return ok({
      ...source,
      async close() {
        await source.close()
        await rm(folder, {force: true, recursive: true})
      },
    })
  } catch (error) {
    await handle.close()
    await rm(folder, {force: true, recursive: true})
    const {code} = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC') throw error
    return err(
      failure('no-capacity', `there is no room in ${os.tmpdir()} for what comes from stdin`, {
        hint: 'Give its size, and it goes through no file: --size 3GiB; or set TMPDIR to a folder with more room',
      }),
    )
  } finally {
    await close()
  }
}

function fileSource(handle: FileHandle, sizeBytes: number): UploadSource {
  return {sizeBytes, repeatable: true, pieces: () => piecesOf(handle), close: () => handle.close()}
}

/** Reads ahead by one piece, and gives out two buffers by turns. */
async function* piecesOf(handle: FileHandle): AsyncGenerator<Uint8Array> {
  const buffers = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)] as const
  const read = (turn: 0 | 1, from: number) => handle.read(buffers[turn], 0, PIECE_BYTES, from)
  let turn: 0 | 1 = 0
  let at = 0
  let next = read(turn, at)
  try {
    for (;;) {
      const {bytesRead} = await next
      if (bytesRead === 0) return
      const piece = buffers[turn].subarray(0, bytesRead)
      at += bytesRead
      turn = turn === 0 ? 1 : 0
      next = read(turn, at)
      yield piece
    }
  } finally {
    await next.catch(() => {})
  }
}

async function* asBytes(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

function cannotRead(what: string, error: unknown): Failure {
  const {code, message} = error as NodeJS.ErrnoException
  return failure(code === 'ENOENT' ? 'not-found' : 'usage', `${what} cannot be read: ${code ?? message}`, {
    hint: 'Check the path and its rights; - is for stdin',
  })
}
