import {Flags} from '@oclif/core'
import path from 'node:path'
import {err, errAsync, ok, okAsync, type Result, ResultAsync} from 'neverthrow'

import type {SecretSource} from '../config/configuration.js'
import type {NewLogin} from '../config/contexts.js'
import {splitCommand} from '../config/split-command.js'
import {failure, type Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import type {Prompt} from './prompt.js'
import type {Runtime} from './runtime.js'

/** Who logs in, and where the secret comes from. There is no flag that takes the secret itself. */
export const loginFlags = {
  'token-id': Flags.string({
    description: 'API token to log in with.',
    exclusive: ['user'],
    helpGroup: 'LOGIN',
    helpValue: 'USER@REALM!NAME',
  }),
  user: Flags.string({
    description: 'User to log in as, with a password.',
    helpGroup: 'LOGIN',
    helpValue: 'USER@REALM',
  }),
  'secret-stdin': Flags.boolean({
    description: "Read the token's secret or the password from stdin.",
    exclusive: ['secret-file', 'secret-env', 'secret-command'],
    helpGroup: 'LOGIN',
  }),
  'secret-file': Flags.string({
    description: 'File with the secret in its first line (mode 0600), read at every use.',
    exclusive: ['secret-env', 'secret-command'],
    helpGroup: 'LOGIN',
    helpValue: 'FILE',
  }),
  'secret-env': Flags.string({
    description: 'Environment variable with the secret, read at every use.',
    exclusive: ['secret-command'],
    helpGroup: 'LOGIN',
    helpValue: 'NAME',
  }),
  'secret-command': Flags.string({
    description: 'Command that prints the secret, run without a shell at every use.',
    helpGroup: 'LOGIN',
    helpValue: 'COMMAND',
  }),
}

export interface LoginFlagValues {
  readonly 'token-id'?: string | undefined
  readonly user?: string | undefined
  readonly 'secret-stdin': boolean
  readonly 'secret-file'?: string | undefined
  readonly 'secret-env'?: string | undefined
  readonly 'secret-command'?: string | undefined
}

interface Asker {
  readonly prompt: Prompt
  readonly runtime: Runtime
}

/** The login that the flags describe. What they leave open is asked. */
export function loginFrom(flags: LoginFlagValues, asker: Asker): ResultAsync<NewLogin, Failure> {
  const id = flags['token-id']
  if (id !== undefined) {
    if (!/^[^\s!]+@[^\s!@]+![A-Za-z][\w.-]+$/.test(id)) {
      return errAsync(
        failure('usage', `--token-id: "${id}" is not the id of a token`, {hint: 'write it like user@realm!name'}),
      )
    }

    return secretFrom(flags, asker, `Secret of the token ${id}`).map((secret) => ({kind: 'token', id, secret}))
  }

  const user =
    flags.user === undefined
      ? asker.prompt.text('User (like root@pam):', '--user or --token-id')
      : okAsync<string, Failure>(flags.user)
  return user.andThen((name): ResultAsync<NewLogin, Failure> => {
    const username = name.trim()
    if (!/^[^\s@]+@[^\s@]+$/.test(username)) {
      return errAsync(
        failure('usage', `--user: "${username}" is not a user`, {hint: 'write it with its realm, like root@pam'}),
      )
    }

    return secretFrom(flags, asker, `Password of ${username}`).map((password) => ({
      kind: 'password',
      username,
      password,
    }))
  })
}

/** True when the secret was typed by a person, and not told where to find. */
export function wasTyped(flags: LoginFlagValues): boolean {
  return !flags['secret-stdin'] && !flags['secret-file'] && !flags['secret-env'] && !flags['secret-command']
}

function secretFrom(
  flags: LoginFlagValues,
  {prompt, runtime}: Asker,
  question: string,
): ResultAsync<SecretSource, Failure> {
  if (flags['secret-file'] !== undefined)
    return okAsync({kind: 'file', path: path.resolve(runtime.cwd, flags['secret-file'])})
  if (flags['secret-env'] !== undefined) return okAsync({kind: 'env', variable: flags['secret-env']})
  if (flags['secret-command'] !== undefined)
    return commandSource(flags['secret-command']).asyncAndThen((source) => okAsync(source))
  const secret = flags['secret-stdin']
    ? new ResultAsync(firstLineOf(runtime))
    : prompt.secret(question, '--secret-stdin, --secret-file, --secret-env or --secret-command')
  return secret.map((value) => ({kind: 'value', value}))
}

function commandSource(text: string): Result<SecretSource, Failure> {
  const argv = splitCommand(text)
  return argv === undefined || argv.length === 0
    ? err(
        failure('usage', '--secret-command has a quote without its end, or no word', {
          hint: 'write it like: --secret-command "pass show pve/homelab"',
        }),
      )
    : ok({kind: 'command', argv})
}

async function firstLineOf(runtime: Runtime): Promise<Result<Secret, Failure>> {
  let text = ''
  for await (const chunk of runtime.stdin) {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
    if (text.includes('\n')) break
  }

  const line = text.split(/\r?\n/, 1)[0] ?? ''
  return line === ''
    ? err(
        failure('usage', 'stdin holds no secret', {
          hint: 'pipe it in: pass show pve/homelab | homelab auth login … --secret-stdin',
        }),
      )
    : ok(new Secret(line))
}
