import * as z from 'zod/mini'

import {parseSize} from '../domain/size.js'
import {OS_TYPES} from '../domain/vm-hardware.js'
import {parseVmidSpan} from '../domain/vmid.js'

/**
 * The shape of a configuration file, key by key. What needs a look at several keys at once is in `cross-checks.ts`, so that a wrong type in one
 * place hides no other problem.
 */

const text = z.string().check(z.minLength(1))
const words = z.union([text, z.array(text).check(z.minLength(1))])
const size = z.string().check(z.refine((value) => parseSize(value).isOk(), {message: 'size'}))
const count = z.int().check(z.minimum(1))

/** A host or user for OpenSSH; one that begins with a dash would be an option. */
const sshName = z.string().check(z.regex(/^[^\s-][^\s]*$/, {message: 'sshName'}))
const ssh = {
  user: z.optional(sshName),
  port: z.optional(z.int().check(z.minimum(1), z.maximum(65_535))),
  identityFile: z.optional(text),
  hosts: z.optional(z.record(z.string(), sshName)),
}

const creation = {
  cores: z.optional(count),
  /** A number is MiB, as in Proxmox VE; a text names its unit. */
  memory: z.optional(z.union([count, size])),
  /** A number is GiB, as in Proxmox VE; a text names its unit. */
  diskSize: z.optional(z.union([count, size])),
  bridge: z.optional(text),
  storage: z.optional(text),
  pool: z.optional(text),
  tags: z.optional(z.array(text)),
  /** `8000-8099`: where VMIDs are picked from. */
  vmids: z.optional(z.string().check(z.refine((value) => parseVmidSpan(value).isOk(), {message: 'vmids'}))),
}

const placement = {
  /** Percent; more than 100 for who promises guests more than there is. */
  memoryCeiling: z.optional(z.int().check(z.minimum(1), z.maximum(1000))),
}

const context = z.strictObject({
  endpoints: z.union([text, z.array(text).check(z.minLength(1))]),
  fingerprint: z.optional(text),
  caFile: z.optional(text),
  token: z.optional(
    z.strictObject({
      id: text,
      secret: z.optional(text),
      secretFile: z.optional(text),
      secretEnv: z.optional(text),
      secretCommand: z.optional(words),
    }),
  ),
  user: z.optional(text),
  password: z.optional(text),
  passwordFile: z.optional(text),
  passwordEnv: z.optional(text),
  passwordCommand: z.optional(words),
  defaults: z.optional(z.strictObject(creation)),
  nodes: z.optional(z.record(z.string(), z.strictObject(creation))),
  placement: z.optional(z.strictObject(placement)),
  ssh: z.optional(z.strictObject(ssh)),
})

/** An image for `template build`; exactly one of the checksums, see `cross-checks.ts`. */
const image = {
  url: text,
  checksumUrl: z.optional(text),
  checksum: z.optional(text),
  title: z.optional(text),
  user: z.optional(text),
  osType: z.optional(z.enum(OS_TYPES)),
  cpu: z.optional(text),
  firmware: z.optional(z.enum(['bios', 'uefi'])),
}

export const configurationSchema = z.strictObject({
  currentContext: z.optional(text),
  contexts: z.optional(z.record(z.string(), context)),
  machineClasses: z.optional(
    z.record(
      z.string(),
      z.strictObject({
        ...creation,
        template: z.optional(text),
        image: z.optional(text),
        node: z.optional(text),
        count: z.optional(count),
        spread: z.optional(z.boolean()),
      }),
    ),
  ),
  images: z.optional(z.record(z.string(), z.strictObject(image))),
})

export type RawConfiguration = z.infer<typeof configurationSchema>
export type RawContext = z.infer<typeof context>
export type RawImage = NonNullable<RawConfiguration['images']>[string]
export type RawCreation = z.infer<z.ZodMiniObject<typeof creation>>

/** The keys known at a place in the file, for "did you mean". A record's keys are the user's own. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const creationKeys = Object.keys(creation)
  const [top, , third] = path
  if (path.length === 0) return ['currentContext', 'contexts', 'machineClasses', 'images']
  if (top === 'machineClasses') return [...creationKeys, 'template', 'image', 'node', 'count', 'spread']
  if (top === 'images') return Object.keys(image)
  if (third === 'token') return ['id', 'secret', 'secretFile', 'secretEnv', 'secretCommand']
  if (third === 'ssh') return Object.keys(ssh)
  if (third === 'placement') return Object.keys(placement)
  if (third === 'defaults' || third === 'nodes') return creationKeys
  return Object.keys(context.shape)
}
