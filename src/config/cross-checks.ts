import {importName, parseChecksum} from '../domain/cloud-image.js'
import {checkGuestName} from '../domain/guest-name.js'
import {closest} from '../domain/suggest.js'
import {normalizeEndpoint, normalizeFingerprint} from '../domain/endpoint.js'
import {splitCommand} from './split-command.js'

/** A problem whose place in the text is not known yet. */
export interface Finding {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly remedy: string
}

type Fields = Readonly<Record<string, unknown>>

const SECRET_KEYS = ['secret', 'secretFile', 'secretEnv', 'secretCommand'] as const
const CHECKSUM_KEYS = ['checksum', 'checksumUrl'] as const
const PASSWORD_KEYS = ['password', 'passwordFile', 'passwordEnv', 'passwordCommand'] as const

/** What the schema can't say: values with an inner form, and keys that need or exclude each other. Takes any value, valid or not. */
export function crossChecks(value: unknown): Finding[] {
  const {contexts, images} = asFields(value)
  return [
    ...Object.entries(asFields(contexts)).flatMap(([name, context]) => checkContext(name, asFields(context))),
    ...Object.entries(asFields(images)).flatMap(([name, image]) => checkImage(name, asFields(image))),
  ]
}

function checkImage(name: string, image: Fields): Finding[] {
  const at = (...path: PropertyKey[]): PropertyKey[] => ['images', name, ...path]
  const findings: Finding[] = []
  if (checkGuestName(name).isErr()) {
    findings.push({
      path: at(),
      message: 'is no name for an image',
      remedy: 'its template is called so: use letters, digits, dots and inner hyphens',
    })
  }

  for (const key of ['url', 'checksumUrl'] as const) {
    const address = image[key]
    if (typeof address !== 'string' || address === '' || isWebAddress(address)) continue
    findings.push({
      path: at(key),
      message: 'is not an address on the web',
      remedy: 'write it like https://mirror.lan/debian-13.qcow2, without a password',
    })
  }

  if (typeof image.url === 'string' && isWebAddress(image.url) && importName(image.url) === undefined) {
    findings.push({
      path: at('url'),
      message: 'is no disk image that Proxmox VE imports',
      remedy: 'name a file that ends with .qcow2, .img, .raw or .vmdk; anything else is unpacked first',
    })
  }

  if (typeof image.checksum === 'string' && parseChecksum(image.checksum).isErr()) {
    findings.push({path: at('checksum'), message: 'is no checksum', remedy: 'write it like sha256:9f86d0…'})
  }

  return [...findings, ...oneOf(image, CHECKSUM_KEYS, at(), 'checksum')]
}

function isWebAddress(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const {password, username} = new URL(text)
  return username === '' && password === ''
}

function checkContext(name: string, context: Fields): Finding[] {
  const at = (...path: PropertyKey[]): PropertyKey[] => ['contexts', name, ...path]
  const findings: Finding[] = []
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
    findings.push({
      path: at(),
      message: 'is no name for a context',
      remedy: 'use letters, digits, dot, dash and underscore',
    })
  }

  const endpoints = Array.isArray(context.endpoints) ? context.endpoints : [context.endpoints]
  for (const [i, endpoint] of endpoints.entries()) {
    if (typeof endpoint !== 'string' || endpoint === '' || normalizeEndpoint(endpoint) !== undefined) continue
    findings.push({
      path: Array.isArray(context.endpoints) ? at('endpoints', i) : at('endpoints'),
      message: 'is not the address of a Proxmox VE node',
      remedy: 'write it like https://pve1.lan:8006',
    })
  }

  if (typeof context.fingerprint === 'string' && normalizeFingerprint(context.fingerprint) === undefined) {
    findings.push({
      path: at('fingerprint'),
      message: 'is not a SHA-256 fingerprint',
      remedy: 'write 32 bytes in hex, like AA:BB:…; homelab auth login shows it',
    })
  }

  if (context.fingerprint !== undefined && context.caFile !== undefined) {
    findings.push({path: at('caFile'), message: 'stands beside fingerprint', remedy: 'keep one of them'})
  }

  return [...findings, ...checkToken(at, context.token), ...checkUser(at, context)]
}

function checkToken(at: (...path: PropertyKey[]) => PropertyKey[], value: unknown): Finding[] {
  if (value === undefined) return []
  const token = asFields(value)
  const findings = oneOf(token, SECRET_KEYS, at('token'), 'secret')
  if (typeof token.id === 'string' && !/^[^\s!]+@[^\s!@]+![A-Za-z][\w.-]+$/.test(token.id)) {
    findings.push({
      path: at('token', 'id'),
      message: 'is not the id of a token',
      remedy: 'write it like user@realm!name',
    })
  }

  return [...findings, ...checkCommand(token.secretCommand, at('token', 'secretCommand'))]
}

function checkUser(at: (...path: PropertyKey[]) => PropertyKey[], context: Fields): Finding[] {
  const findings = oneOf(context, PASSWORD_KEYS, at())
  const password = PASSWORD_KEYS.find((key) => context[key] !== undefined)
  if (context.token !== undefined && context.user !== undefined) {
    findings.push({path: at('user'), message: 'stands beside token', remedy: 'keep one of them'})
  }

  if (context.user === undefined && password !== undefined) {
    findings.push({
      path: at(password),
      message: 'belongs to no user',
      remedy: 'add user: name@realm, or a token instead',
    })
  }

  if (typeof context.user === 'string' && !/^[^\s@]+@[^\s@]+$/.test(context.user)) {
    findings.push({path: at('user'), message: 'is not a user', remedy: 'write it with its realm, like root@pam'})
  }

  return [...findings, ...checkCommand(context.passwordCommand, at('passwordCommand'))]
}

function checkCommand(value: unknown, path: readonly PropertyKey[]): Finding[] {
  if (typeof value !== 'string' || splitCommand(value) !== undefined) return []
  return [{path, message: 'has a quote without its end', remedy: 'close it, or write the words as a list'}]
}

/** @param required what is missing without any of them */
function oneOf(fields: Fields, keys: readonly string[], path: PropertyKey[], required?: string): Finding[] {
  const present = keys.filter((key) => fields[key] !== undefined)
  if (present.length === 0 && required !== undefined) {
    // A misspelt key is reported by itself.
    const misspelt = Object.keys(fields).some((key) => key !== 'id' && closest(key, keys) !== undefined)
    return misspelt ? [] : [{path, message: `has no ${required}`, remedy: `add one of ${keys.join(', ')}`}]
  }

  return present
    .slice(1)
    .map((key) => ({path: [...path, key], message: `stands beside ${present[0]}`, remedy: 'keep one of them'}))
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
