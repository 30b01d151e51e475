import type {Json} from '../kernel/pve-error.js'
import type {FirewallRecord, GuestConfig, VolumeRecord} from '../kernel/state.js'
import type {GuestType} from './guests.js'

/** What a backup archive holds, as `inside` of its volume has it. */
export interface BackupContents {
  readonly type: GuestType
  readonly vmid: number
  /** The configuration when it was made, without lock, snapshots and pending changes. */
  readonly config: GuestConfig
  /** Bytes by option: how large a saved volume is, and how much was written to it. */
  readonly disks: {readonly [key: string]: {readonly size: number; readonly used: number}}
  readonly firewall?: FirewallRecord
}

/** The contents as a volume's record keeps them. */
export function backupInside(contents: BackupContents): Json {
  return contents as unknown as Json
}

/** What a volume holds if it is a backup; undefined for anything else. */
export function backupContents({content, inside}: VolumeRecord): BackupContents | undefined {
  if (content !== 'backup' || typeof inside !== 'object' || inside === null || !('config' in inside)) return undefined
  return inside as unknown as BackupContents
}
