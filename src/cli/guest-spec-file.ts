import path from 'node:path'
import {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import {problemsFailure} from '../config/problem.js'
import type {Failure} from '../domain/failure.js'
import {parseSize} from '../domain/size.js'
import {readStdin, readTextFile} from './input.js'
import type {Runtime} from './runtime.js'

const MIB = 2 ** 20
const GIB = 2 ** 30

const text = z.string().check(z.minLength(1))
const count = z.int().check(z.minimum(1))
const sizeText = z.string().check(z.refine((value) => parseSize(value).isOk(), {message: 'size'}))
const size = (unit: number) =>
  z.pipe(
    z.union([count, sizeText]),
    z.transform((value) => (typeof value === 'number' ? value * unit : parseSize(value).unwrapOr(0))),
  )
const list = z.pipe(
  z.union([text, z.array(text)]),
  z.transform((value) => (typeof value === 'string' ? [value] : value)),
)

/** Values that files which describe guests are made of; sizes become bytes, a single text where a list is meant becomes a list. */
export const specField = {
  text: z.optional(text),
  count: z.optional(count),
  /** A number is taken as it is written. */
  textOrNumber: z.optional(
    z.pipe(
      z.union([text, z.number()]),
      z.transform((value) => String(value)),
    ),
  ),
  flag: z.optional(z.boolean()),
  /** A number is MiB, as in Proxmox VE. */
  memory: z.optional(size(MIB)),
  /** The same, and 0 for none. */
  memoryOrNone: z.optional(z.union([z.literal(0), size(MIB)])),
  /** A number is GiB, as in Proxmox VE. */
  disk: z.optional(size(GIB)),
  list: z.optional(list),
}

/** Keys that VMs and containers have in common; their names are those of the flags. */
export const guestSpecFields = {
  name: specField.text,
  class: specField.text,
  node: specField.text,
  vmid: specField.count,
  count: specField.count,
  storage: specField.text,
  pool: specField.text,
  tags: specField.list,
  description: specField.text,
  cores: specField.count,
  memory: specField.memory,
  diskSize: specField.disk,
  onBoot: specField.flag,
  protection: specField.flag,
  startup: specField.text,
  start: specField.flag,
  rmOnFailure: specField.flag,
  template: specField.text,
  linked: specField.flag,
  bridge: specField.text,
}

/** What to write for keys that take several forms. */
const REMEDIES: Readonly<Record<string, string>> = {
  memory: 'write MiB as a number, or a size like 4GiB',
  swap: 'write MiB as a number, or a size like 512MiB, or 0 for none',
  balloon: 'write MiB as a number, a size like 1GiB, or off',
  diskSize: 'write GiB as a number, or a size like 40GiB',
}

type Shape = Readonly<Record<string, z.ZodMiniType>>

/**
 * Reads what `-f` names: a guest in YAML or JSON, from a file or `-` for stdin. Unknown keys and wrong values are a `usage` failure with the place of
 * each and its remedy.
 * @param schema a strict object; `specField` and `guestSpecFields` are made for it
 */
export function readGuestSpec<T>(file: string, schema: z.ZodMiniType<T>, runtime: Runtime): ResultAsync<T, Failure> {
  const name = file === '-' ? 'stdin' : file
  return (file === '-' ? readStdin(runtime) : readTextFile(path.resolve(runtime.cwd, file)))
    .mapErr((failed) => ({...failed, details: {...failed.details, field: '--file', value: file}}))
    .andThen((content) =>
      // Only whoever gives a file waits for the parser to be loaded.
      ResultAsync.fromSafePromise(import('../config/parse-checked.js')).andThen(({parseChecked}) =>
        parseChecked(content, name, {
          schema,
          knownKeys: (place) => Object.keys(shapeAt(schema, place) ?? {}),
          remedyAt: (place) => REMEDIES[String(place.at(-1))],
        }).mapErr((problems) => problemsFailure('usage', 'description of the guest', problems, 'correct them')),
      ),
    )
}

/** The keys of the object at a place of a schema. */
function shapeAt(schema: z.ZodMiniType, place: readonly PropertyKey[]): Shape | undefined {
  let here: z.ZodMiniType | undefined = schema
  for (const key of place) here = shapeOf(here)?.[String(key)]
  return shapeOf(here)
}

function shapeOf(schema: z.ZodMiniType | undefined): Shape | undefined {
  const {innerType, shape} = (schema?._zod.def ?? {}) as {innerType?: z.ZodMiniType; shape?: Shape}
  return shape ?? (innerType === undefined ? undefined : shapeOf(innerType))
}
