import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, checkWritable, isTemplate, loadGuest, setOptions} from '../guest/guests.js'
import {
  addSnapshot,
  checkNewSnapshot,
  checkRollback,
  checkSnapshotName,
  removeSnapshot,
  rolledBack,
  snapshotConfig,
  snapshotList,
  snapshotOf,
} from '../guest/snapshots.js'
import {die} from '../kernel/pve-error.js'
import {storageConfig} from '../storage/volumes.js'
import {mountPoints} from '../lxc/mount-points.js'
import {halt, startContainer} from '../lxc/power.js'
import {hasFeature} from '../lxc/volumes.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'

const PATH = '/nodes/{node}/lxc/{vmid}/snapshot'
const SNAPSHOT_SECONDS = 0.5
/** Storages that can only go back to their newest snapshot. */
const NEWEST_ONLY = new Set(['zfs', 'zfspool'])

export const lxcSnapshotRoutes: Routes = {
  [`GET ${PATH}`]: ({world, node, vmid}) => snapshotList(world, loadGuest(world, 'lxc', node, vmid), () => ({})),

  [`POST ${PATH}`](call) {
    const {world, node, vmid} = call
    const name = call.required('snapname')
    checkSnapshotName({type: 'lxc'}, name)
    const description = call.text('description')
    return call.startTask('vzsnapshot', vmid, (task) =>
      withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
        const guest = loadGuest(world, 'lxc', node, vmid)
        checkNewSnapshot(guest, name, () => hasFeature(world, guest, 'snapshot'))
        checkWritable(world, 'lxc', node, vmid, task.upid)
        setOptions(world, vmid, {lock: 'snapshot'})
        try {
          await task.sleep(SNAPSHOT_SECONDS)
          const facts = {snaptime: world.clock.now(), ...(description !== undefined && {description})}
          world.store.of('guests').update(vmid, addSnapshot(loadGuest(world, 'lxc', node, vmid), name, facts))
        } catch (error) {
          setOptions(world, vmid, {lock: undefined})
          throw error
        }
      }),
    )
  },

  [`GET ${PATH}/{snapname}`]: () => [{cmd: 'rollback'}, {cmd: 'config'}],

  [`DELETE ${PATH}/{snapname}`](call) {
    const {world, node, vmid} = call
    const name = call.required('snapname')
    return call.startTask('vzdelsnapshot', vmid, (task) =>
      withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
        const guest = loadGuest(world, 'lxc', node, vmid)
        const snapshot = snapshotOf(guest, name)
        checkLock(guest)
        checkWritable(world, 'lxc', node, vmid, task.upid)
        // both stay when it is interrupted: nobody knows what is left of the snapshot
        const snapshots = {...guest.snapshots, [name]: {...snapshot, snapstate: 'delete'}}
        world.store.of('guests').update(vmid, {snapshots})
        setOptions(world, vmid, {lock: 'snapshot-delete'})
        await task.sleep(SNAPSHOT_SECONDS)
        world.store.of('guests').update(vmid, removeSnapshot(loadGuest(world, 'lxc', node, vmid), name))
      }),
    )
  },

  [`GET ${PATH}/{snapname}/config`]: (call) =>
    snapshotConfig(loadGuest(call.world, 'lxc', call.node, call.vmid), call.required('snapname')),

  async [`PUT ${PATH}/{snapname}/config`](call) {
    const {world, node, vmid} = call
    const description = call.text('description')
    if (description === undefined) return null
    await withConfigLock(world, {type: 'lxc', node, vmid}, {}, () => {
      const guest = loadGuest(world, 'lxc', node, vmid)
      checkLock(guest)
      const name = call.required('snapname')
      const snapshot = snapshotOf(guest, name)
      checkWritable(world, 'lxc', node, vmid)
      world.store.of('guests').update(vmid, {snapshots: {...guest.snapshots, [name]: {...snapshot, description}}})
    })
    return null
  },

  [`POST ${PATH}/{snapname}/rollback`](call) {
    const {world, node, vmid} = call
    const name = call.required('snapname')
    return call.startTask('vzrollback', vmid, async (task) => {
      await withConfigLock(world, {type: 'lxc', node, vmid}, {task}, async () => {
        const guest = loadGuest(world, 'lxc', node, vmid)
        checkRollback(guest, name)
        checkNewest(call, guest, name)
        checkWritable(world, 'lxc', node, vmid, task.upid)
        await halt(world, guest, task)
        setOptions(world, vmid, {lock: 'rollback'})
        await task.sleep(SNAPSHOT_SECONDS)
        const {pending: _pending, ...current} = loadGuest(world, 'lxc', node, vmid)
        world.store.of('guests').put(vmid, {...current, config: rolledBack(current, name)})
      })
      if (call.flag('start')) await startContainer(world, node, vmid, task)
    })
  },
}

/** Some storages would have to throw away the snapshots made since. */
function checkNewest({world}: Call, guest: GuestRecord, name: string): void {
  if (isTemplate(guest)) return
  const newest = Object.entries(guest.snapshots ?? {}).sort(([, a], [, b]) => b.snaptime - a.snaptime)[0]?.[0]
  if (newest === name || guest.config['parent'] === name) return
  for (const [, {volume}] of mountPoints(snapshotOf(guest, name).config)) {
    const {type} = storageConfig(world, volume.split(':', 1)[0]!)
    if (NEWEST_ONLY.has(type)) die(`can't rollback, '${name}' is not most recent snapshot on '${volume}'`)
  }
}
