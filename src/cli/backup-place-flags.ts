import {Flags} from '@oclif/core'
import type {BackupPlaces} from '../services/backup-inventory.js'

/** Where to look for backups. */
export const backupPlaceFlags = {
  storage: Flags.string({
    description: 'Only backups on this storage; repeatable.',
    helpValue: 'STORAGE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  node: Flags.string({description: 'Only storages that this node sees.', helpValue: 'NODE'}),
}

export function backupPlaces(flags: {
  readonly storage?: string[] | undefined
  readonly node?: string | undefined
}): BackupPlaces {
  return {
    ...(flags.storage !== undefined && {storages: flags.storage}),
    ...(flags.node !== undefined && {node: flags.node}),
  }
}
