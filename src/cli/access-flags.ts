import {Flags} from '@oclif/core'
import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import {readStdin} from './input.js'
import type {Prompt} from './prompt.js'
import type {Runtime} from './runtime.js'
import {readSshKeys} from './ssh-keys.js'
import {textsFlag} from './text-flags.js'

/**
 * Keys and password of an account in a guest.
 * @param whose `root's`
 */
export const accessFlags = (helpGroup: string, whose: string) => ({
  'ssh-key': textsFlag('File with public SSH keys, or - for stdin.', 'FILE', helpGroup),
  'ssh-key-agent': Flags.boolean({description: 'Also the public keys that the SSH agent holds.', helpGroup}),
  'ssh-key-url': textsFlag('Also the public keys of gh:USER, gl:USER, lp:USER or an https address.', 'URL', helpGroup),
  'password-stdin': Flags.boolean({
    description: `Read ${whose} password from stdin, or ask for it on a terminal.`,
    helpGroup,
  }),
})

export interface AccessFlags {
  readonly 'ssh-key'?: string[] | undefined
  readonly 'ssh-key-agent': boolean
  readonly 'ssh-key-url'?: string[] | undefined
  readonly 'password-stdin': boolean
}

/** What a command reads these flags with: `this.runtime`, `this.prompt`, `this.signal`. */
export interface AccessInput {
  readonly runtime: Runtime
  readonly prompt: Prompt
  readonly signal: AbortSignal
}

export interface AccessWish {
  /** Undefined: no flag is about keys. */
  readonly sshKeys?: readonly string[]
  readonly password?: Secret
}

/** Reads what the flags point to: key files, the agent, addresses, stdin. */
export function readAccess(flags: AccessFlags, input: AccessInput): ResultAsync<AccessWish, Failure> {
  const files = flags['ssh-key'] ?? []
  if (files.filter((file) => file === '-').length + (flags['password-stdin'] ? 1 : 0) > 1) {
    return errAsync(
      failure('usage', 'stdin can be read for one thing only', {
        hint: 'Put the keys into a file: --ssh-key FILE',
        details: {field: '--ssh-key'},
      }),
    )
  }

  const sources = {files, agent: flags['ssh-key-agent'], urls: flags['ssh-key-url'] ?? []}
  return readSshKeys(sources, input.runtime, input.signal).andThen((sshKeys) =>
    (flags['password-stdin'] ? readNewPassword(input) : okAsync(undefined)).map((password) => ({
      ...(sshKeys !== undefined && {sshKeys}),
      ...(password !== undefined && {password}),
    })),
  )
}

/** A password from stdin, or from whoever sits at the terminal. One line end at its end is not part of it. */
export function readNewPassword({
  runtime,
  prompt,
}: Pick<AccessInput, 'prompt' | 'runtime'>): ResultAsync<Secret, Failure> {
  const read = runtime.stdin.isTTY
    ? prompt.secret('Password', '--password-stdin')
    : readStdin(runtime).map((text) => new Secret(text.replace(/\r?\n$/, '')))
  return read.andThen((secret) =>
    secret.reveal() === '' || /[\r\n]/.test(secret.reveal())
      ? errAsync(failure('usage', '--password-stdin: stdin holds no password', {hint: 'It has to be one line'}))
      : okAsync(secret),
  )
}
