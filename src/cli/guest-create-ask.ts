import {err, ok, type Result} from 'neverthrow'
import type {ContextSettings, MachineClass} from '../config/configuration.js'
import type {CreationDefaults} from '../domain/creation-defaults.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestNoun, type GuestType} from '../domain/guest.js'
import type {Secret} from '../domain/secret.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {GuestCreateRequest} from '../services/guest-create-request.js'

/** What a file and a command line say of any guest; sizes are in bytes. */
export interface GuestAsk {
  readonly name?: string | undefined
  readonly class?: string | undefined
  readonly node?: string | undefined
  readonly vmid?: number | undefined
  readonly count?: number | undefined
  /** A share, 1 is all. */
  readonly memoryCeiling?: number | undefined
  readonly storage?: string | undefined
  readonly pool?: string | undefined
  readonly tags?: string[] | undefined
  readonly cores?: number | undefined
  readonly memory?: number | undefined
  readonly diskSize?: number | undefined
  readonly bridge?: string | undefined
  readonly start?: boolean | undefined
  readonly rmOnFailure?: boolean | undefined
}

/** What else a request is made of. */
export interface AskSurroundings {
  readonly machineClass?: MachineClass
  readonly context: Pick<ContextSettings, 'defaults' | 'login' | 'memoryCeiling' | 'nodes'>
  readonly password?: Secret
  readonly waitFor: readonly WaitCondition[]
}

/**
 * What is typed goes before what the file says.
 * @param instead what of a file is left out where one of the keys was typed: a typed source replaces that of the file
 */
export function mergeAsks<A extends object>(
  typed: A,
  file: A,
  instead: readonly {readonly typed: readonly (keyof A)[]; readonly file: readonly (keyof A)[]}[],
): A {
  const dropped = new Set<PropertyKey>(
    instead.flatMap((rule) => (rule.typed.some((key) => typed[key] !== undefined) ? rule.file : [])),
  )
  const rest = Object.fromEntries(Object.entries(file).filter(([key]) => !dropped.has(key)))
  return {...rest, ...defined(typed)} as A
}

/** What requests for both kinds of guests consist of, or a `usage` failure that names the flag. */
export function guestRequest(
  type: GuestType,
  ask: GuestAsk,
  {context, machineClass, password, waitFor}: AskSurroundings,
): Result<GuestCreateRequest, Failure> {
  const {bridge, cores, diskSize, memory, memoryCeiling = context.memoryCeiling, name, pool, storage, tags, vmid} = ask
  if (name === undefined) {
    return err(
      failure('usage', `nothing is said about the name of the ${guestNoun(type)}`, {
        hint: 'Give NAME, or name: in the file',
      }),
    )
  }

  const asked: CreationDefaults = defined({
    ...{bridge, cores, diskBytes: diskSize, memoryBytes: memory, pool, storage, tags},
  })
  return nodeOf(ask, machineClass).map((node) => ({
    name,
    ...node,
    ...(vmid !== undefined && {vmid}),
    ...(memoryCeiling !== undefined && {memoryCeiling}),
    layers: {
      asked,
      ...(machineClass !== undefined && {machineClass}),
      nodeDefaults: context.nodes,
      defaults: context.defaults,
    },
    ...(password !== undefined && {password}),
    start: ask.start ?? false,
    waitFor,
    removeOnFailure: ask.rmOnFailure ?? false,
    rootLogin: context.login?.kind === 'password' && context.login.username === 'root@pam',
  }))
}

/** The node of a class is binding: another one can be asked for only without the class. */
function nodeOf(
  ask: GuestAsk,
  machineClass: MachineClass | undefined,
): Result<Pick<GuestCreateRequest, 'boundBy' | 'node'>, Failure> {
  const bound = machineClass?.node
  if (bound === undefined) return ok(ask.node === undefined ? {} : {node: ask.node})
  if (ask.node === undefined) return ok({node: bound, boundBy: ask.class ?? ''})
  if (ask.node === bound) return ok({node: bound})
  return err(
    failure('usage', `the machine class "${ask.class}" is bound to ${bound}, and --node says ${ask.node}`, {
      hint: 'Leave --node out, or use another class',
      details: {field: 'node', class: ask.class, node: bound},
    }),
  )
}

type Defined<T> = {[K in keyof T]: Exclude<T[K], undefined>}

/** Without what is undefined. */
export function defined<T extends object>(fields: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>
}
