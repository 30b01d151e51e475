import {withClusterLock} from '../config/cluster-lock.js'
import {die} from '../kernel/pve-error.js'
import {REFUSALS} from './refusals.js'

import type {Call} from '../kernel/call.js'

/** Writes that go to the node itself, or nowhere; they do not wait for the cluster. */
const LOCAL = /^\/access\/ticket$|^\/nodes\/\{node\}\/(?:apt|dns|hosts|network|services|status|tasks|time)(?:\/|$)/

/** Looks at every change before its handler runs: refuses it on a node without quorum. Returns undefined where nothing stands in its way. */
export function quorumGate(call: Call): Promise<void> | undefined {
  if (call.method === 'GET' || call.world.meta.clusterName === undefined) return undefined
  const forms = call.world.ringFormsIn(call.node)
  // a node that is about to find itself alone does nothing until it knows
  if (forms > 0 && !writes(call)) return undefined
  if (forms > 0 && !call.world.willBeQuorate(call.node))
    return call.world.clock.sleep(forms, {lasting: true}).then(() => refuse(call))
  return refuse(call)
}

/** Delays the answer to a change until the ring of nodes stands again after a loss. */
export function ringDelay(call: Call, result: unknown): number {
  if (call.method === 'GET' || !writes(call)) return 0
  const isTask = typeof result === 'string' && result.startsWith('UPID:')
  const creates = /^\/nodes\/\{node\}\/(?:lxc|qemu)$/.test(call.template)
  return isTask && !creates ? 0 : call.world.ringFormsIn(call.node)
}

function writes(call: Call): boolean {
  return call.world.meta.clusterName !== undefined && !LOCAL.test(call.template)
}

function refuse(call: Call): Promise<void> | undefined {
  if (call.world.isQuorate(call.node)) return undefined
  const rule = REFUSALS[`${call.method} ${call.template}`]
  const refusal = typeof rule === 'function' ? rule(call) : rule
  if (refusal === undefined) return undefined
  if (refusal === 'not-ready') return call.world.checkQuorum(call.node) as undefined
  if ('text' in refusal) return die(refusal.text)
  return Promise.resolve(withClusterLock<void>(call, refusal.lock, () => undefined, refusal.prefix))
}
