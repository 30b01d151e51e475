import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import type {DiskKind, GuestDisk} from './guest-disks.js'
import {guestLabel, guestNoun, type Guest} from './guest.js'
import {formatSize, parseSize} from './size.js'

/** Kinds of disks that something cannot be done with, and why. */
export type Reasons = Readonly<Partial<Record<DiskKind, string>>>

export const NOT_RESIZED: Reasons = {
  bind: 'it is a directory or device of the node, and no volume',
  cdrom: 'it is a CD-ROM drive',
  cloudinit: 'it is the cloud-init drive, which Proxmox VE makes itself',
  efi: "the firmware's variables have a fixed size",
  tpm: "the TPM's state has a fixed size",
  unused: 'it is not attached. Attach it first: disk attach',
}
export const NOT_MOVED: Reasons = {
  bind: 'it is a directory or device of the node, and no volume',
  cdrom: 'it is a CD-ROM drive',
  unused: 'it is not attached. Attach it first: disk attach',
}
export const NOT_DETACHED: Reasons = {rootfs: 'a container cannot be without its root file system'}
export const NOT_REASSIGNED: Reasons = {
  bind: 'it is a directory or device of the node, and no volume',
  cdrom: 'it is a CD-ROM drive',
  cloudinit: "it is the cloud-init drive, which is made from its VM's own values",
  rootfs: 'a container cannot be without its root file system',
}

/** Refuses what cannot be done with this kind of disk. */
export function checkKind(guest: Guest, disk: GuestDisk, what: string, reasons: Reasons): Result<GuestDisk, Failure> {
  const why = reasons[disk.kind]
  return why === undefined
    ? ok(disk)
    : err(
        failure('refused', `Cannot ${what} of ${guestLabel(guest)}: ${why}`, {
          details: {reason: 'disk-kind', disk: disk.key, diskKind: disk.kind},
        }),
      )
}

/** A size, or what is to be added to one. */
export interface NewSize {
  readonly relative: boolean
  readonly bytes: number
}

/** `+10GiB`, `40GiB`. A number alone would be bytes to Proxmox VE and GiB to people, so it is refused. */
export function parseNewSize(text: string): Result<NewSize, Failure> {
  const relative = text.startsWith('+')
  const rest = relative ? text.slice(1) : text
  if (/^\d+(?:\.\d+)?$/.test(rest) || /^[+-]/.test(rest)) {
    return err(
      failure('usage', `"${text}" is no size for a disk`, {
        hint: `Give the unit, and a plus to add: ${relative ? '+' : ''}${/^\d/.test(rest) ? rest : '10'}GiB`,
        details: {field: 'size', value: text},
      }),
    )
  }

  return parseSize(rest).map((bytes) => ({relative, bytes}))
}

/** The size a disk is to have, in bytes; a smaller one than it has is refused, with what to do instead. */
export function newSize(
  guest: Guest,
  disk: GuestDisk,
  wanted: NewSize,
): Result<{readonly disk: GuestDisk; readonly bytes: number}, Failure> {
  const {key, sizeBytes} = disk
  if (sizeBytes === undefined && wanted.relative) {
    return err(
      failure('refused', `the configuration of ${guestLabel(guest)} does not say how large ${key} is`, {
        hint: 'Give the size it is to have, without a plus',
      }),
    )
  }

  const asked = (wanted.relative ? (sizeBytes ?? 0) : 0) + wanted.bytes
  // The server counts in KiB, and rounds up.
  const bytes = Math.ceil(asked / 1024) * 1024
  if (bytes >= (sizeBytes ?? 0)) return ok({disk, bytes})
  const command = `homelab proxmox ${guest.type === 'qemu' ? 'vm' : 'lxc'} disk`
  const name = guest.name ?? guest.vmid
  return err(
    failure(
      'invalid-parameter',
      `${key} of ${guestLabel(guest)} has ${formatSize(sizeBytes ?? 0)} and cannot shrink to ${formatSize(bytes)}: what lies behind the new end would be lost`,
      {
        hint: `Add a smaller disk (${command} add ${name} ${disk.storage ?? 'STORAGE'}:${formatSize(bytes).replace(' ', '')}), copy the data over inside the ${guestNoun(guest.type)}, then remove this one (${command} remove ${name} ${key})`,
        details: {reason: 'disk-shrink', disk: key, sizeBytes, wantedBytes: bytes},
      },
    ),
  )
}
