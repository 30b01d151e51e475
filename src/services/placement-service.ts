import {err, type ResultAsync} from 'neverthrow'
import {explainGuest} from '../domain/explain-placement.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {PlacementPolicy} from '../domain/guest-reach.js'
import {placementReason, type Rejection} from '../domain/placement.js'
import {readable, readableParts, type ScorePart} from '../domain/placement-score.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {chooseNode} from './choose-node.js'
import type {GuestService} from './guest-service.js'
import type {PlacementFactsService} from './placement-facts-service.js'

/** Where a guest could be, and why. */
export interface GuestPlacement {
  readonly guest: Pick<Guest, 'name' | 'node' | 'status' | 'type' | 'vmid'>
  /** The best node, which may be the one it is on; or the one that was named. */
  readonly node: string
  readonly reason: string
  /** Best first. */
  readonly ranked: readonly {
    readonly node: string
    readonly score: number
    readonly parts: readonly ScorePart[]
    readonly freeMemoryAfterBytes?: number
    readonly guestCount: number
  }[]
  readonly rejected: readonly Rejection[]
  /** Share of a node's memory that guests may take, 0..1. */
  readonly memoryCeiling: number
}

/** Explains where guests are put. Sends GET requests only. */
export class PlacementService {
  constructor(
    private readonly guests: GuestService,
    private readonly cluster: ClusterRepository,
    private readonly facts: PlacementFactsService,
  ) {}

  /**
   * Where a guest that is there could be.
   * @param named a node to be judged: `refused`, `no-capacity` or `node-offline` with the reason where it cannot take the guest
   */
  explain(nameOrId: string, policy: PlacementPolicy, named?: string): ResultAsync<GuestPlacement, Failure> {
    return this.guests.find(undefined, nameOrId).andThen(({vmid}) =>
      this.cluster.resources().andThen((resources) =>
        this.facts
          .complete(resources, (guest) => guest.vmid === vmid)
          .andThen((facts) => {
            const guest = facts.guests.find((one) => one.vmid === vmid)
            if (guest === undefined)
              return err(failure('not-found', `guest ${nameOrId} is gone: it was deleted meanwhile`))
            const placement = explainGuest(facts, guest, policy)
            return chooseNode(placement, named, guestLabel(guest), resources).map(({candidate}): GuestPlacement => {
              const {name, node, status, type} = guest
              return {
                guest: {vmid, ...(name !== undefined && {name}), type, node, status},
                node: candidate.node,
                reason: named === undefined ? placementReason(placement) : 'asked for with --to',
                ranked: placement.candidates.map((one) => ({
                  node: one.node,
                  score: readable(one.score ?? 0),
                  parts: readableParts(one.parts ?? []),
                  ...(one.freeMemoryAfterBytes !== undefined && {freeMemoryAfterBytes: one.freeMemoryAfterBytes}),
                  guestCount: one.guestCount,
                })),
                rejected: placement.rejected,
                memoryCeiling: policy.memoryCeiling,
              }
            })
          }),
      ),
    )
  }
}
