import {die} from '../kernel/pve-error.js'
import {isEnabledOn} from '../views/node-figures.js'

import type {StorageRecord} from '../kernel/state.js'

/** Whether a storage that is meant for a node can be used there. */
export function isActiveOn(storage: StorageRecord, node: string): boolean {
  return isEnabledOn(storage, node) && storage.missingOn?.includes(node) !== true
}

/**
 * What a node finds when it activates a storage.
 * @throws PveError 500 for a volume group or pool that isn't there
 */
export function checkActivation(storage: StorageRecord, node: string): void {
  if (!isEnabledOn(storage, node) || isActiveOn(storage, node)) return
  const {config, storage: id, type} = storage
  if (type !== 'zfspool') die(`no such volume group '${config['vgname']}'`)
  die(
    `could not activate storage '${id}', zfs error: cannot import '${String(config['pool']).split('/')[0]}': no such pool available`,
  )
}
