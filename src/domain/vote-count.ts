import type {ClusterMember} from './cluster.js'

/**
 * Whether a cluster keeps quorum once a node is off: more than half of all votes have to be there. A vote of a quorum device counts neither way.
 * @param votes of each member; a member that is not in it has one
 */
export function keepsQuorum(
  members: readonly ClusterMember[],
  node: string,
  votes: ReadonlyMap<string, number>,
): {readonly keeps: boolean; readonly left: number; readonly all: number} {
  const sum = (some: readonly ClusterMember[]) => some.reduce((total, one) => total + (votes.get(one.node) ?? 1), 0)
  const all = sum(members)
  const left = sum(members.filter((one) => one.online && one.node !== node))
  return {keeps: left * 2 > all, left, all}
}
