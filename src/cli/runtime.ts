/** A stream the program writes to. `columns` is the terminal's width, absent when it is none. */
export interface OutputStream {
  readonly isTTY: boolean
  readonly columns?: number
  /** Text goes out in UTF-8, bytes as they are. */
  write(data: Uint8Array | string): void
}

export interface InputStream extends AsyncIterable<Uint8Array | string> {
  readonly isTTY: boolean
  /** Its file descriptor, where it has one. */
  readonly fd?: number
  /** Reads no more of it. */
  destroy?(): void
}

/** The streams of the process as they are: bytes, and the terminal they may be. */
export interface RawStreams {
  /** Whether what is typed comes from a terminal. */
  readonly isTerminal: boolean
  /** Takes every key as it is, until the returned function is called: no echo, no line editing, no signals. */
  raw(): () => void
  /** Calls back with what comes in, and with undefined at its end. The next piece waits until the promise for the last one is settled. */
  onInput(take: (bytes: Uint8Array | undefined) => Promise<void>): () => void
  /** A promise when there is so much to write that it has to be waited for. */
  write(bytes: Uint8Array): Promise<void> | undefined
  size(): {readonly columns: number; readonly rows: number} | undefined
  onResize(changed: () => void): () => void
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

/** Everything a command takes from the process it runs in. Tests hand in their own. */
export interface Runtime {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly cwd: string
  /** The user's numeric id; absent on systems without one. */
  readonly uid?: number
  /** Programs that we start get pipes to our streams instead of the streams of the process; for tests, whose streams are others. */
  readonly pipesChildren?: boolean
  /** For a console; those of the process where a test has none of its own. */
  rawStreams?(): RawStreams
  /** Milliseconds since the epoch. */
  now(): number
  /** A number in [0, 1), for jitter and ids that are no secret. */
  random(): number
  /** The code the process ends with once nothing is left to do. */
  setExitCode(code: number): void
  /** Ends the process at once. */
  exit(code: number): void
  /** Calls back on every such signal until the returned function is called. */
  onSignal(signal: StopSignal, handler: () => void): () => void
  /** Calls back when the reader of stdout has gone away (`| head -1`), until the returned function is called. */
  onStdoutClosed(handler: () => void): () => void
}

/** The runtime of a real process. */
export function processRuntime(): Runtime {
  return {
    env: process.env,
    get stdin() {
      return Object.assign(process.stdin, {isTTY: Boolean(process.stdin.isTTY)})
    },
    stdout: outputStream(() => process.stdout),
    stderr: outputStream(() => process.stderr),
    cwd: process.cwd(),
    ...(process.getuid ? {uid: process.getuid()} : {}),
    now: () => Date.now(),
    random: () => Math.random(),
    setExitCode(code) {
      process.exitCode = code
    },
    exit: (code) => process.exit(code),
    onSignal(signal, handler) {
      process.on(signal, handler)
      return () => process.off(signal, handler)
    },
    onStdoutClosed(handler) {
      const onError = (error: NodeJS.ErrnoException) => {
        if (error.code === 'EPIPE') handler()
      }
      process.stdout.on('error', onError)
      return () => process.stdout.off('error', onError)
    },
  }
}

function outputStream(stream: () => NodeJS.WriteStream): OutputStream {
  return {
    get isTTY() {
      return Boolean(stream().isTTY)
    },
    get columns() {
      return stream().columns
    },
    write(data) {
      stream().write(data)
    },
  }
}

/** Whether to colour what goes to this stream: `NO_COLOR` says no, `FORCE_COLOR` says yes, otherwise a terminal does. */
export function wantsColor(stream: OutputStream, env: Runtime['env']): boolean {
  if (env['NO_COLOR']) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return stream.isTTY && env['TERM'] !== 'dumb'
}
