import {Flags} from '@oclif/core'
import type {Result} from 'neverthrow'

import {nameOfEscapeKey, parseEscapeKey} from '../domain/escape-key.js'
import {failure, type Failure} from '../domain/failure.js'
import type {WaitingConsole} from '../repositories/console-repository.js'
import type {ConsoleEnd, ConsoleService, ConsoleStreams} from '../services/console-service.js'
import {BaseCommand} from './base-command.js'
import {CommandError} from './command-error.js'
import {durationFlag} from './flags.js'
import {processStreams} from './raw-streams.js'
import type {RawStreams} from './runtime.js'
import {consoleService} from './wiring/console.js'

const DEFAULT_LINGER_MS = 2000

export const consoleFlags = {
  escape: Flags.custom<number | undefined>({
    helpValue: 'KEY',
    parse: async (text, _context, flag) =>
      parseEscapeKey(text).match(
        (byte) => byte,
        (failed) => {
          throw new CommandError({...failed, message: `--${flag.name}: ${failed.message}`})
        },
      ),
  })({
    default: async () => 0x1d,
    defaultHelp: async () => 'ctrl-]',
    description: 'Key that leaves the console: ctrl- and a letter or one of ] [ \\ ^ _, or none.',
    env: 'HOMELAB_ESCAPE',
  }),
  stdin: Flags.boolean({
    description: 'Type what comes from stdin, where that is no terminal, and leave at its end.',
  }),
  linger: durationFlag({
    dependsOn: ['stdin'],
    description: 'With --stdin: leave once nothing more has been shown for this time.  [default: 2s]',
  }),
}

export interface ConsoleFlags {
  readonly escape?: number | undefined
  readonly stdin: boolean
  readonly linger?: number | undefined
}

/** How a visit went. */
export interface ConsoleReport {
  readonly console: string
  readonly end: ConsoleEnd
}

const LAST_WORDS: Readonly<Record<ConsoleEnd, string>> = {
  closed: 'ended',
  detached: 'left; what runs there goes on',
  'input-ended': 'left at the end of the input',
}

/** Sits down in front of a terminal somewhere else. stdout is what that shows, and nothing besides. */
export abstract class ConsoleCommand extends BaseCommand<ConsoleReport> {
  // oclif collects inherited statics only up to the first class that has none of its own.
  static override flags: typeof consoleFlags = consoleFlags

  /** What to say to somebody who sees nothing at first. */
  protected readonly advice: string | undefined = undefined

  /** @param open opens the console that the arguments name */
  protected async sit(
    flags: ConsoleFlags,
    open: (service: ConsoleService) => PromiseLike<Result<WaitingConsole, Failure>>,
  ): Promise<ConsoleReport> {
    const streams = this.runtime.rawStreams?.() ?? processStreams()
    this.requireTerminal(streams, flags)
    const service = await this.use(consoleService)
    const waiting = await this.unwrap(open(service))
    const escape = flags.stdin ? undefined : flags.escape
    const end = await this.unwrap(
      service.visit(waiting, this.consoleStreams(streams, waiting, escape, flags.stdin), {
        escape,
        lingerMs: flags.stdin ? (flags.linger ?? DEFAULT_LINGER_MS) : 0,
        signal: this.signal,
      }),
    )
    this.note(`${waiting.what}: ${LAST_WORDS[end]}`)
    return this.present({console: waiting.what, end}, {text: ''})
  }

  private requireTerminal(streams: RawStreams, flags: ConsoleFlags): void {
    if (this.format !== 'table') {
      this.fail(
        failure('usage', 'a console prints what it shows, not a document', {
          hint: 'leave out --json, --jq and --output',
        }),
      )
    }

    if (flags.stdin) return
    const why = this.globals['no-input'] ? '--no-input forbids it' : streams.isTerminal ? undefined : 'stdin is none'
    if (why === undefined) return
    this.fail(
      failure('usage', `a console wants a terminal to type at, and ${why}`, {
        hint: 'Run it on a terminal, or let it type what comes from stdin: --stdin',
      }),
    )
  }

  private consoleStreams(
    streams: RawStreams,
    {what}: WaitingConsole,
    escape: number | undefined,
    piped: boolean,
  ): ConsoleStreams {
    return {
      begin: () => {
        this.progress.stop()
        const restore = piped ? undefined : streams.raw()
        const leave = escape === undefined ? '' : `. Leave it with ${nameOfEscapeKey(escape)}`
        this.note(`connected to ${what}${leave}${this.advice === undefined ? '' : `. ${this.advice}`}`)
        if (restore === undefined) return () => {}
        // A raw terminal does not go back to the first column by itself.
        if (!this.globals.quiet) this.runtime.stderr.write('\r')
        return () => {
          restore()
          // What is said next starts on a line of its own.
          this.runtime.stderr.write('\n')
        }
      },
      onInput: (take) => streams.onInput(take),
      write: (bytes) => streams.write(bytes),
      size: () => streams.size(),
      onResize: (changed) => streams.onResize(changed),
    }
  }
}
