import {errAsync, okAsync, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {isGuestNotThere} from '../repositories/failure-from-request.js'

/** The guest as the cluster lists it now; `not-found` when it was deleted since it was looked up. */
export function whereNow(cluster: ClusterRepository, guest: Guest): ResultAsync<Guest, Failure> {
  return cluster.resources('vm').andThen(({guests}) => {
    const now = guests.find(({vmid, type}) => vmid === guest.vmid && type === guest.type)
    return now === undefined ? errAsync(vanished(guest)) : okAsync(now)
  })
}

/**
 * Does something with a guest, and once more on its new node when it turns out to have moved since it was looked up (reference 2.9). Only
 * for reads, and for what provably did nothing where the guest is not.
 */
export function following<T>(
  cluster: ClusterRepository,
  guest: Guest,
  act: (guest: Guest) => ResultAsync<T, Failure>,
): ResultAsync<T, Failure> {
  return act(guest).orElse((failed) =>
    isGuestNotThere(failed)
      ? whereNow(cluster, guest).andThen((now) => (now.node === guest.node ? errAsync(failed) : act(now)))
      : errAsync(failed),
  )
}

function vanished(guest: Guest): Failure {
  return failure('not-found', `${guestLabel(guest)} is gone: it was deleted meanwhile`, {
    details: {reason: 'vanished', vmid: guest.vmid, node: guest.node},
  })
}
