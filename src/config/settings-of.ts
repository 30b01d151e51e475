import type {CreationDefaults} from '../domain/creation-defaults.js'
import path from 'node:path'

import {parseChecksum} from '../domain/cloud-image.js'
import {normalizeEndpoint, normalizeFingerprint} from '../domain/endpoint.js'
import type {CloudImage} from '../domain/image-catalogue.js'
import {Secret} from '../domain/secret.js'
import {parseSize} from '../domain/size.js'
import {parseVmidSpan} from '../domain/vmid.js'
import type {
  ContextSettings,
  FileSettings,
  Login,
  MachineClass,
  SecretSource,
  SshSettings,
  TrustSetting,
} from './configuration.js'
import type {RawConfiguration, RawContext, RawCreation, RawImage} from './schema.js'
import {splitCommand} from './split-command.js'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

export interface Folders {
  /** Relative paths in the file start from the folder it lies in. */
  readonly file: string
  /** What `~/` means. */
  readonly home: string
}

/** A valid file's content in one spelling: lists are lists, sizes are bytes, paths are absolute. */
export function settingsOf(raw: RawConfiguration, folders: Folders): FileSettings {
  return {
    ...(raw.currentContext !== undefined && {currentContext: raw.currentContext}),
    contexts: mapValues(raw.contexts ?? {}, (context, name) => contextOf(name, context, folders)),
    machineClasses: mapValues(raw.machineClasses ?? {}, (machine): MachineClass => {
      return {
        ...creationOf(machine),
        ...(machine.template !== undefined && {template: machine.template}),
        ...(machine.image !== undefined && {image: machine.image}),
        ...(machine.node !== undefined && {node: machine.node}),
        ...(machine.count !== undefined && {count: machine.count}),
        ...(machine.spread !== undefined && {spread: machine.spread}),
      }
    }),
    ...(raw.images !== undefined && {images: mapValues(raw.images, (image, name) => imageOf(name, image))}),
  }
}

function imageOf(name: string, raw: RawImage): CloudImage {
  const digest = parseChecksum(raw.checksum ?? '')
  return {
    name,
    title: raw.title ?? name,
    url: raw.url,
    checksum: digest.isOk() ? {kind: 'value', checksum: digest.value} : {kind: 'list', url: raw.checksumUrl ?? ''},
    osType: raw.osType ?? 'l26',
    ...(raw.user !== undefined && {user: raw.user}),
    ...(raw.cpu !== undefined && {cpu: raw.cpu}),
    ...(raw.firmware !== undefined && {firmware: raw.firmware}),
  }
}

function contextOf(name: string, raw: RawContext, folders: Folders): ContextSettings {
  const login = loginOf(raw, folders)
  return {
    name,
    file: folders.file,
    endpoints: listOf(raw.endpoints).map((endpoint) => normalizeEndpoint(endpoint) ?? endpoint),
    trust: trustOf(raw, folders),
    ...(login !== undefined && {login}),
    defaults: creationOf(raw.defaults ?? {}),
    nodes: mapValues(raw.nodes ?? {}, creationOf),
    ...(raw.placement?.memoryCeiling !== undefined && {memoryCeiling: raw.placement.memoryCeiling / 100}),
    ...(raw.ssh !== undefined && {ssh: sshOf(raw.ssh, folders)}),
  }
}

function sshOf({user, port, identityFile, hosts}: NonNullable<RawContext['ssh']>, folders: Folders): SshSettings {
  return {
    ...(user !== undefined && {user}),
    ...(port !== undefined && {port}),
    ...(identityFile !== undefined && {identityFile: absolute(identityFile, folders)}),
    ...(hosts !== undefined && {hosts}),
  }
}

function trustOf(raw: RawContext, folders: Folders): TrustSetting {
  if (raw.fingerprint !== undefined) {
    return {kind: 'pin', fingerprint: normalizeFingerprint(raw.fingerprint) ?? raw.fingerprint}
  }

  return raw.caFile === undefined ? {kind: 'system'} : {kind: 'ca', file: absolute(raw.caFile, folders)}
}

function loginOf(raw: RawContext, folders: Folders): Login | undefined {
  if (raw.token !== undefined) {
    const {id, secret, secretCommand, secretEnv, secretFile} = raw.token
    const source = sourceOf({value: secret, command: secretCommand, env: secretEnv, file: secretFile}, folders)
    return source && {kind: 'token', id, secret: source}
  }

  if (raw.user === undefined) return undefined
  const {password, passwordCommand, passwordEnv, passwordFile} = raw
  const source = sourceOf({value: password, command: passwordCommand, env: passwordEnv, file: passwordFile}, folders)
  return {kind: 'password', username: raw.user, ...(source !== undefined && {password: source})}
}

interface RawSource {
  readonly value: string | undefined
  readonly file: string | undefined
  readonly env: string | undefined
  readonly command: string[] | string | undefined
}

function sourceOf({command, env, file, value}: RawSource, folders: Folders): SecretSource | undefined {
  if (value !== undefined) return {kind: 'value', value: new Secret(value)}
  if (file !== undefined) return {kind: 'file', path: absolute(file, folders)}
  if (env !== undefined) return {kind: 'env', variable: env}
  if (command === undefined) return undefined
  return {kind: 'command', argv: typeof command === 'string' ? (splitCommand(command) ?? []) : command}
}

function creationOf(raw: RawCreation): CreationDefaults {
  const memoryBytes = bytesOf(raw.memory, MIB)
  const diskBytes = bytesOf(raw.diskSize, GIB)
  const vmids = raw.vmids === undefined ? undefined : parseVmidSpan(raw.vmids).unwrapOr(undefined)
  return {
    ...(raw.cores !== undefined && {cores: raw.cores}),
    ...(memoryBytes !== undefined && {memoryBytes}),
    ...(diskBytes !== undefined && {diskBytes}),
    ...(raw.bridge !== undefined && {bridge: raw.bridge}),
    ...(raw.storage !== undefined && {storage: raw.storage}),
    ...(raw.pool !== undefined && {pool: raw.pool}),
    ...(raw.tags !== undefined && {tags: raw.tags}),
    ...(vmids !== undefined && {vmids}),
  }
}

function bytesOf(value: number | string | undefined, unit: number): number | undefined {
  if (typeof value === 'number') return value * unit
  return value === undefined ? undefined : parseSize(value).unwrapOr(0)
}

function absolute(file: string, folders: Folders): string {
  if (file === '~' || file.startsWith('~/')) return path.join(folders.home, file.slice(1))
  return path.resolve(path.dirname(folders.file), file)
}

function listOf(value: string[] | string): string[] {
  return typeof value === 'string' ? [value] : value
}

function mapValues<T, U>(fields: Readonly<Record<string, T>>, map: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, map(value, key)]))
}
