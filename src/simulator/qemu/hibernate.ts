import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, withOptions} from '../guest/guests.js'
import {volumeKey} from '../kernel/state.js'
import {freeVolume} from '../storage/volumes.js'
import {endRun, requireRunning, unlock} from './power.js'
import {qemuVersion} from './identity.js'
import {allocateState, saveState} from './snapshots.js'
import {loadVm, setVmOptions, updateVm} from './vm.js'

import type {VolumeRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

/** Saves a VM's memory and switches it off: what `suspend todisk=1` does. It stays locked as `suspended` until it is started. */
export async function hibernateVm(
  world: World,
  node: string,
  vmid: number,
  task: Task,
  {skiplock, storage}: {readonly skiplock: boolean; readonly storage: string | undefined},
): Promise<void> {
  let state: VolumeRecord | undefined
  await withConfigLock(world, {node, vmid}, {task}, () => {
    const guest = loadVm(world, node, vmid)
    if (!skiplock) checkLock(guest)
    requireRunning(guest)
    const date = new Date(world.clock.nowMs()).toISOString().slice(0, 10)
    state = allocateState(world, guest, `suspend-${date}`, task, storage)
    const version = qemuVersion(world).split('.').slice(0, 2).join('.')
    updateVm(
      world,
      guest,
      {
        config: withOptions(guest.config, {
          lock: 'suspending',
          vmstate: state.volid,
          runningmachine: `pc-i440fx-${version}+pve0`,
        }),
      },
      task.upid,
    )
  })
  try {
    await saveState(state!, loadVm(world, node, vmid), task)
    await withConfigLock(world, {node, vmid}, {task}, () => {
      endRun(world, node, vmid)
      setVmOptions(world, node, vmid, {lock: 'suspended'}, task.upid)
    })
  } catch (error) {
    freeVolume(world, volumeKey(state!))
    setVmOptions(world, node, vmid, {vmstate: null, runningmachine: null}, task.upid)
    unlock(world, node, vmid, 'suspending')
    throw error
  }
}
