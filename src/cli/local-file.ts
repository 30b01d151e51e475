import {createReadStream} from 'node:fs'
import {open, rename, rm, stat, type FileHandle} from 'node:fs/promises'
import path from 'node:path'
import {err, ok, ResultAsync, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

/** A file of this machine, or stdin for `-`. */
export interface LocalSource {
  /** Its last name; absent for stdin. */
  readonly name?: string
  readonly bytes: AsyncIterable<Uint8Array>
}

export function localSource(runtime: Runtime, file: string): ResultAsync<LocalSource, Failure> {
  if (file === '-') return new ResultAsync(Promise.resolve(ok({bytes: asBytes(runtime.stdin)})))
  const full = path.resolve(runtime.cwd, file)
  return ResultAsync.fromPromise(stat(full), (error) => cannot('read', file, error)).andThen(
    (stats): Result<LocalSource, Failure> =>
      stats.isDirectory()
        ? err(
            failure('usage', `"${file}" is a folder`, {
              hint: 'One file at a time; pack a folder with tar and pipe it to exec',
            }),
          )
        : ok({name: path.basename(full), bytes: createReadStream(full)}),
  )
}

/** Where a file of this machine is written: nothing is to be seen of it before `commit`. */
export interface LocalSink {
  write(bytes: Uint8Array): Promise<void>
  commit(): ResultAsync<void, Failure>
  /** Leaves no trace. */
  discard(): Promise<void>
}

/**
 * The sink for a file, for `-` stdout. A folder stands for a file in it that is called like the source. An existing file is replaced at once, and
 * keeps its mode; what is no plain file (a pipe, a device) is written to as it is.
 */
export function localSink(
  runtime: Runtime,
  file: string,
  sourceName: string,
): ResultAsync<{readonly sink: LocalSink; readonly path: string}, Failure> {
  if (file === '-') return new ResultAsync(Promise.resolve(ok({sink: stdoutSink(runtime), path: '-'})))
  return ResultAsync.fromPromise(openSink(runtime, file, sourceName), (error) => cannot('write', file, error))
}

async function openSink(
  runtime: Runtime,
  file: string,
  sourceName: string,
): Promise<{readonly sink: LocalSink; readonly path: string}> {
  const given = path.resolve(runtime.cwd, file)
  const there = await statOf(given)
  const full = there?.isDirectory() ? path.join(given, sourceName) : given
  const old = full === given ? there : await statOf(full)
  const direct = old !== undefined && !old.isFile()
  const part = `${full}.homelab-${runtime.random().toString(36).slice(2, 10)}`
  const handle = direct
    ? await open(full, 'w')
    : await open(part, 'wx', old === undefined ? undefined : old.mode & 0o777)
  return {path: full, sink: fileSink(handle, direct ? undefined : {part, full})}
}

function fileSink(
  handle: FileHandle,
  replacing: {readonly part: string; readonly full: string} | undefined,
): LocalSink {
  return {
    async write(bytes) {
      await handle.writeFile(bytes)
    },
    commit() {
      const done = async (): Promise<void> => {
        await handle.close()
        if (replacing) await rename(replacing.part, replacing.full)
      }

      return ResultAsync.fromPromise(done(), (error) => cannot('write', replacing?.full ?? 'the file', error))
    },
    async discard() {
      await handle.close().catch(() => {})
      if (replacing) await rm(replacing.part, {force: true})
    },
  }
}

function stdoutSink(runtime: Runtime): LocalSink {
  return {
    write: async (bytes) => runtime.stdout.write(bytes),
    commit: () => new ResultAsync(Promise.resolve(ok(undefined))),
    discard: async () => {},
  }
}

async function statOf(file: string) {
  return stat(file).catch(() => undefined)
}

async function* asBytes(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

function cannot(verb: 'read' | 'write', file: string, error: unknown): Failure {
  const {code, message} = error as NodeJS.ErrnoException
  return failure(
    code === 'ENOENT' && verb === 'read' ? 'not-found' : 'usage',
    `"${file}" cannot be ${verb === 'read' ? 'read' : 'written'}: ${code ?? message}`,
    {
      hint: 'Check the path and its rights; - is for stdin and stdout',
    },
  )
}
