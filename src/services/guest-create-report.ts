import type {GuestOptions} from '../domain/guest-options.js'
import type {GuestType} from '../domain/guest.js'
import {
  placementReason,
  type Candidate,
  type NodeCandidate,
  type Placement,
  type Rejection,
} from '../domain/placement.js'
import {readable, readableParts, type ScorePart} from '../domain/placement-score.js'
import type {TaskReport} from '../domain/task.js'
import type {FinishStep} from './guest-finish-service.js'

export interface PlacementReport {
  readonly node: string
  readonly reason: string
  readonly rejected: readonly Rejection[]
  /** Best first, the chosen one included; absent when the node was named. */
  readonly ranked?: readonly {
    readonly node: string
    readonly freeMemoryAfterBytes?: number
    readonly guestCount: number
    /** What speaks for the node, in points; see `ScorePart`. */
    readonly score?: number
    readonly parts?: readonly ScorePart[]
  }[]
}

/** What the guest was made of. */
export type GuestSource =
  | {
      readonly kind: 'appliance' | 'volume'
      /** The file of a container, on its node. */
      readonly volume: string
    }
  | {readonly kind: 'empty'}
  | {
      readonly kind: 'image'
      readonly volume: string
      readonly url?: string
      /** False: it was there already. */
      readonly downloaded?: boolean
    }
  | {readonly kind: 'iso'; readonly volume: string}
  | {readonly kind: 'oci'; readonly volume: string; readonly reference: string}
  | {readonly kind: 'template'; readonly name?: string; readonly vmid: number; readonly node: string}

interface GuestFacts {
  readonly vmid: number
  readonly name: string
  readonly type: GuestType
  readonly node: string
  readonly source: GuestSource
  readonly placement: PlacementReport
  readonly warnings?: readonly string[]
}

/** The JSON contract of `vm create` and `lxc create`. */
export interface CreatedGuest extends GuestFacts {
  readonly status: string
  readonly task: TaskReport
  /** What was done before and after, in order. */
  readonly steps?: readonly FinishStep[]
}

/** What would be created. The VMID is free at this moment; nothing reserves it. */
export interface GuestCreatePlan extends GuestFacts {
  readonly dryRun: true
  readonly steps: readonly string[]
  /** What the server would be sent: all options of a new guest, or what is set in a clone. A password hides itself. */
  readonly parameters: GuestOptions
}

/** The creation under way, when nobody waits for it. */
export interface GuestCreateStarted extends GuestFacts {
  readonly upid: string
}

/** @param named whether the node was asked for by name */
export function placementReport(
  named: boolean,
  placement: Placement<NodeCandidate>,
  candidate: NodeCandidate,
): PlacementReport {
  if (named) return {node: candidate.node, reason: 'asked for with --node', rejected: []}
  return {
    node: candidate.node,
    reason: placementReason(placement),
    rejected: placement.rejected,
    ranked: placement.candidates.map(({node, freeMemoryAfterBytes, guestCount, parts, score}) => ({
      node,
      ...(freeMemoryAfterBytes !== undefined && {freeMemoryAfterBytes}),
      guestCount,
      ...(score !== undefined && {score: readable(score)}),
      ...(parts !== undefined && {parts: readableParts(parts)}),
    })),
  }
}

export function templateSource({source}: Candidate): GuestSource {
  return {kind: 'template', ...(source.name !== undefined && {name: source.name}), vmid: source.vmid, node: source.node}
}
