import {Args, Flags} from '@oclif/core'
import {err, ok, type Result, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {parseUpid} from '../domain/upid.js'
import {BaseCommand} from './base-command.js'
import {dryRunFlag, waitFlags} from './flags.js'
import {readStdin, readTextFile} from './input.js'

type Method = 'delete' | 'get' | 'post' | 'put'

export const apiFlags = {
  data: Flags.string({
    char: 'd',
    description: 'A parameter. A repeated key makes a list; key=@FILE reads the value from a file, key=@- from stdin.',
    helpValue: 'key=value',
    multiple: true,
    multipleNonGreedy: true,
  }),
}

export const apiArgs = {
  path: Args.string({description: 'Path below /api2/json, as /nodes/pve1/status.', required: true}),
}
export const apiWriteFlags = {
  ...apiFlags,
  ...dryRunFlag,
  ...waitFlags,
  wait: Flags.boolean({description: 'If the answer is a UPID, wait until the task has ended.'}),
}

interface ApiFlagValues {
  readonly data?: string[] | undefined
  readonly wait?: boolean
  readonly 'dry-run'?: boolean
  readonly timeout?: number | undefined
  readonly 'poll-interval'?: number | undefined
}

/** The escape hatch: any call of the API, with the connection, the errors and the output of every other command. */
export abstract class ApiCommand extends BaseCommand {
  protected async send(method: Method, path: string, flags: ApiFlagValues): Promise<object> {
    const params = this.unwrap(parseParams(flags.data ?? []))
    for (const [key, value] of Object.entries(params)) {
      if (typeof value === 'string' && value.startsWith('@'))
        params[key] = await this.unwrap(this.readValue(value.slice(1)))
    }

    const clean = this.unwrap(readPath(path))
    if (flags['dry-run'] === true) {
      const keys = Object.keys(params)
      return this.present(
        {dryRun: true, method: method.toUpperCase(), path: clean, parameters: keys},
        {text: `would send ${method.toUpperCase()} ${clean}${keys.length === 0 ? '' : ` with ${keys.join(', ')}`}`},
      )
    }

    const services = await this.services()
    const data = await this.unwrap(services.api.send(method, clean, params))
    if (flags.wait === true && typeof data === 'string' && parseUpid(data) !== undefined) {
      const task = await this.unwrap(
        services.tasks.waitOk(data, `${method.toUpperCase()} ${clean}`, this.patience(flags)),
      )
      return this.present(task, {text: `${data} ended with ${task.exitStatus}`})
    }

    // The document is what the server sent, be it an object, a list, a text or null: as in the API's own `data`.
    const text =
      typeof data === 'string' ? data : data === null || data === undefined ? '' : JSON.stringify(data, null, 2)
    return this.present((data ?? null) as object, {text})
  }

  private readValue(source: string): ResultAsync<string, Failure> {
    return source === '-' ? readStdin(this.runtime) : readTextFile(source)
  }
}

/** `key=value` pairs; a repeated key makes a list. */
export function parseParams(pairs: readonly string[]): Result<Record<string, string | string[]>, Failure> {
  const params: Record<string, string | string[]> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) {
      return err(
        failure('usage', `--data takes key=value, and one of its values has ${at === 0 ? 'no key' : 'no "="'}`, {
          hint: 'Write -d key=value, once per parameter',
        }),
      )
    }

    const key = pair.slice(0, at)
    const value = pair.slice(at + 1)
    const before = params[key]
    params[key] = before === undefined ? value : [...(typeof before === 'string' ? [before] : before), value]
  }

  return ok(params)
}

/** A path as the API viewer, the browser or a log has it: with or without `/api2/json` and the first slash. */
function readPath(text: string): Result<string, Failure> {
  if (/^https?:/i.test(text))
    return err(
      failure('usage', 'the path is an address', {hint: 'Leave the server out, which the context names: /nodes'}),
    )
  if (text.includes('?'))
    return err(failure('usage', 'the path has a "?"', {hint: 'Give parameters with -d key=value, once per parameter'}))
  const below = text.replace(/^\/?api2\/json(?=\/|$)/, '')
  return ok(below.startsWith('/') ? below : `/${below}`)
}
