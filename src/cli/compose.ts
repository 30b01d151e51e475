import {createHash} from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import {err, errAsync, ok, type Result, ResultAsync} from 'neverthrow'

import type {ContextSettings, Login, TrustSetting} from '../config/configuration.js'
import {stateFolder, type Surroundings} from '../config/locations.js'
import {loadConfiguration} from '../config/load-configuration.js'
import {ENVIRONMENT_CONTEXT, resolveContext} from '../config/resolve-context.js'
import {resolveSecret} from '../config/resolve-secret.js'
import {failure, type Failure} from '../domain/failure.js'
import {openConnection, type Connection} from '../proxmox/connection.js'
import {endpointMemoryFile} from '../proxmox/endpoint-memory-file.js'
import type {AskSecondFactor} from '../proxmox/second-factor.js'
import type {Credentials, Trust} from '../proxmox/settings.js'
import type {Prompt} from './prompt.js'
import type {Runtime} from './runtime.js'
import {timingOf} from './surroundings.js'

/** What a command brings along to reach a cluster. */
export interface Caller {
  readonly runtime: Runtime
  readonly surroundings: Surroundings
  readonly prompt: Prompt
  readonly signal: AbortSignal
  /** Trace requests on stderr. */
  readonly debug: boolean
}

/** The context that flags, environment and files choose. */
export function loadContext(
  surroundings: Surroundings,
  name: string | undefined,
): ResultAsync<ContextSettings, Failure> {
  return loadConfiguration(surroundings).andThen((configuration) =>
    resolveContext(configuration, surroundings.env, name),
  )
}

/** Opens the way to a context's cluster: its trust and credentials are fetched from where they are kept; nothing is sent yet. */
export function connect(context: ContextSettings, caller: Caller): ResultAsync<Connection, Failure> {
  if (context.endpoints.length === 0) {
    return errAsync(
      failure('config-invalid', `the context ${context.name} has no endpoints`, {hint: 'add the address of a node'}),
    )
  }

  return new ResultAsync(Promise.resolve(trustOf(context.trust)))
    .andThen((trust) => credentialsOf(context, caller).map((credentials) => ({credentials, trust})))
    .map(({credentials, trust}) => {
      const {debug, runtime, signal, surroundings} = caller
      return openConnection(
        {endpoints: context.endpoints, trust, ...(credentials !== undefined && {credentials})},
        {
          clock: timingOf(runtime),
          endpointMemory: endpointMemoryFile(memoryFile(context, surroundings), () => surroundings.unique()),
          otp: askSecondFactor(caller.prompt),
          random: () => runtime.random(),
          signal,
          ...(debug && {onDebug: (line: string) => runtime.stderr.write(`${line}\n`)}),
        },
      )
    })
}

/** What was learned with other endpoints or another pin is of no use here, and must not lead to another cluster. */
function memoryFile({endpoints, name, trust}: ContextSettings, surroundings: Surroundings): string {
  const key = createHash('sha256')
    .update(JSON.stringify([endpoints, trust]))
    .digest('hex')
    .slice(0, 16)
  return path.join(stateFolder(surroundings), 'endpoints', `${name}-${key}.json`)
}

function trustOf(trust: TrustSetting): Result<Trust, Failure> {
  if (trust.kind !== 'ca') return ok(trust)
  try {
    return ok({kind: 'ca', pem: fs.readFileSync(trust.file, 'utf8')})
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    return err(
      failure('config-invalid', `the CA file ${trust.file} cannot be read (${code})`, {
        hint: 'copy /etc/pve/pve-root-ca.pem from a node to that place',
      }),
    )
  }
}

function credentialsOf(context: ContextSettings, caller: Caller): ResultAsync<Credentials | undefined, Failure> {
  const {login} = context
  if (login === undefined) {
    if (context.name === ENVIRONMENT_CONTEXT) {
      return errAsync(
        failure('authentication', 'HOMELAB_ENDPOINTS is set, but no variable says who logs in there', {
          hint: 'set HOMELAB_TOKEN_ID and HOMELAB_TOKEN_SECRET, or HOMELAB_USER and HOMELAB_PASSWORD',
        }),
      )
    }

    return errAsync(
      failure('authentication', `the context ${context.name} says nobody to log in as`, {
        hint: `log in with: homelab auth login ${context.endpoints[0] ?? 'URL'}`,
      }),
    )
  }

  const {env} = caller.runtime
  const from = {env, signal: caller.signal, uid: caller.surroundings.uid}
  if (login.kind === 'token') {
    return resolveSecret(login.secret, from).map((secret) => ({kind: 'token', id: login.id, secret}))
  }

  return passwordOf(login, from, caller).map((password) => ({kind: 'password', username: login.username, password}))
}

function passwordOf(
  login: Extract<Login, {kind: 'password'}>,
  from: Parameters<typeof resolveSecret>[1],
  caller: Caller,
): ReturnType<typeof resolveSecret> {
  if (login.password !== undefined) return resolveSecret(login.password, from)
  return caller.prompt.secret(
    `Password of ${login.username}`,
    'passwordFile, passwordEnv or passwordCommand in the configuration',
  )
}

/** A recovery key is told from a one-time code by its looks. */
export function askSecondFactor(prompt: Prompt): AskSecondFactor {
  return async ({attempt, kinds, username}) => {
    if (!prompt.possible) return undefined
    const again = attempt > 1 ? 'That code was wrong. ' : ''
    const or = kinds.includes('recovery') ? ' (or a recovery key)' : ''
    const answer = await prompt.text(`${again}Second factor of ${username}: one-time code${or}`, '--otp')
    return answer.match(
      (text) => {
        const code = text.trim()
        if (code === '') return undefined
        if (/^[\da-f]{4}(-[\da-f]{4}){3}$/i.test(code)) return {code, kind: 'recovery'} as const
        return {
          code,
          kind: kinds.includes('totp') ? 'totp' : (kinds.find((kind) => kind !== 'recovery') ?? 'totp'),
        } as const
      },
      () => undefined,
    )
  }
}
