import {err, type Result, type ResultAsync} from 'neverthrow'
import {explainGuest} from '../domain/explain-placement.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {PlacementPolicy} from '../domain/guest-reach.js'
import {placementReason, type NodeCandidate, type Placement, type Rejection} from '../domain/placement.js'
import {readable, readableParts, type ScorePart} from '../domain/placement-score.js'
import {runningMemory, type PlacementFacts, type PlacementGuest} from '../domain/placement-facts.js'
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

/** The best node for a guest beside the one it is on, and why. */
export interface BetterPlace {
  readonly node: string
  readonly reason: string
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

  /**
   * The best other node for each of some guests, by VMID; each one is counted where it goes before the next one is placed.
   * @param policyFor what may be done to move that guest
   * @returns for a guest that no other node can take, `no-capacity` or `refused` with the reason of each
   */
  elsewhere(
    guests: readonly Pick<Guest, 'vmid'>[],
    policyFor: (guest: PlacementGuest) => PlacementPolicy,
  ): ResultAsync<ReadonlyMap<number, Result<BetterPlace, Failure>>, Failure> {
    const wanted = new Set(guests.map(({vmid}) => vmid))
    return this.cluster.resources().andThen((resources) =>
      this.facts
        .complete(resources, ({vmid}) => wanted.has(vmid))
        .map((first) => {
          const places = new Map<number, Result<BetterPlace, Failure>>()
          let facts = first
          for (const vmid of wanted) {
            const guest = facts.guests.find((one) => one.vmid === vmid)
            if (guest === undefined) {
              places.set(vmid, err(failure('not-found', `guest ${vmid} is gone: it was deleted meanwhile`)))
              continue
            }

            const others = withoutNode(explainGuest(facts, guest, policyFor(guest)), guest.node)
            const place = chooseNode(others, undefined, guestLabel(guest), resources)
              .map(({candidate}): BetterPlace => ({node: candidate.node, reason: placementReason(others)}))
              .mapErr((failed) => nowhereElse(failed, guest, facts.nodes.length))
            places.set(vmid, place)
            if (place.isOk()) facts = withArrival(facts, guest, place.value.node)
          }

          return places
        }),
    )
  }
}

function withoutNode({candidates, rejected}: Placement<NodeCandidate>, node: string): Placement<NodeCandidate> {
  return {
    candidates: candidates.filter((one) => one.node !== node),
    rejected: rejected.filter((one) => one.node !== node),
  }
}

/** A guest on its way takes memory at both ends. */
function withArrival(facts: PlacementFacts, guest: PlacementGuest, to: string): PlacementFacts {
  return {
    ...facts,
    guests: facts.guests.map((one) => (one.vmid === guest.vmid ? {...one, node: to} : one)),
    nodes: facts.nodes.map((node) =>
      node.node === to && node.memoryUsedBytes !== undefined
        ? {...node, memoryUsedBytes: node.memoryUsedBytes + runningMemory(guest)}
        : node,
    ),
  }
}

function nowhereElse(failed: Failure, guest: PlacementGuest, nodes: number): Failure {
  const hint = `See what speaks against each node: homelab proxmox placement explain ${guest.vmid}`
  const message =
    nodes < 2
      ? `there is nowhere to move ${guestLabel(guest)} to: ${guest.node} is the only node`
      : failed.message.replace('no node can take', 'no other node can take')
  return {...failed, message, hint}
}
