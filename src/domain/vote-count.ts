import type {ClusterMember} from './cluster.js'

/** A quorum device of a cluster, as corosync knows it on the node that answers. */
export interface QuorumDevice {
  /** Where it runs, as `192.0.2.9:5403`. */
  readonly host?: string
  /** In Proxmox VE's words: `Fifty-Fifty split`, or `LMS` for the last man standing. */
  readonly algorithm?: string
  /** In corosync's words: `Connected` and others. */
  readonly state: string
  readonly connected: boolean
  /** What it counts while it is connected; they are expected also while it is not. */
  readonly votes: number
}

/**
 * How many votes a quorum device has: one, which splits a tie, or so many that each node keeps quorum as the last one standing.
 * @param nodes how many the cluster has
 */
export function deviceVotes(algorithm: string | undefined, nodes: number): number {
  return /^lms$|last man/i.test(algorithm ?? '') ? Math.max(1, nodes - 1) : 1
}

/**
 * Whether a cluster keeps quorum once a node is off: more than half of all votes have to be there.
 * @param votes of each member; a member that is not in it has one
 * @param device whose votes are expected always, and there while it is connected
 */
export function keepsQuorum(
  members: readonly ClusterMember[],
  node: string,
  votes: ReadonlyMap<string, number>,
  device?: QuorumDevice,
): {readonly keeps: boolean; readonly left: number; readonly all: number} {
  const sum = (some: readonly ClusterMember[]) => some.reduce((total, one) => total + (votes.get(one.node) ?? 1), 0)
  const all = sum(members) + (device?.votes ?? 0)
  const left =
    sum(members.filter((one) => one.online && one.node !== node)) + (device?.connected === true ? device.votes : 0)
  return {keeps: left * 2 > all, left, all}
}
