import {Flags} from '@oclif/core'
import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import type {CloudInitSpec} from '../domain/cloud-init.js'
import {failure, type Failure} from '../domain/failure.js'
import {Secret} from '../domain/secret.js'
import {readStdin} from './input.js'
import type {Prompt} from './prompt.js'
import type {Runtime} from './runtime.js'
import {readSshKeys} from './ssh-keys.js'

const several = (description: string, helpValue: string) =>
  Flags.string({description, helpGroup: 'CLOUD-INIT', helpValue, multiple: true, multipleNonGreedy: true})
const one = (description: string, helpValue: string) => Flags.string({description, helpGroup: 'CLOUD-INIT', helpValue})

/** How a guest's first start is described; the same for `cloudinit set` and for creating a VM. */
export const cloudInitFlags = {
  user: one('User that gets the keys and the password.', 'NAME'),
  'ssh-key': several('File with public SSH keys, or - for stdin.', 'FILE'),
  'ssh-key-agent': Flags.boolean({
    description: 'Also the public keys that the SSH agent holds.',
    helpGroup: 'CLOUD-INIT',
  }),
  'ssh-key-url': several('Also the public keys of gh:USER, gl:USER, lp:USER or an https address.', 'URL'),
  'password-stdin': Flags.boolean({
    description: "Read the user's password from stdin, or ask for it on a terminal.",
    helpGroup: 'CLOUD-INIT',
  }),
  ip: several(
    'Address with its prefix, or dhcp; net1=… for another network card; a gateway may follow: ,gw=….',
    'ADDRESS',
  ),
  gateway: one('IPv4 gateway of the only address.', 'ADDRESS'),
  ip6: several('Like --ip, also auto (SLAAC).', 'ADDRESS'),
  gateway6: one('IPv6 gateway of the only address.', 'ADDRESS'),
  dns: several('Name servers.', 'ADDRESS[,ADDRESS]'),
  search: one('Search domain.', 'DOMAIN'),
  cicustom: several('File with cloud-init data of your own: user=local:snippets/web.yml.', 'KIND=VOLUME'),
  upgrade: Flags.boolean({
    allowNo: true,
    description: 'Upgrade the packages at the first start.',
    helpGroup: 'CLOUD-INIT',
  }),
}

export interface CloudInitFlags {
  readonly user?: string | undefined
  readonly 'ssh-key'?: string[] | undefined
  readonly 'ssh-key-agent': boolean
  readonly 'ssh-key-url'?: string[] | undefined
  readonly 'password-stdin': boolean
  readonly ip?: string[] | undefined
  readonly gateway?: string | undefined
  readonly ip6?: string[] | undefined
  readonly gateway6?: string | undefined
  readonly dns?: string[] | undefined
  readonly search?: string | undefined
  readonly cicustom?: string[] | undefined
  readonly upgrade?: boolean | undefined
}

/** What a command reads these flags with: `this.runtime`, `this.prompt`, `this.signal`. */
export interface CloudInitInput {
  readonly runtime: Runtime
  readonly prompt: Prompt
  readonly signal: AbortSignal
}

/** What the flags ask for. The password goes to the server as `cipassword`, and nowhere else. */
export interface CloudInitWish {
  readonly spec: CloudInitSpec
  readonly password?: Secret
}

/** Reads the flags and what they point to: key files, the agent, addresses, stdin. An empty spec when none was given. */
export function readCloudInit(flags: CloudInitFlags, input: CloudInitInput): ResultAsync<CloudInitWish, Failure> {
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
      spec: specOf(flags, sshKeys),
      ...(password !== undefined && {password}),
    })),
  )
}

/** A password from stdin, or from whoever sits at the terminal. One line end at its end is not part of it. */
export function readNewPassword({
  runtime,
  prompt,
}: Pick<CloudInitInput, 'prompt' | 'runtime'>): ResultAsync<Secret, Failure> {
  const read = runtime.stdin.isTTY
    ? prompt.secret('Password', '--password-stdin')
    : readStdin(runtime).map((text) => new Secret(text.replace(/\r?\n$/, '')))
  return read.andThen((secret) =>
    secret.reveal() === '' || /[\r\n]/.test(secret.reveal())
      ? errAsync(failure('usage', '--password-stdin: stdin holds no password', {hint: 'It has to be one line'}))
      : okAsync(secret),
  )
}

function specOf(flags: CloudInitFlags, sshKeys: readonly string[] | undefined): CloudInitSpec {
  const {user, ip, gateway, ip6, gateway6, dns, search, cicustom, upgrade} = flags
  return {
    ...(user !== undefined && {user}),
    ...(sshKeys !== undefined && {sshKeys}),
    ...(ip !== undefined && {ip}),
    ...(gateway !== undefined && {gateway}),
    ...(ip6 !== undefined && {ip6}),
    ...(gateway6 !== undefined && {gateway6}),
    ...(dns !== undefined && {dns}),
    ...(search !== undefined && {searchDomain: search}),
    ...(cicustom !== undefined && {custom: cicustom}),
    ...(upgrade !== undefined && {upgrade}),
  }
}
