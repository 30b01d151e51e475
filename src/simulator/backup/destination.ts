import {die, errorText, PveError} from '../kernel/pve-error.js'
import {contentDirectory} from '../storage/volume-name.js'
import {hasContent, storageConfig, storageOnNode} from '../storage/volumes.js'

import type {StorageRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {JobOptions} from './job-options.js'

/** Where the archives of a job go. */
export interface Destination {
  /** Absent: a directory of the node, given by root. */
  readonly storage: StorageRecord | undefined
  readonly dumpdir: string
}

/** Both errors of a storage that cannot be used are said, in one line. */
export function openDestination(world: World, node: string, options: JobOptions): Destination {
  const dumpdir = options['dumpdir']
  if (dumpdir !== undefined) return {storage: undefined, dumpdir: String(dumpdir)}
  const id = String(options['storage'] ?? 'local')
  const errors: string[] = []
  const attempt = (what: string, check: () => void): void => {
    try {
      check()
    } catch (error) {
      errors.push(`${what} '${id}': ${errorText(error)}`)
    }
  }

  attempt('could not activate storage', () => storageOnNode(world, id, node))
  attempt('could not get storage information for', () => {
    if (!hasContent(storageConfig(world, id), 'backup'))
      die(`can't use storage '${id}' for backups - wrong content type`)
  })
  if (errors.length > 0) throw new PveError(500, errors.join(' '))
  const storage = storageConfig(world, id)
  return {storage, dumpdir: storage.type === 'pbs' ? '' : contentDirectory(storage, 'backup')}
}
