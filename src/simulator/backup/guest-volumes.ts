import {parsePropertyString} from '../../domain/property-string.js'

import type {GuestRecord} from '../kernel/state.js'

/** A volume of a guest, and whether backups hold it. */
export interface GuestVolume {
  readonly key: string
  readonly volid: string
  /** As the configuration says it, `1G`. */
  readonly size: string
  /** Where a container sees it. */
  readonly mountpoint?: string
  readonly included: boolean
  readonly reason: string
}

const VM_DISK = /^(?:efidisk0|ide\d+|sata\d+|scsi\d+|tpmstate0|virtio\d+)$/
const MOUNT = /^(?:mp\d+|rootfs)$/
const BUS_ORDER = ['ide', 'scsi', 'virtio', 'sata', 'efidisk', 'tpmstate', 'rootfs', 'mp']

/** The disks of a VM or the mount points of a container in their order; CD-ROM drives are none. */
export function guestVolumes(guest: Pick<GuestRecord, 'config' | 'type'>): readonly GuestVolume[] {
  const pattern = guest.type === 'qemu' ? VM_DISK : MOUNT
  return Object.keys(guest.config)
    .filter((key) => pattern.test(key))
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((key) => {
      const options = parsePropertyString(String(guest.config[key]), {defaultKey: 'file'})
      const volid = options.get('file') ?? options.get('volume') ?? ''
      const size = options.get('size') ?? '0T'
      if (guest.type === 'qemu') {
        if (options.get('media') === 'cdrom' || volid === 'none' || volid === 'cdrom') return []
        const included = !/^(?:0|off|no|false)$/.test(options.get('backup') ?? '1')
        return [{key, volid, size, included, reason: included ? 'backup=yes' : 'backup=no'}]
      }

      const mountpoint = key === 'rootfs' ? '/' : (options.get('mp') ?? '')
      const [included, reason] = mountPointBackup(key, volid, options.get('backup'))
      return [{key, volid, size, mountpoint, included, reason}]
    })
}

/** The root file system always, bind mounts never, other mount points when they say so. */
function mountPointBackup(key: string, volid: string, backup: string | undefined): readonly [boolean, string] {
  if (key === 'rootfs') return [true, 'rootfs']
  if (volid.startsWith('/')) return [false, 'not a volume']
  return /^(?:1|on|yes|true)$/.test(backup ?? '0') ? [true, 'enabled'] : [false, 'disabled']
}

function rank(key: string): number {
  const [, bus = '', number = '0'] = /^([a-z]+)(\d*)$/.exec(key) ?? []
  return BUS_ORDER.indexOf(bus) * 1000 + Number(number || 0)
}
