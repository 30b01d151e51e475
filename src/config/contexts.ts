import fs from 'node:fs'
import path from 'node:path'
import {err, ok, type Result, type ResultAsync} from 'neverthrow'
import {isMap, type Document, type YAMLMap} from 'yaml'

import {failure, type Failure} from '../domain/failure.js'
import {closest} from '../domain/suggest.js'
import type {SecretSource} from './configuration.js'
import {editConfiguration} from './edit-configuration.js'
import {secretsFolder, userFile, type Surroundings} from './locations.js'
import {replaceFile} from './replace-file.js'

export type NewLogin =
  | {readonly kind: 'token'; readonly id: string; readonly secret: SecretSource}
  | {readonly kind: 'password'; readonly username: string; readonly password?: SecretSource | undefined}

/** A context to write. A secret that is a value goes into a file of its own, 0600, so that the configuration itself can be shown and shared. */
export interface NewContext {
  readonly name: string
  readonly endpoints: readonly string[]
  readonly fingerprint?: string | undefined
  readonly caFile?: string | undefined
  readonly login?: NewLogin | undefined
}

export interface PutOptions {
  /** Take over a context of this name: its address, trust and login change, its defaults stay. */
  readonly replace: boolean
  /** Make it the current one: always, or only when there is none. */
  readonly use: 'always' | 'if-none'
}

export interface StoredContext {
  readonly file: string
  readonly secretFile?: string
  readonly current: boolean
}

/** What says where the cluster is and who logs in; the rest of a context is the user's own. */
const ADDRESS_KEYS = ['endpoints', 'fingerprint', 'caFile']
const LOGIN_KEYS = ['token', 'user', 'password', 'passwordFile', 'passwordEnv', 'passwordCommand']

/**
 * Writes a context into the user file.
 * @returns `already-exists` when there is one of this name and it is not to be replaced
 */
export function putContext(
  surroundings: Surroundings,
  context: NewContext,
  options: PutOptions,
): ResultAsync<StoredContext, Failure> {
  const file = userFile(surroundings)
  let stored: StoredContext = {file, current: false}
  return editConfiguration(file, surroundings, (document) => {
    const contexts = mapAt(document, 'contexts')
    const existing = contexts.get(context.name)
    if (existing !== undefined && !options.replace) return err(alreadyExists(context.name, file))
    const target = isMap(existing) ? existing : (document.createNode({}) as YAMLMap)
    for (const key of [...ADDRESS_KEYS, ...LOGIN_KEYS]) target.delete(key)
    const secretFile = storeSecret(context, surroundings)
    for (const [key, value] of Object.entries(fieldsOf(context))) target.set(key, document.createNode(value))
    if (existing !== target) contexts.set(context.name, target)
    const previous = document.get('currentContext')
    if (options.use === 'always' || typeof previous !== 'string') setFirst(document, 'currentContext', context.name)
    stored = {
      file,
      current: document.get('currentContext') === context.name,
      ...(secretFile !== undefined && {secretFile}),
    }
    return ok()
  }).map(() => stored)
}

/**
 * Takes a context out of a file, and its stored secret away; it is no longer current then.
 * @param file - the file it stands in
 * @returns false when it wasn't there
 */
export function removeContext(surroundings: Surroundings, name: string, file: string): ResultAsync<boolean, Failure> {
  let removed = false
  return editConfiguration(file, surroundings, (document) => {
    removed = document.deleteIn(['contexts', name])
    if (document.get('currentContext') === name) document.delete('currentContext')
    return ok()
  }).map(() => {
    if (removed) fs.rmSync(secretFileOf(name, surroundings), {force: true})
    return removed
  })
}

/** Takes the login out of a context, and the stored secret away. False when there was none. */
export function forgetLogin(surroundings: Surroundings, name: string, file: string): ResultAsync<boolean, Failure> {
  let forgotten = false
  return editConfiguration(file, surroundings, (document) => {
    for (const key of LOGIN_KEYS) forgotten = document.deleteIn(['contexts', name, key]) || forgotten
    return ok()
  }).map(() => {
    fs.rmSync(secretFileOf(name, surroundings), {force: true})
    return forgotten
  })
}

/** Makes a context the current one, in the user file. */
export function setCurrentContext(
  surroundings: Surroundings,
  name: string,
  known: readonly string[],
): ResultAsync<void, Failure> {
  return editConfiguration(userFile(surroundings), surroundings, (document): Result<void, Failure> => {
    if (!known.includes(name)) return err(unknownContext(name, known))
    setFirst(document, 'currentContext', name)
    return ok()
  })
}

export function unknownContext(name: string, known: readonly string[]): Failure {
  const near = closest(name, known)
  return failure('not-found', `there is no context "${name}"`, {
    hint: near === undefined ? 'see: homelab context list' : `did you mean ${near}? see: homelab context list`,
    details: {contexts: known},
  })
}

function alreadyExists(name: string, file: string): Failure {
  return failure('already-exists', `${file} has a context "${name}" already`, {
    hint: 'choose another name, or take it over with --replace',
  })
}

function fieldsOf(context: NewContext): Record<string, unknown> {
  const {caFile, endpoints, fingerprint, login} = context
  return {
    endpoints: [...endpoints],
    ...(fingerprint !== undefined && {fingerprint}),
    ...(caFile !== undefined && {caFile}),
    ...(login?.kind === 'token' && {token: {id: login.id, ...sourceFields('secret', login.secret, context.name)}}),
    ...(login?.kind === 'password' && {
      user: login.username,
      ...(login.password !== undefined && sourceFields('password', login.password, context.name)),
    }),
  }
}

function sourceFields(key: 'password' | 'secret', source: SecretSource, name: string): Record<string, unknown> {
  switch (source.kind) {
    case 'value': {
      return {[`${key}File`]: `secrets/${name}`}
    }

    case 'file': {
      return {[`${key}File`]: source.path}
    }

    case 'env': {
      return {[`${key}Env`]: source.variable}
    }

    case 'command': {
      return {[`${key}Command`]: [...source.argv]}
    }
  }
}

function secretFileOf(name: string, surroundings: Surroundings): string {
  return path.join(secretsFolder(surroundings), path.basename(name))
}

function storeSecret({login, name}: NewContext, surroundings: Surroundings): string | undefined {
  const source = login?.kind === 'token' ? login.secret : login?.password
  if (source?.kind !== 'value') return undefined
  const file = secretFileOf(name, surroundings)
  fs.mkdirSync(path.dirname(file), {mode: 0o700, recursive: true})
  replaceFile(file, `${source.value.reveal()}\n`, surroundings.unique())
  return file
}

function mapAt(document: Document, key: string): YAMLMap {
  const present = document.get(key)
  if (isMap(present)) return present
  const created = document.createNode({}) as YAMLMap
  document.set(key, created)
  return created
}

/** A new key stands at the top; one that is there keeps its place. */
function setFirst(document: Document, key: string, value: string): void {
  const isNew = !document.has(key)
  document.set(key, value)
  if (!isNew || !isMap(document.contents)) return
  const {items} = document.contents
  const pair = items.pop()
  if (pair !== undefined) items.unshift(pair)
}
