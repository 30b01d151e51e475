import type {CloudInitSpec} from '../domain/cloud-init.js'
import type {ImageRef} from '../domain/cloud-image.js'
import type {CreationLayers} from '../domain/creation-layers.js'
import type {Secret} from '../domain/secret.js'
import type {VmHardware} from '../domain/vm-hardware.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {PlacementReport} from './vm-create-report.js'

/** What a VM is made of. */
export type VmSourceWish =
  | {readonly kind: 'empty'}
  | {
      readonly kind: 'image'
      readonly image: ImageRef
      /** Where a download goes; undefined: the only storage that takes it. */
      readonly imageStorage?: string
    }
  | {readonly kind: 'iso'; readonly volume: string}
  | {
      readonly kind: 'template'
      /** Name or VMID. */
      readonly template: string
      readonly linked: boolean
    }

/** A VM, or several alike, that somebody asks for. */
export interface VmCreateRequest {
  readonly name: string
  readonly source: VmSourceWish
  /** Undefined: the best one. */
  readonly node?: string
  /** The machine class that names the node, where the command line does not. */
  readonly boundBy?: string
  /** Of several the first; the others follow it. */
  readonly vmid?: number
  readonly hardware: VmHardware
  readonly layers: CreationLayers
  readonly cloudInit: CloudInitSpec
  readonly password?: Secret
  readonly start: boolean
  readonly waitFor: readonly WaitCondition[]
  readonly removeOnFailure: boolean
  /** Whether root@pam himself is logged in; no token is (reference 2.3). */
  readonly rootLogin: boolean
}

/** Memory to find room for. On another node other defaults may apply: the largest counts. */
export function memoryFor({layers}: VmCreateRequest, fallback: number | undefined): number | undefined {
  const {asked, defaults, machineClass, nodeDefaults} = layers
  const named = asked.memoryBytes ?? machineClass?.memoryBytes
  if (named !== undefined) return named
  const usual = [defaults, ...Object.values(nodeDefaults)].flatMap((one) => one.memoryBytes ?? [])
  return usual.length === 0
    ? fallback
    : Math.max(...usual, ...(defaults.memoryBytes === undefined ? [fallback ?? 0] : []))
}

/** The reason for a node that a machine class names is the class. */
export function bound({boundBy}: VmCreateRequest, report: PlacementReport): PlacementReport {
  return boundBy === undefined ? report : {...report, reason: `the machine class "${boundBy}" is bound to it`}
}
