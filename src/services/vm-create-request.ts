import type {CreationDefaults} from '../domain/creation-defaults.js'
import type {Candidate} from '../domain/placement.js'
import {formatSize} from '../domain/size.js'
import type {CloneWish} from './clone-service.js'
import type {Finish} from './vm-finish-service.js'

/** What is asked for; the fields of `CreationDefaults` go before the defaults. */
export interface VmCreateRequest extends Omit<CreationDefaults, 'bridge'> {
  readonly name: string
  /** Name or VMID. */
  readonly template: string
  /** Undefined: the best one. */
  readonly node?: string
  readonly vmid?: number
  readonly linked: boolean
  readonly description?: string
  readonly start: boolean
  readonly removeOnFailure: boolean
  readonly defaults: CreationDefaults
  readonly nodeDefaults: Readonly<Record<string, CreationDefaults>>
}

/** What applies on a node: what was asked for, before the node's defaults, before the general ones. */
export function effective(request: VmCreateRequest, node: string): CreationDefaults {
  const {cores, memoryBytes, diskBytes, storage, pool, tags} = request
  const asked = Object.fromEntries(
    Object.entries({cores, memoryBytes, diskBytes, storage, pool, tags}).filter(([, value]) => value !== undefined),
  )
  return {...request.defaults, ...request.nodeDefaults[node], ...asked}
}

/** What is to be done after the clone. A boot disk that is big enough already needs nothing. */
export function finishOf(request: VmCreateRequest, {node, source}: Candidate): Finish {
  const {start, removeOnFailure} = request
  const {cores, memoryBytes, bridge, tags, diskBytes} = effective(request, node)
  return {
    start,
    removeOnFailure,
    ...(cores !== undefined && {cores}),
    ...(memoryBytes !== undefined && {memoryBytes}),
    ...(bridge !== undefined && {bridge}),
    ...(tags !== undefined && tags.length > 0 && {tags}),
    ...(diskBytes !== undefined && diskBytes > (source.diskBytes ?? 0) && {diskBytes}),
  }
}

/** The same in words, for a plan. */
export function laterSteps(request: VmCreateRequest, candidate: Candidate): string[] {
  const {cores, memoryBytes, diskBytes, bridge, tags, start} = finishOf(request, candidate)
  return [
    ...(cores === undefined ? [] : [`set cores to ${cores}`]),
    ...(memoryBytes === undefined ? [] : [`set memory to ${formatSize(memoryBytes)}`]),
    ...(tags === undefined ? [] : [`set tags ${tags.join(', ')}`]),
    ...(bridge === undefined ? [] : [`put net0 on ${bridge}`]),
    ...(diskBytes === undefined ? [] : [`grow the boot disk to ${formatSize(diskBytes)}`]),
    ...(start ? ['start'] : []),
  ]
}

export function wishOf(request: VmCreateRequest): CloneWish {
  const pool = request.pool ?? request.defaults.pool
  return {
    name: request.name,
    linked: request.linked,
    ...(request.vmid !== undefined && {vmid: request.vmid}),
    ...(pool !== undefined && {pool}),
    ...(request.description !== undefined && {description: request.description}),
  }
}
