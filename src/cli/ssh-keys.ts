import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {parsePublicKeys} from '../domain/ssh-key.js'
import {readStdin, readTextFile} from './input.js'
import type {Runtime} from './runtime.js'

/** Where public SSH keys come from. Nothing is asked of the network or the agent unless it is named here. */
export interface SshKeySources {
  /** Paths of files, `-` for stdin; `~/` is the home folder. */
  readonly files?: readonly string[]
  /** Also the keys that the SSH agent holds. */
  readonly agent?: boolean
  /** `https://…`, `gh:USER` for GitHub, `gl:USER` for GitLab, `lp:USER` for Launchpad. */
  readonly urls?: readonly string[]
}

export interface KeyFetcher {
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
}

const HOSTS: Readonly<Record<string, (user: string) => string>> = {
  gh: (user) => `https://github.com/${user}.keys`,
  gl: (user) => `https://gitlab.com/${user}.keys`,
  lp: (user) => `https://launchpad.net/~${user}/+sshkeys`,
}
const FETCH_TIMEOUT_MS = 15_000
const LONGEST_REPLY = 256 * 1024
const AGENT_TIMEOUT_MS = 10_000

/**
 * All the keys of these sources, in order, each once; undefined when no source is named.
 * @returns a `usage` failure for a source without keys or with a private one, `unreachable` for an address that does not answer
 */
export function readSshKeys(
  sources: SshKeySources,
  runtime: Runtime,
  signal: AbortSignal,
): ResultAsync<readonly string[] | undefined, Failure> {
  const reading = [
    ...(sources.files ?? []).map((file) => keysFromFile(file, runtime)),
    ...(sources.agent === true ? [keysFromAgent(runtime, signal)] : []),
    ...(sources.urls ?? []).map((url) => keysFromUrl(url, {fetch: globalThis.fetch, signal})),
  ]
  return ResultAsync.combine(reading).map((lists) => (lists.length === 0 ? undefined : [...new Set(lists.flat())]))
}

function keysFromFile(file: string, runtime: Runtime): ResultAsync<string[], Failure> {
  if (file === '-') return readStdin(runtime).andThen((text) => parsePublicKeys(text, 'stdin'))
  const path = file.startsWith('~/') && runtime.env.HOME !== undefined ? runtime.env.HOME + file.slice(1) : file
  return readTextFile(path).andThen((text) => parsePublicKeys(text, `the file "${file}"`))
}

/** The agent is asked through `ssh-add -L`, which knows its protocol and where it listens. */
function keysFromAgent(runtime: Runtime, signal: AbortSignal): ResultAsync<string[], Failure> {
  const listed = async (): Promise<Result<string, Failure>> => {
    const {execFile} = await import('node:child_process')
    return new Promise((resolve) => {
      const options = {encoding: 'utf8', env: {...runtime.env}, signal, timeout: AGENT_TIMEOUT_MS} as const
      const child = execFile('ssh-add', ['-L'], options, (error, stdout) =>
        resolve(error === null ? ok(stdout) : err(agentFailure(error))),
      )
      child.stdin?.end()
    })
  }

  return new ResultAsync(listed()).andThen((text) => parsePublicKeys(text, 'the SSH agent'))
}

function agentFailure(error: Error & {code?: number | string | null}): Failure {
  const why =
    error.code === 'ENOENT'
      ? 'the program ssh-add is not there to ask it'
      : error.code === 1
        ? 'it holds no key'
        : 'no agent answers'
  return failure('usage', `--ssh-key-agent: ${why}`, {
    hint: 'Start the agent and add a key to it (ssh-add), or name a file: --ssh-key ~/.ssh/id_ed25519.pub',
  })
}

/** @param source `https://…`, or a user of one of the sites in `HOSTS` */
export function keysFromUrl(source: string, {fetch, signal}: KeyFetcher): ResultAsync<string[], Failure> {
  const url = urlOf(source)
  if (url === undefined) {
    return errAsync(
      failure('usage', `--ssh-key-url: "${source}" is not possible`, {
        hint: 'Write gh:USER, gl:USER, lp:USER or an address that begins with https://',
        details: {field: '--ssh-key-url', value: source},
      }),
    )
  }

  const get = async (): Promise<string> => {
    const reply = await fetch(url, {signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)])})
    // Whoever may answer for the address decides who may log in: never over a connection that anyone can forge.
    if (!reply.url.startsWith('https:')) throw new Error('it leads to an address without https')
    if (!reply.ok) throw new Error(`the server answered ${reply.status}`)
    const text = await reply.text()
    if (text.length > LONGEST_REPLY) throw new Error('the answer is too long')
    return text
  }

  return ResultAsync.fromPromise(get(), (error) =>
    failure('unreachable', `the keys of ${source} cannot be read: ${reasonOf(error)}`, {
      hint: 'Check the name and the network, or name a file: --ssh-key FILE',
      details: {url},
    }),
  ).andThen((text) => parsePublicKeys(text, source))
}

function urlOf(source: string): string | undefined {
  const [, host = '', user = ''] = /^(gh|gl|lp):([\w.-]+)$/.exec(source) ?? []
  if (user !== '') return HOSTS[host]?.(user)
  return URL.canParse(source) && source.startsWith('https://') ? source : undefined
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${FETCH_TIMEOUT_MS / 1000} s`
  const {cause} = error
  return cause instanceof Error ? cause.message : error.message
}
