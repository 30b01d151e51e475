import path from 'node:path'
import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import {resolveSecret} from '../config/resolve-secret.js'
import {failure, type Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import {readStdin, readTextFile} from './input.js'
import type {Prompt} from './prompt.js'
import type {Runtime} from './runtime.js'
import type {StorageFlagValues} from './storage-flags.js'

/** Secrets of storages by the API's names, and the flags that say in which file they are. */
const FILES: Readonly<Record<string, string>> = {
  keyring: 'keyring-file',
  'encryption-key': 'encryption-key-file',
  'master-pubkey': 'master-pubkey-file',
}

interface Asker {
  readonly prompt: Prompt
  readonly runtime: Runtime
}

/**
 * Passwords and keys from where the flags say they are.
 * @param question asked at the terminal where no flag says where the password is; undefined: then there is none
 */
export function secretsFrom(
  flags: StorageFlagValues,
  question: string | undefined,
  {prompt, runtime}: Asker,
): ResultAsync<Readonly<Record<string, Secret>>, Failure> {
  const password = passwordFrom(flags, question, {prompt, runtime}).map((secret): [string, Secret][] =>
    secret === undefined ? [] : [['password', secret]],
  )
  const files = Object.entries(FILES).flatMap(([option, name]) => {
    const file = flags[name]
    if (typeof file !== 'string') return []
    return readTextFile(path.resolve(runtime.cwd, file)).map((text): [string, Secret] => [
      option,
      // The public master key goes over the wire in base64.
      new Secret(option === 'master-pubkey' ? Buffer.from(text).toString('base64') : text.trim()),
    ])
  })
  return ResultAsync.combine([password, ResultAsync.combine(files)] as const).map(([first, rest]) =>
    Object.fromEntries([...first, ...rest]),
  )
}

/** Where a line for a shell gets its secrets from: a variable for the password, the files as they are called. */
export function nativeSecrets(flags: StorageFlagValues, password: boolean): Record<string, Secret | string> {
  const files = Object.entries(FILES).flatMap(([option, name]) => {
    const file = flags[name]
    return typeof file === 'string' ? [[option, file] as const] : []
  })
  return {...(password && {password: new Secret('')}), ...Object.fromEntries(files)}
}

function passwordFrom(
  flags: StorageFlagValues,
  question: string | undefined,
  {prompt, runtime}: Asker,
): ResultAsync<Secret | undefined, Failure> {
  const file = flags['password-file']
  if (file !== undefined)
    return resolveSecret(
      {kind: 'file', path: path.resolve(runtime.cwd, file)},
      {env: runtime.env, uid: runtime.uid},
    ).mapErr((failed) => notAPasswordFile(failed))
  if (flags['password-stdin'] === true) return lineFrom(runtime)
  return question === undefined ? okAsync(undefined) : prompt.secret(question, '--password-stdin or --password-file')
}

/** The file was named on the command line, not in the configuration. */
function notAPasswordFile({hint, message, ...rest}: Failure): Failure {
  const remedy = hint?.startsWith('chmod') === true ? hint : 'It has to hold the password in its first line'
  return {...rest, kind: 'usage', message: `--password-file: ${message}`, hint: remedy}
}

function lineFrom(runtime: Runtime): ResultAsync<Secret, Failure> {
  return readStdin(runtime)
    .map((text) => text.replace(/\r?\n$/, ''))
    .andThen((text) =>
      text === '' || /[\r\n]/.test(text)
        ? errAsync(failure('usage', '--password-stdin: stdin holds no password', {hint: 'It has to be one line'}))
        : okAsync(new Secret(text)),
    )
}
