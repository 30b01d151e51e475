import {die, PveError} from '../kernel/pve-error.js'
import {parseVolumeName} from './volume-name.js'
import {storageConfig} from './volumes.js'

import type {Call} from '../kernel/call.js'
import type {StorageRecord} from '../kernel/state.js'

/** A volume of the path or a parameter: `STORAGE:NAME`, or a name alone on a storage that is known. */
export interface VolumeAddress {
  readonly storage: StorageRecord
  readonly volname: string
  readonly volid: string
}

/** @throws PveError 500 for an unknown storage */
export function addressOf(call: Call, volid: string): VolumeAddress {
  const colon = volid.indexOf(':')
  const storage = storageConfig(call.world, volid.slice(0, colon))
  return {storage, volname: volid.slice(colon + 1), volid}
}

/**
 * Whether the caller may use a volume: a privilege on its storage or on its owner, or he acts for its owner `vmid`.
 * @throws PveError 403, or 500 for a name the storage cannot read
 */
export function checkVolumeAccess(call: Call, {storage, volname, volid}: VolumeAddress, vmid?: number): void {
  const {content, vmid: owner} = parseVolumeName(storage, volname)
  const path = `/storage/${storage.storage}`
  if (call.has(path, 'Datastore.Allocate')) return
  if (['import', 'iso', 'vztmpl'].includes(content)) {
    call.checkAny(path, 'Datastore.AllocateSpace', 'Datastore.Audit')
  } else if (owner !== undefined && owner === vmid) {
    // the owner's own
  } else if (content === 'backup' && owner !== undefined) {
    call.check(path, 'Datastore.AllocateSpace')
    call.check(`/vms/${owner}`, 'VM.Backup')
  } else if (owner !== undefined) {
    call.check(path, 'Datastore.Audit')
    call.check(`/vms/${owner}`, 'VM.Config.Disk')
  } else {
    die(`missing privileges to access ${volid}`)
  }
}

/** As `checkVolumeAccess`, as an answer. */
export function mayAccessVolume(call: Call, address: VolumeAddress, vmid?: number): boolean {
  try {
    checkVolumeAccess(call, address, vmid)
    return true
  } catch (error) {
    if (error instanceof PveError) return false
    throw error
  }
}
