import type {DiskSpec} from './disk-spec.js'
import {storageOf} from './guest-disks.js'
import type {StorageNeed} from './guest-placement.js'

/** What disks take from the storages that they name; those that name none go where the guest itself is. */
export function namedNeeds(disks: readonly DiskSpec[], content: 'images' | 'rootdir'): StorageNeed[] {
  return disks.flatMap(({source, storage}): StorageNeed[] => {
    if (source.kind === 'volume') {
      const holder = storageOf(source.volume)
      return holder === undefined ? [] : [{storage: holder, content: /:iso\//.test(source.volume) ? 'iso' : content}]
    }

    if (storage === undefined) return []
    return [{storage, content, ...(source.kind === 'new' && {bytes: source.sizeBytes})}]
  })
}
