import type {Backup} from './backup.js'
import {isDiskKey, readDisk} from './guest-disks.js'
import type {GuestType} from './guest.js'

/** A disk that no backup of the guest holds. */
export interface ExcludedDisk {
  readonly key: string
  readonly volume: string
  /** `backup=0`: so it is set; `not asked for`: a mount point is only saved on request; `bind mount`: it belongs to the node. */
  readonly reason: 'backup=0' | 'bind mount' | 'not asked for'
}

/** How a guest is off. `unknown`: none was found, and not every storage could be asked. */
export type Coverage = 'none' | 'ok' | 'old' | 'unknown'

/** The disks that vzdump leaves out: of VMs those with `backup=0`, of containers all mount points without `backup=1`. CD-ROMs are no disks. */
export function excludedDisks(type: GuestType, config: Readonly<Record<string, unknown>>): ExcludedDisk[] {
  return Object.entries(config)
    .filter(([key]) => isDiskKey(type, key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]): ExcludedDisk[] => {
      const {kind, volume, options} = readDisk(type, key, String(value))
      if (kind === 'bind') return [{key, volume, reason: 'bind mount'}]
      if (kind === 'mount') return isOn(options['backup']) ? [] : [{key, volume, reason: 'not asked for'}]
      // Of containers only the root file system is left, which is always saved.
      const saved = kind === 'disk' || kind === 'efi' || kind === 'tpm'
      return saved && isOff(options['backup']) ? [{key, volume, reason: 'backup=0'}] : []
    })
}

/** Whether a backup could be restored: one that is still being written, or was found damaged, could not. */
export function isUsable({format, sizeBytes, verified}: Backup): boolean {
  return verified !== false && !(format?.startsWith('pbs-') === true && sizeBytes !== undefined && sizeBytes <= 1)
}

/**
 * @param ageSeconds of the newest backup; undefined where there is none
 * @param complete whether every storage was asked
 */
export function coverageOf(
  ageSeconds: number | undefined,
  maxAgeSeconds: number | undefined,
  complete: boolean,
): Coverage {
  if (ageSeconds === undefined) return complete ? 'none' : 'unknown'
  return maxAgeSeconds !== undefined && ageSeconds > maxAgeSeconds ? (complete ? 'old' : 'unknown') : 'ok'
}

function isOn(value: unknown): boolean {
  return value === true || /^(?:1|on|yes|true)$/i.test(String(value))
}

function isOff(value: unknown): boolean {
  return value === false || /^(?:0|off|no|false)$/i.test(String(value))
}
