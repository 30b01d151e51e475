import {ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {Runtime} from './runtime.js'

export interface ProcessPlan {
  readonly program: string
  readonly args: readonly string[]
  /** `pass`: what we are given; `none`: nothing. */
  readonly stdin: AsyncIterable<Uint8Array> | 'none' | 'pass'
  /** `pass`: goes where ours goes; `keep`: handed back at the end; a function gets it piece by piece. */
  readonly stdout: 'keep' | 'pass' | ((bytes: Uint8Array) => Promise<void>)
  readonly stderr: 'keep' | 'pass'
  /** On top of the environment we have. */
  readonly env?: Readonly<Record<string, string>>
  /** Ends it. */
  readonly signal?: AbortSignal
  /** What to do when the program is not installed. */
  readonly missing: string
}

export interface ProcessEnd {
  /** As a shell tells it: 128 and the number of the signal for a program that a signal ended. */
  readonly exitCode: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/** Runs a program of this machine and waits for its end, however that is. No shell is involved. */
export function runProcess(runtime: Runtime, plan: ProcessPlan): ResultAsync<ProcessEnd, Failure> {
  return ResultAsync.fromPromise(start(runtime, plan), (error) => {
    const {code, message} = error as NodeJS.ErrnoException
    return failure(
      'not-supported',
      `${plan.program} cannot be started: ${code === 'ENOENT' ? 'there is no such program' : message}`,
      {hint: plan.missing, details: {program: plan.program}},
    )
  })
}

async function start(runtime: Runtime, plan: ProcessPlan): Promise<ProcessEnd> {
  const [{spawn}, {constants}] = await Promise.all([import('node:child_process'), import('node:os')])
  // With the streams themselves the program can tell a terminal from a file.
  const ours = runtime.pipesChildren === true ? 'pipe' : 'inherit'
  const child = spawn(plan.program, [...plan.args], {
    cwd: runtime.cwd,
    env: {...runtime.env, ...plan.env},
    stdio: [
      plan.stdin === 'none' ? 'ignore' : plan.stdin === 'pass' ? ours : 'pipe',
      plan.stdout === 'pass' ? ours : 'pipe',
      plan.stderr === 'pass' ? ours : 'pipe',
    ],
  })
  const stop = (): void => void child.kill('SIGTERM')
  plan.signal?.addEventListener('abort', stop)
  const ended = new Promise<{code: number | null; signal: NodeJS.Signals | null}>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({code, signal}))
  })
  try {
    const [{code, signal}, stdout, stderr] = await Promise.all([
      ended,
      drain(child.stdout, plan.stdout === 'pass' ? (bytes) => runtime.stdout.write(bytes) : plan.stdout),
      drain(child.stderr, plan.stderr === 'pass' ? (bytes) => runtime.stderr.write(bytes) : 'keep'),
      feed(child.stdin, plan.stdin === 'pass' ? runtime.stdin : plan.stdin, ended),
    ])
    return {exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), stdout, stderr}
  } finally {
    plan.signal?.removeEventListener('abort', stop)
  }
}

/** What comes out, unless it goes elsewhere. A slow taker makes the program wait. */
async function drain(
  stream: AsyncIterable<Uint8Array> | null,
  take: 'keep' | ((bytes: Uint8Array) => Promise<void> | void),
): Promise<Uint8Array> {
  const kept: Uint8Array[] = []
  for await (const chunk of stream ?? []) {
    if (take === 'keep') kept.push(chunk)
    else await take(chunk)
  }

  return Buffer.concat(kept)
}

/** A program may end, or close its stdin, before it has read all: that is its own business. */
async function feed(
  sink: NodeJS.WritableStream | null,
  source: AsyncIterable<Uint8Array | string> | 'none',
  ended: Promise<unknown>,
): Promise<void> {
  if (sink === null || source === 'none') return
  let open = true
  const closed = new Promise<void>((resolve) => sink.once('error', () => resolve()))
  const over = Promise.race([ended.catch(() => {}), closed]).then(() => {
    open = false
  })
  const work = async (): Promise<void> => {
    for await (const chunk of source) {
      if (!open) return
      if (!sink.write(chunk)) await Promise.race([new Promise((resolve) => sink.once('drain', resolve)), over])
    }

    sink.end()
  }

  await Promise.race([work(), over])
}
