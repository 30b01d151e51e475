import type {GuestRecord, NodeRecord, RunRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/**
 * What QEMU says of itself: the `qmpstatus` of a running VM.
 * @param moment epoch ms; absent: now
 */
export function qmpStatus({leaving, paused}: RunRecord, moment = Infinity): string {
  if (leaving?.overSince !== undefined && moment >= leaving.overSince) return 'postmigrate'
  return paused ? 'paused' : 'running'
}

/** A guest as the lists of the cluster know it. */
export interface SentState {
  readonly status: string
  /** The guest whose figures are shown. */
  readonly guest: GuestRecord
  /** Epoch ms of the figures. */
  readonly at: number
}

/**
 * What a guest's node has sent of it to the others. Nodes do so in rounds, with QEMU's own word for the status; that counts around a migration: the end of the
 * old process is seen if a round falls into it, and the new node says nothing of the guest before its next one (cluster facts, "QEMU migration").
 */
export function sentState(world: World, guest: GuestRecord, node: NodeRecord): SentState {
  const at = node.downSince ?? world.clock.nowMs()
  const {run} = guest
  if (!run) return {status: 'stopped', guest, at}
  const {arrived} = run
  const round = world.figuresSentAt(node)
  if (arrived && round < arrived.at) {
    const {status, startedAt, at: sentAt} = arrived.sent
    return {status, guest: {...guest, run: {...run, startedAt}}, at: sentAt}
  }

  return {status: qmpStatus(run, round), guest, at}
}
