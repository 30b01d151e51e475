import {Command, Errors, type Interfaces} from '@oclif/core'
import type {Result, ResultAsync} from 'neverthrow'

import type {ContextSettings} from '../config/configuration.js'
import type {Surroundings} from '../config/locations.js'
import {exitCodeOf, failure, type Failure} from '../domain/failure.js'
import type {TaskReport} from '../domain/task.js'
import type {Connection} from '../proxmox/connection.js'
import type {Patience} from '../services/patience.js'
import {connect, loadContext} from './compose.js'
import {createServices, type Services, type Wiring} from './services.js'
import {CommandError} from './command-error.js'
import {ConnectionNotes} from './connection-notes.js'
import {failureOf} from './failure-of.js'
import {globalFlags, type GlobalFlags} from './global-flags.js'
import {Interruption} from './interruption.js'
import {wantsJson, type OutputFormat} from './output/format.js'
import {render} from './output/render.js'
import {reportFailure, reportLine} from './output/report.js'
import type {View} from './output/view.js'
import {nonGreedy, settleFlags, withoutStdin} from './parser-input.js'
import {patienceFrom, type WaitFlagValues} from './patience.js'
import {createProgress, type Progress} from './progress.js'
import {createPrompt, type Prompt} from './prompt.js'
import {type Runtime} from './runtime.js'
import {runtimeOf} from './runtime-of.js'
import {surroundingsOf, timingOf} from './surroundings.js'

/** What oclif's parser hands back, by name. */
type Values = Record<string, unknown>

/** What a list command's flags say about its table. */
interface TableFlags {
  readonly columns?: readonly string[]
  readonly sort?: string
  readonly 'no-header'?: boolean
}

/**
 * What every command shares: the global flags, one JSON document or one human output per run, errors and their exit codes, signals.
 * `run()` returns the JSON object; `present` says how people see it.
 */
export abstract class BaseCommand<R extends object = object> extends Command {
  static override baseFlags = globalFlags

  protected readonly runtime: Runtime = runtimeOf(this.config)
  /** Knows which tasks run; services report to it through `this.interruption`. */
  protected readonly interruption = new Interruption()
  #flags: (GlobalFlags & TableFlags) | undefined
  #view: View<unknown> = {}
  #exitCode = 0
  #settings: Promise<Result<ContextSettings, Failure>> | undefined
  #connection: Promise<Connection> | undefined
  #services: Services | undefined
  readonly #connectionNotes = new ConnectionNotes((text) => this.note(text))
  readonly #closers: (() => Promise<void> | void)[] = []

  /** oclif loads its configuration once more for every command; the one it just used does as well. */
  static override async run<T extends Command>(
    this: new (argv: string[], config: Interfaces.Config) => T,
    argv?: string[],
    options?: Interfaces.LoadOptions,
  ): Promise<ReturnType<T['run']>> {
    if (isLoadedConfig(options)) {
      const command = new this(argv ?? [], options) as unknown as BaseCommand
      return command._run() as Promise<ReturnType<T['run']>>
    }

    return Command.run.call(this as never, argv, options) as Promise<ReturnType<T['run']>>
  }

  abstract override run(): Promise<R>

  /** The global flags' values, once `parse` has run. */
  protected get globals(): GlobalFlags {
    if (!this.#flags) throw new Error('parse() comes first')
    return this.#flags
  }

  /** Aborted on Ctrl-C, SIGTERM, and when the reader of stdout goes away. Every service takes it. */
  protected get signal(): AbortSignal {
    return this.interruption.signal
  }

  /** Progress on stderr: animated on a terminal, plain lines for scripts. */
  protected get progress(): Progress {
    const progress = createProgress(this.runtime, this.globals)
    Object.defineProperty(this, 'progress', {value: progress})
    this.onClose(() => progress.stop())
    return progress
  }

  /** Questions. Without a terminal, or with `--no-input`, a missing answer is a usage error. */
  protected get prompt(): Prompt {
    this.progress.stop()
    return createPrompt(this.runtime, {noInput: this.globals['no-input'], signal: this.signal})
  }

  /** Says how people see the result; hands it back, so that a command can end with `return this.present(…)`. */
  protected present<T extends R, Row = T extends readonly (infer Item)[] ? Item : T>(
    value: T,
    view: View<Row> = {},
  ): T {
    this.#view = view as View<unknown>
    return value
  }

  /** The value of a Result; a Failure ends the command with it. */
  protected unwrap<T>(result: Result<T, Failure>): T
  protected unwrap<T>(result: PromiseLike<Result<T, Failure>> | ResultAsync<T, Failure>): Promise<T>
  protected unwrap<T>(result: PromiseLike<Result<T, Failure>> | Result<T, Failure>): Promise<T> | T {
    if ('then' in result) return Promise.resolve(result).then((settled) => this.unwrap(settled))
    if (result.isErr()) throw new CommandError(result.error)
    return result.value
  }

  /** Ends the command with this failure. */
  protected fail(failed: Failure): never {
    throw new CommandError(failed)
  }

  /** Where configuration and state of this run lie. */
  protected get surroundings(): Surroundings {
    return surroundingsOf(this.runtime, this.config)
  }

  /** The context this command works with. What reaches a cluster is loaded from here on: help and the like need none of it. */
  protected async settings(): Promise<ContextSettings> {
    this.#settings ??= Promise.resolve(loadContext(this.surroundings, this.globals.context))
    return this.unwrap(await this.#settings)
  }

  /** The way to the context's cluster; closed when the command ends. */
  protected async connection(): Promise<Connection> {
    this.#connection ??= this.connectTo(await this.settings())
    return this.#connection
  }

  /** A connection that closes when the command ends. */
  protected async connectTo(context: ContextSettings): Promise<Connection> {
    const {prompt, runtime, signal, surroundings} = this
    const connection = await this.unwrap(
      connect(context, {debug: this.globals.debug, prompt, runtime, signal, surroundings}),
    )
    this.onClose(() => connection.close())
    return connection
  }

  /** The use cases on this context's cluster. */
  protected async services(): Promise<Services> {
    const connection = await this.connection()
    this.#services ??= createServices(connection, timingOf(this.runtime))
    return this.#services
  }

  /** The services of one noun, from `wiring/`. */
  protected async use<T>(wiring: Wiring<T>): Promise<T> {
    return wiring(await this.services())
  }

  /** The exit code of a run whose result is printed like a success: partial, differences, a check that is false. */
  protected endWith(code: number): void {
    this.#exitCode = code
  }

  /** What the wait flags, Ctrl-C and the progress display mean to a service. */
  protected patience(flags: WaitFlagValues): Patience {
    const {interruption, progress, runtime} = this
    return patienceFrom(flags, {runtime, interruption, progress, connection: this.#connectionNotes})
  }

  /** Under `--warnings-as-errors`, a task that ended with warnings ends the command with exit 8. */
  protected checkWarnings(
    flags: {readonly 'warnings-as-errors': boolean},
    tasks: readonly TaskReport[],
    result: object,
  ): void {
    const warned = tasks.find(({outcome}) => outcome === 'warnings')
    if (!flags['warnings-as-errors'] || warned === undefined) return
    this.fail(
      failure('warnings-as-errors', `done, but with warnings: ${warned.exitStatus}`, {
        hint: `See them with: homelab proxmox task log ${warned.upid}`,
        upid: warned.upid,
        details: {result},
      }),
    )
  }

  /** A line of data on stdout, at once; for output that streams. Says nothing in the formats that print the whole result at the end. */
  protected line(text: string): void {
    if (this.format === 'table') this.runtime.stdout.write(`${text}\n`)
  }

  /** A remark on stderr, unless `--quiet`. */
  protected note(text: string): void {
    if (!this.globals.quiet) this.progress.note(text)
  }

  /** A remark on stderr under `--verbose`. */
  protected detail(text: string): void {
    if (this.globals.verbose || this.globals.debug) this.progress.note(text)
  }

  /** `warning: …` on stderr, unless `--quiet`. */
  protected async warning(text: string): Promise<void> {
    if (!this.globals.quiet) await reportLine('warning', text, this.runtime)
  }

  /** Says so where a list is empty because the login has no rights: Proxmox VE leaves out what may not be seen. */
  protected async warnIfBlind(rows: readonly unknown[]): Promise<void> {
    if (rows.length > 0) return
    const {visibility} = (await this.services()).parts
    const remark = await visibility.remark()
    if (remark !== undefined) await this.warning(remark)
  }

  /** Called when the command is over, however it ended; the last one registered first. */
  protected onClose(close: () => Promise<void> | void): void {
    this.#closers.push(close)
  }

  /** The format of this run's output. */
  protected get format(): OutputFormat {
    const {jq, json, output} = this.globals
    return json || jq !== undefined ? 'json' : (output ?? 'table')
  }

  /** oclif must not print JSON by itself: `_run` does, in every format. */
  override jsonEnabled(): boolean {
    return false
  }

  override async _run<T>(): Promise<T> {
    let result: R | undefined
    let failed: unknown
    this.interruption.watch(this.runtime)
    try {
      await this.init()
      result = await this.#runOrStop()
      await this.#emit(result)
      this.runtime.setExitCode(this.#exitCode)
    } catch (error) {
      failed = error
      await this.catch(error as Error)
    } finally {
      this.interruption.unwatch()
      for (const close of this.#closers.splice(0).reverse()) await close()
      await this.finally(failed as Error | undefined)
    }

    return result as T
  }

  protected override async catch(error: Error): Promise<void> {
    // this.exit(): whoever calls it has said all there is to say.
    if (error instanceof Errors.ExitError) throw error
    if (this.interruption.stopped === 'stdout-closed') return
    const failed = this.#failureFor(error)
    if (this.#flags) this.progress.stop()
    if (this.#flags?.debug ?? this.argv.includes('--debug')) this.#trace(error)
    await reportFailure(
      failed,
      this.runtime,
      this.#flags ? this.format === 'json' : wantsJson(this.argv, this.runtime.env),
    )
    this.runtime.setExitCode(exitCodeOf(failed))
  }

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv?: string[],
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    const input = options ?? (this.ctor as Interfaces.Input<F, B, A>)
    const parsed = await super.parse<F, B, A>(
      {
        ...input,
        // Static members that a command inherits are not its own, so the line above misses them.
        ...(input.strict !== undefined && {strict: input.strict}),
        args: withoutStdin(input.args),
        flags: nonGreedy(input.flags),
        baseFlags: nonGreedy(input.baseFlags),
      } as Interfaces.Input<F, B, A>,
      argv,
    )
    settleFlags(parsed.flags, {...input.baseFlags, ...input.flags} as Interfaces.FlagInput)
    const flags = parsed.flags as unknown as GlobalFlags & TableFlags
    if (flags.json && flags.output !== undefined && flags.output !== 'json' && this.#flagWasTyped('output')) {
      this.fail(failure('usage', `--json contradicts --output ${flags.output}`, {hint: 'leave one of them out'}))
    }

    this.#flags = flags
    return parsed
  }

  /** Waits for `run()`; when the user wants to stop, not longer than the grace time. */
  async #runOrStop(): Promise<R> {
    const work = this.run()
    const first = await this.interruption.orStopped(work)
    if (first !== 'grace-over') return first
    work.catch(() => {})
    this.onClose(() =>
      this.runtime.exit(
        this.interruption.stopped === 'terminated' ? 143 : this.interruption.stopped === 'interrupted' ? 130 : 0,
      ),
    )
    throw new CommandError(this.interruption.asFailure())
  }

  async #emit(result: R): Promise<void> {
    if (this.#flags) this.progress.stop()
    const {stdout} = this.runtime
    const text = await render(result, this.#view, {
      format: this.format,
      header: !(this.#flags?.['no-header'] ?? false),
      ...(this.#flags?.jq === undefined ? {} : {jq: this.#flags.jq}),
      ...(this.#flags?.columns === undefined ? {} : {columns: this.#flags.columns}),
      ...(this.#flags?.sort === undefined ? {} : {sort: this.#flags.sort}),
      ...(stdout.isTTY && stdout.columns ? {terminalWidth: stdout.columns} : {}),
    })
    const output = this.unwrap(text)
    if (output !== '') stdout.write(output)
    const isEmptyList = (this.#view.rows ?? result) as unknown
    if (
      this.format === 'table' &&
      this.#view.empty !== undefined &&
      Array.isArray(isEmptyList) &&
      isEmptyList.length === 0
    ) {
      this.note(this.#view.empty)
    }
  }

  #failureFor(error: unknown): Failure {
    const id = (this.id ?? '').replaceAll(':', ' ')
    const flags = Object.keys({...this.ctor.flags, ...this.ctor.baseFlags})
    const failed = failureOf(error, {command: `${this.config.bin} ${id}`.trim(), flags})
    return this.interruption.stopped === undefined
      ? this.interruption.withRunning(failed)
      : this.interruption.asFailure(failed)
  }

  #trace(error: unknown): void {
    if (!(error instanceof Error)) return
    this.runtime.stderr.write(`${error.stack ?? error.message}\n`)
    if (error.cause instanceof Error)
      this.runtime.stderr.write(`caused by: ${error.cause.stack ?? error.cause.message}\n`)
  }

  #flagWasTyped(name: string): boolean {
    return this.argv.some((word) => word === `--${name}` || word.startsWith(`--${name}=`) || /^-[qvny]*o/.test(word))
  }
}

function isLoadedConfig(options: Interfaces.LoadOptions | undefined): options is Interfaces.Config {
  return typeof options === 'object' && options !== null && 'runCommand' in options
}
