import {creationOn, type CreationLayers} from '../domain/creation-layers.js'
import type {NodeDemand} from '../domain/placement.js'
import type {Secret} from '../domain/secret.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {PlacementReport} from './guest-create-report.js'

/** A guest, or several alike, that somebody asks for. */
export interface GuestCreateRequest {
  readonly name: string
  /** Undefined: the best one. */
  readonly node?: string
  /** The machine class that names the node, where the command line does not. */
  readonly boundBy?: string
  /** Of several the first; the others follow it. */
  readonly vmid?: number
  readonly layers: CreationLayers
  /** See `PlacementPolicy`; undefined: the usual one. */
  readonly memoryCeiling?: number
  readonly password?: Secret
  readonly start: boolean
  readonly waitFor: readonly WaitCondition[]
  readonly removeOnFailure: boolean
  /** It never runs, but becomes a template: it needs no memory, and may be called as its twins on other nodes. */
  readonly becomesTemplate?: boolean
  /** Whether root@pam himself is logged in; no token is (reference 2.3). */
  readonly rootLogin: boolean
}

/** A guest of several; they have all else in common. */
export interface NamedGuest {
  readonly name: string
  readonly vmid?: number
}

/** Where free VMIDs are picked from; one that was asked for may be any. */
export function vmidsFor({layers, vmid}: GuestCreateRequest): Pick<NodeDemand, 'vmidsOn'> {
  return vmid === undefined ? {vmidsOn: (node) => creationOn(node, layers).vmids} : {}
}

/** What a request asks of the node of one of its guests, but for memory and storages. */
export function demandOf(request: GuestCreateRequest, name: string) {
  const {layers, memoryCeiling} = request
  return {
    name,
    tags: creationOn(undefined, layers).tags ?? [],
    spread: layers.machineClass?.spread ?? false,
    ...(memoryCeiling !== undefined && {memoryCeiling}),
    ...vmidsFor(request),
  } satisfies Partial<NodeDemand>
}

/** Memory to find room for. On another node other defaults may apply: the largest counts. */
export function memoryFor({layers}: GuestCreateRequest, fallback: number | undefined): number | undefined {
  const {asked, defaults, machineClass, nodeDefaults} = layers
  const named = asked.memoryBytes ?? machineClass?.memoryBytes
  if (named !== undefined) return named
  const usual = [defaults, ...Object.values(nodeDefaults)].flatMap((one) => one.memoryBytes ?? [])
  return usual.length === 0
    ? fallback
    : Math.max(...usual, ...(defaults.memoryBytes === undefined ? [fallback ?? 0] : []))
}

/** The reason for a node that a machine class names is the class. */
export function bound({boundBy}: GuestCreateRequest, report: PlacementReport): PlacementReport {
  return boundBy === undefined ? report : {...report, reason: `the machine class "${boundBy}" is bound to it`}
}

/** What comes after the creation, in words. */
export function startWords({start, waitFor}: GuestCreateRequest): string[] {
  return [...(start ? ['start'] : []), ...waitFor.map(({text}) => `wait for ${text}`)]
}
