import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {SshTarget} from '../domain/ssh-command.js'
import {fileFailure} from '../services/guest-file-service.js'
import {runInContainer, type ContainerRun} from './container-shell.js'
import type {LocalSink} from './local-file.js'
import type {ProcessEnd} from './run-process.js'
import type {Runtime} from './runtime.js'

/** A container, and the way there. */
export interface ContainerPlace {
  readonly runtime: Runtime
  readonly container: Guest
  readonly target: SshTarget & {readonly user: string}
  readonly batch: boolean
  readonly signal: AbortSignal
}

/** Streams a file into a container, and compares what arrived by its length. @returns its bytes */
export function pushToContainer(
  place: ContainerPlace,
  path: string,
  content: AsyncIterable<Uint8Array>,
): ResultAsync<number, Failure> {
  let bytes = 0
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      bytes += chunk.length
      yield chunk
    }
  }

  const command = ['/bin/sh', '-c', 'cat >"$1" && wc -c <"$1"', 'sh', path]
  return run(place, path, {command, stdin: counted(), stdout: 'keep'}).andThen(({stdout}) => {
    const arrived = Number(Buffer.from(stdout).toString('utf8').trim())
    return arrived === bytes ? okAsync(bytes) : errAsync(cutOff(place.container, path, arrived, bytes))
  })
}

/** Streams a file out of a container. @returns its bytes */
export function pullFromContainer(place: ContainerPlace, path: string, sink: LocalSink): ResultAsync<number, Failure> {
  let bytes = 0
  const stdout = async (chunk: Uint8Array): Promise<void> => {
    bytes += chunk.length
    await sink.write(chunk)
  }

  return run(place, path, {command: ['cat', '--', path], stdin: 'none', stdout}).map(() => bytes)
}

function run(
  {runtime, container, target, batch, signal}: ContainerPlace,
  path: string,
  plan: Pick<ContainerRun, 'command' | 'stdin' | 'stdout'>,
): ResultAsync<ProcessEnd, Failure> {
  return runInContainer(runtime, container, target, {...plan, stderr: 'keep', tty: false, batch, signal}).andThen(
    (end) =>
      end.exitCode === 0
        ? okAsync(end)
        : errAsync(
            signal.aborted
              ? failure('interrupted', `interrupted while copying ${path}`)
              : fileFailure(container, path, Buffer.from(end.stderr).toString('utf8').trim().split('\n').at(-1) ?? ''),
          ),
  )
}

function cutOff(container: Guest, path: string, arrived: number, bytes: number): Failure {
  return failure('outcome-unknown', `${path} in ${guestLabel(container)} has ${arrived} bytes instead of ${bytes}`, {
    hint: 'Someone else wrote to it, or the connection was lost. Copy it again',
    details: {path, arrived, bytes},
  })
}
