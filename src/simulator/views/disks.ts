import type {GuestRecord} from '../kernel/state.js'

/** Options of a guest that name a volume. */
export const DISK_KEY = /^(?:efidisk0|ide\d+|mp\d+|rootfs|sata\d+|scsi\d+|tpmstate0|unused\d+|virtio\d+|vmstate)$/

const UNITS: Readonly<Record<string, number>> = {'': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4}

/** `10G`, `528K`, `1.5T` in bytes; undefined for something else. */
export function parseDiskSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/.exec(text)
  return match ? Math.floor(Number(match[1]) * UNITS[match[2]!]!) : undefined
}

/** The volume id at the start of a disk option; undefined for `none`, `cdrom` and paths. */
export function volumeOf(value: number | string): string | undefined {
  const first = String(value)
    .split(',', 1)[0]!
    .replace(/^(?:file|volume)=/, '')
  return /^[A-Za-z][\w.-]*:.+/.test(first) ? first : undefined
}

/** The sizes in bytes written in a guest's disk options, by option. */
export function diskSizes(guest: Pick<GuestRecord, 'config'>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const [key, value] of Object.entries(guest.config)) {
    if (!DISK_KEY.test(key)) continue
    const size = /(?:^|,)size=([^,]+)/.exec(String(value))?.[1]
    const bytes = size === undefined ? undefined : parseDiskSize(size)
    if (bytes !== undefined) sizes.set(key, bytes)
  }

  return sizes
}
