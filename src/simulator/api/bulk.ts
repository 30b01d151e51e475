import {migrateGuests, startGuests, stopGuests, suspendGuests, waitForQuorum, workersOf} from '../bulk/bulk-actions.js'
import {checkBulkAccess, guestGroups, startsWithNode} from '../bulk/guest-list.js'
import {die, paramError} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

const NODE = '/nodes/{node}'
const CLUSTER = '/cluster/bulk-action/guest'
const WORKERS = 4
/** A whole cluster's worth of guests is moved one at a time unless told otherwise. */
const MIGRATION_WORKERS = 1

/** Many guests at once: of a node, or since 9.1 of the cluster. On a node the parent task ends well even if children fail (reference 2.15). */
export const bulkRoutes: Routes = {
  [`POST ${NODE}/startall`](call) {
    checkBulkAccess(call, 'VM.PowerMgmt')
    const force = call.flag('force') ?? false
    return call.startTask('startall', '', async (task) => {
      await waitForQuorum(call, task)
      const groups = guestGroups(call, call.node, (guest) => force || startsWithNode(call, guest))
      await startGuests(call, task, groups)
    })
  },

  [`POST ${NODE}/stopall`](call) {
    checkBulkAccess(call, 'VM.PowerMgmt')
    return call.startTask('stopall', '', async (task) => {
      await stopGuests(
        call,
        task,
        guestGroups(call, call.node, () => true),
        stopOptions(call),
      )
    })
  },

  [`POST ${NODE}/suspendall`](call) {
    checkBulkAccess(call, 'VM.PowerMgmt')
    return call.startTask('suspendall', '', async (task) => {
      const groups = guestGroups(call, call.node, ({type}) => type === 'qemu')
      await suspendGuests(call, task, groups, workersOf(call, WORKERS))
    })
  },

  [`POST ${NODE}/migrateall`](call) {
    checkBulkAccess(call, 'VM.Migrate')
    const target = call.required('target')
    if (target === call.node || target === 'localhost') paramError({target: 'target is local node.'})
    call.world.checkQuorum(call.node)
    if (!call.world.members().some(({node}) => node === target)) die(`no such cluster node '${target}'`)
    const workers = workersOf(call)
    return call.startTask('migrateall', '', async (task) => {
      const guests = guestGroups(call, call.node, () => true).flat()
      const withLocalDisks = call.flag('with-local-disks') ?? false
      await migrateGuests(call, task, guests, {target, workers, withLocalDisks})
    })
  },

  [`POST ${CLUSTER}/start`](call) {
    checkBulkAccess(call, 'VM.PowerMgmt')
    return call.startTask('bulk-start', '', async (task) => {
      await waitForQuorum(call, task)
      report(
        'start',
        await startGuests(
          call,
          task,
          guestGroups(call, undefined, () => true),
        ),
      )
    })
  },

  [`POST ${CLUSTER}/shutdown`](call) {
    checkBulkAccess(call, 'VM.PowerMgmt')
    return call.startTask('bulk-shutdown', '', async (task) => {
      report(
        'shutdown',
        await stopGuests(
          call,
          task,
          guestGroups(call, undefined, () => true),
          stopOptions(call),
        ),
      )
    })
  },

  [`POST ${CLUSTER}/suspend`](call) {
    checkBulkAccess(call, 'VM.PowerMgmt')
    return call.startTask('bulk-suspend', '', async (task) => {
      const groups = guestGroups(call, undefined, ({type}) => type === 'qemu')
      report('suspend', await suspendGuests(call, task, groups, workersOf(call, WORKERS)))
    })
  },

  [`POST ${CLUSTER}/migrate`](call) {
    checkBulkAccess(call, 'VM.Migrate')
    const target = call.required('target')
    if (!call.world.members().some(({node}) => node === target)) die(`no such cluster node '${target}'`)
    const workers = workersOf(call, MIGRATION_WORKERS)
    return call.startTask('bulk-migrate', '', async (task) => {
      const guests = guestGroups(call, undefined, ({node}) => node !== target).flat()
      const withLocalDisks = call.flag('with-local-disks') ?? false
      report('migrate', await migrateGuests(call, task, guests, {target, workers, withLocalDisks}))
    })
  },
}

function stopOptions(call: Call): {workers: number; force: boolean; timeout: number | undefined} {
  return {workers: workersOf(call, WORKERS), force: call.flag('force-stop') ?? true, timeout: call.number('timeout')}
}

/** Unlike that of a node, a task of the cluster fails with its guests. */
function report(action: string, failed: readonly number[]): void {
  if (failed.length > 0) die(`Some guests failed to ${action}: ${failed.join(', ')}`)
}
