import {wantsColor, type Runtime} from './runtime.js'

/** What is going on, for people; on stderr. One thing at a time: `start` ends what came before. */
export interface Progress {
  start(text: string): void
  /**
   * What is going on now, also where nothing was started.
   * @param fraction - how much is done, 0..1, when known
   */
  update(text: string, fraction?: number): void
  succeed(text?: string): void
  fail(text?: string): void
  /** A line that stays. */
  note(text: string): void
  /** Takes the animation away and leaves nothing behind. */
  stop(): void
}

export interface ProgressOptions {
  readonly quiet: boolean
  readonly verbose: boolean
}

/** Animated on a terminal, lines elsewhere, nothing under `--quiet`. */
export function createProgress(runtime: Runtime, options: ProgressOptions): Progress {
  if (options.quiet) return new SilentProgress()
  // Some pseudo-terminals have no size, and ora never stops counting lines there.
  const animate = runtime.stderr.isTTY && (runtime.stderr.columns ?? 0) > 0 && runtime.env.TERM !== 'dumb'
  return animate ? new TerminalProgress(runtime) : new ScriptProgress(runtime, options.verbose)
}

class SilentProgress implements Progress {
  start(): void {}
  update(): void {}
  succeed(): void {}
  fail(): void {}
  note(): void {}
  stop(): void {}
}

/** For logs and pipes: notes always, steps under `--verbose`, percentages never. */
class ScriptProgress implements Progress {
  readonly #runtime: Runtime
  readonly #verbose: boolean
  #current = ''

  constructor(runtime: Runtime, verbose: boolean) {
    this.#runtime = runtime
    this.#verbose = verbose
  }

  start(text: string): void {
    this.#current = text
    this.#step(text)
  }

  update(text: string): void {
    if (text === this.#current) return
    this.#current = text
    this.#step(text)
  }

  succeed(text = `${this.#current}: done`): void {
    this.#step(text)
  }

  fail(text = `${this.#current}: failed`): void {
    this.#step(text)
  }

  note(text: string): void {
    this.#runtime.stderr.write(`${text}\n`)
  }

  stop(): void {}

  #step(text: string): void {
    if (this.#verbose) this.#runtime.stderr.write(`${text}\n`)
  }
}

type Spinner = import('ora').Ora

/** ora, loaded when the first step starts; whatever happened until it is there is shown then. */
class TerminalProgress implements Progress {
  readonly #runtime: Runtime
  #spinner: Spinner | undefined
  #loading = false
  #text: string | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  start(text: string): void {
    this.#text = text
    if (this.#spinner) this.#spinner.start(text)
    else this.#load()
  }

  update(text: string, fraction?: number): void {
    this.#text = fraction === undefined ? text : `${text} ${Math.floor(fraction * 100)}%`
    if (!this.#spinner) this.#load()
    else if (this.#spinner.isSpinning) this.#spinner.text = this.#text
    else this.#spinner.start(this.#text)
  }

  succeed(text = this.#text): void {
    this.#end('✔', text)
  }

  fail(text = this.#text): void {
    this.#end('✖', text)
  }

  note(text: string): void {
    const running = this.#spinner?.isSpinning ?? false
    this.#spinner?.stop()
    this.#runtime.stderr.write(`${text}\n`)
    if (running) this.#spinner?.start()
  }

  stop(): void {
    this.#text = undefined
    this.#spinner?.stop()
  }

  #end(symbol: string, text: string | undefined): void {
    this.stop()
    if (text !== undefined) this.#runtime.stderr.write(`${symbol} ${text}\n`)
  }

  #load(): void {
    if (this.#loading) return
    this.#loading = true
    void import('ora').then(({default: ora}) => {
      const color = wantsColor(this.#runtime.stderr, this.#runtime.env)
      // discardStdin off: ora would otherwise swallow Ctrl-C handling and typed-ahead input.
      this.#spinner = ora({discardStdin: false, isEnabled: true, ...(color ? {} : {color: false as never})})
      if (this.#text !== undefined) this.#spinner.start(this.#text)
    })
  }
}
