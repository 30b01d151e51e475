import {withConfigLock} from '../guest/config-lock.js'
import {checkLock, isTemplate} from '../guest/guests.js'
import {die} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {baseName, findVolume, isBaseVolume, renameVolume, storageConfig, volumeSupports} from '../storage/volumes.js'
import {missingVolume} from './disks.js'
import {splitVolid} from '../storage/volume-name.js'
import {drivesOf, isCdrom, printDrive, withProperties} from './drives.js'
import {loadVm, setVmOptions} from './vm.js'

import type {Call} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'

const CONVERT_SECONDS = 0.3

/** Makes a VM a template, or one more disk of a template a base image (reference 2.12). There is no way back. */
export function templateQemu(call: Call): string {
  const {world, node, vmid} = call
  const only = call.text('disk')
  const check = (): GuestRecord => {
    const guest = loadVm(world, node, vmid)
    checkLock(guest)
    if (Object.keys(guest.snapshots ?? {}).length > 0) die('unable to create template, because VM contains snapshots')
    if (isTemplate(guest) && only === undefined) die("you can't convert a template to a template")
    if (guest.run) die("you can't convert a VM to template if VM is running")
    return guest
  }

  check()
  return call.startTask('qmtemplate', vmid, (task) =>
    withConfigLock(world, {node, vmid}, {task}, async () => {
      check()
      setVmOptions(world, node, vmid, {template: 1}, task.upid)
      await toBaseImages(world, node, vmid, task, only)
    }),
  )
}

/** Turns the disks of a template into base images, one or all. */
export async function toBaseImages(world: World, node: string, vmid: number, task: Task, only?: string): Promise<void> {
  for (const [key, drive] of drivesOf(loadVm(world, node, vmid).config)) {
    const volid = splitVolid(drive.file)
    if (isCdrom(drive) || !volid || (only !== undefined && only !== key)) continue
    const volume =
      findVolume(world, drive.file, node) ?? die(missingVolume(storageConfig(world, volid.storage).type, drive.file))
    if (isBaseVolume(volume)) continue
    if (!volumeSupports(world, volume, 'template')) die(`volume '${drive.file}' does not support template/clone`)
    await task.sleep(CONVERT_SECONDS)
    const base = renameVolume(world, volumeKey(volume), {name: baseName(volume)})
    setVmOptions(world, node, vmid, {[key]: printDrive(withProperties(drive, {}, base.volid))})
  }
}
