import {isCloudInitVolume} from './guest-disks.js'
import type {GuestType} from './guest.js'
import type {MoveManner} from './move-plan.js'

/** What Proxmox VE says of moving a guest before it is moved; what it did not say is absent. */
export interface MigrationCheck {
  readonly running: boolean
  /** Storages of its disks that a node lacks, by node; an empty list is no obstacle. */
  readonly missingStorages?: Readonly<Record<string, readonly string[]>>
  /** HA resources that forbid a node, by node. */
  readonly blockingHaResources?: Readonly<Record<string, readonly string[]>>
  readonly localDisks: readonly LocalDisk[]
  /** Devices of the node itself, as `usb0`. */
  readonly localResources: readonly string[]
}

export interface LocalDisk {
  readonly volume: string
  /** `scsi0`; absent for a disk that is attached to nothing. */
  readonly key?: string
  readonly sizeBytes?: number
  /** An image in a drive; it cannot be copied. */
  readonly cdrom: boolean
}

/** How somebody wants a guest moved. */
export interface MoveWish {
  readonly target: string
  /** Containers: shut a running one down, move it, and start it there. */
  readonly restart?: boolean
  /** Copy the disks of a running VM that are on local storage. */
  readonly localDisks?: boolean
  /** `local-lvm:ceph,nas:ceph`, one storage for all, or `1` for those of the same names. */
  readonly storageMap?: string
  /** KiB/s. */
  readonly bandwidthKib?: number
  /** How long a container gets to shut down. */
  readonly shutdownSeconds?: number
}

/**
 * Why a guest cannot be moved so, and what to do; undefined when nothing is known against it. A cloud-init drive is listed like a disc, and is copied all the same, as
 * are disks that are attached to nothing (cluster facts, QEMU migration).
 */
export function migrationObstacle(
  type: GuestType,
  check: MigrationCheck,
  wish: MoveWish,
): {readonly reason: string; readonly remedy: string} | undefined {
  const {target} = wish
  const blocking = check.blockingHaResources?.[target] ?? []
  if (blocking.length > 0) {
    return {
      reason: `HA rules keep it apart from ${blocking.join(', ')} on ${target}`,
      remedy: 'Move that one first, or change the rule',
    }
  }

  const disks = check.localDisks.filter(({volume}) => !isCloudInitVolume(volume))
  const discs = disks.filter(({cdrom}) => cdrom)
  if (discs.length > 0) {
    return {
      reason: `the image ${discs[0]?.volume} in its drive is on local storage`,
      remedy: `Take it out: homelab proxmox vm config set NAME ${discs[0]?.key ?? 'ide2'}=none,media=cdrom`,
    }
  }

  if (check.localResources.length > 0) {
    return {
      reason: `it uses what is built into its node: ${check.localResources.join(', ')}`,
      remedy: 'Take that out of its configuration, or use a resource mapping',
    }
  }

  const missing = check.missingStorages?.[target] ?? []
  if (missing.length > 0 && wish.storageMap === undefined) {
    return {
      reason: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not on ${target}`,
      remedy: `Say where its disks go there: --target-storage STORAGE, or ${missing[0]}:STORAGE`,
    }
  }

  if (type === 'lxc' && check.running && wish.restart !== true) {
    return {
      reason: 'a running container cannot move without being restarted',
      remedy: 'Add --restart, or shut it down first',
    }
  }

  const attached = disks.flatMap(({key}) => key ?? [])
  if (type === 'qemu' && check.running && attached.length > 0 && wish.localDisks !== true) {
    return {
      reason: `its disks ${attached.join(', ')} are on local storage`,
      remedy: 'Add --with-local-disks to copy them while it runs, or shut it down first',
    }
  }

  return undefined
}

export function mannerOf(type: GuestType, running: boolean): MoveManner {
  if (!running) return 'offline'
  return type === 'qemu' ? 'online' : 'restart'
}
