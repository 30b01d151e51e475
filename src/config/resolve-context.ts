import {err, ok, type Result} from 'neverthrow'

import {normalizeEndpoint, normalizeFingerprint} from '../domain/endpoint.js'
import {failure, type Failure} from '../domain/failure.js'
import {closest} from '../domain/suggest.js'
import type {Configuration, ContextSettings, Login, TrustSetting} from './configuration.js'

type Environment = Readonly<Record<string, string | undefined>>

/** The name of a context that only environment variables define. */
export const ENVIRONMENT_CONTEXT = 'environment'

/**
 * The cluster to talk to. By name (flag, then `HOMELAB_CONTEXT`); else the one `HOMELAB_ENDPOINTS` defines; else the current context; else the only
 * one there is. `HOMELAB_ENDPOINTS`, `HOMELAB_FINGERPRINT`, `HOMELAB_CA_FILE`, `HOMELAB_TOKEN_ID` + `HOMELAB_TOKEN_SECRET` and `HOMELAB_USER` +
 * `HOMELAB_PASSWORD` replace that part of a named context. Without a name, endpoints from the environment never get a file's credentials.
 * @returns `not-found` for an unknown name, `config-invalid` when there is nothing to choose or a variable is wrong
 */
export function resolveContext(
  configuration: Configuration,
  env: Environment,
  name?: string,
): Result<ContextSettings, Failure> {
  const wanted = name ?? (env.HOMELAB_CONTEXT || undefined)
  if (wanted === undefined && env.HOMELAB_ENDPOINTS) {
    return override({name: ENVIRONMENT_CONTEXT, endpoints: [], trust: {kind: 'system'}, defaults: {}, nodes: {}}, env)
  }

  return chosen(configuration, wanted).andThen((context) => override(context, env))
}

function chosen(configuration: Configuration, wanted: string | undefined): Result<ContextSettings, Failure> {
  const {contexts, currentContext} = configuration
  const names = Object.keys(contexts)
  const name = wanted ?? currentContext ?? (names.length === 1 ? names[0] : undefined)
  const context = name !== undefined && Object.hasOwn(contexts, name) ? contexts[name] : undefined
  if (context) return ok(context)
  if (names.length === 0 && wanted === undefined) {
    return err(
      failure('config-invalid', 'no cluster is configured', {
        hint: 'log in with: homelab auth login https://HOST:8006 (or try it out with: homelab simulator start)',
      }),
    )
  }

  if (name === undefined) {
    return err(
      failure('config-invalid', 'several contexts are configured and none is current', {
        hint: `choose one with: homelab context use NAME (${names.join(', ')})`,
        details: {contexts: names},
      }),
    )
  }

  const near = closest(name, names)
  const remedy = near === undefined ? 'see homelab context list' : `did you mean ${near}? see homelab context list`
  return err(
    wanted === undefined
      ? failure('config-invalid', `the current context "${name}" does not exist`, {
          hint: 'choose another with: homelab context use NAME',
          details: {contexts: names},
        })
      : failure('not-found', `there is no context "${name}"`, {hint: remedy, details: {contexts: names}}),
  )
}

function override(context: ContextSettings, env: Environment): Result<ContextSettings, Failure> {
  const endpoints = (env.HOMELAB_ENDPOINTS ?? '').split(/[\s,]+/).filter((part) => part !== '')
  const addresses = endpoints.map((endpoint) => normalizeEndpoint(endpoint))
  const bad = endpoints.find((_, i) => addresses[i] === undefined)
  if (bad !== undefined) {
    return invalid(
      `HOMELAB_ENDPOINTS: "${bad}" is not the address of a Proxmox VE node`,
      'write it like https://pve1.lan:8006',
    )
  }

  return trustFrom(env).andThen((trust) =>
    loginFrom(env).map((login) => ({
      ...context,
      ...(endpoints.length > 0 && {endpoints: addresses.filter((address) => address !== undefined)}),
      ...(trust !== undefined && {trust}),
      ...(login !== undefined && {login}),
    })),
  )
}

function trustFrom(env: Environment): Result<TrustSetting | undefined, Failure> {
  const {HOMELAB_CA_FILE: file, HOMELAB_FINGERPRINT: fingerprint} = env
  if (fingerprint) {
    const normalized = normalizeFingerprint(fingerprint)
    return normalized === undefined
      ? invalid('HOMELAB_FINGERPRINT is not a SHA-256 fingerprint', 'write 32 bytes in hex, like AA:BB:…')
      : ok({kind: 'pin', fingerprint: normalized})
  }

  return ok(file ? {kind: 'ca', file} : undefined)
}

function loginFrom(env: Environment): Result<Login | undefined, Failure> {
  if (env.HOMELAB_TOKEN_ID) {
    return ok({kind: 'token', id: env.HOMELAB_TOKEN_ID, secret: {kind: 'env', variable: 'HOMELAB_TOKEN_SECRET'}})
  }

  if (env.HOMELAB_USER) {
    return ok({
      kind: 'password',
      username: env.HOMELAB_USER,
      ...(env.HOMELAB_PASSWORD && {password: {kind: 'env', variable: 'HOMELAB_PASSWORD'} as const}),
    })
  }

  return ok(undefined)
}

function invalid(message: string, hint: string): Result<never, Failure> {
  return err(failure('config-invalid', message, {hint}))
}
