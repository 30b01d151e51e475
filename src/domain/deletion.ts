import {failure, type Failure} from './failure.js'
import {guestLabel, guestNoun, type Guest} from './guest.js'
import {disksOf, type DiskLine} from './guest-disks.js'

/** A volume that goes with its guest. */
export interface DoomedDisk {
  /** `scsi0`; absent for one that the configuration does not name. */
  readonly key?: string
  readonly volume: string
  readonly sizeBytes?: number
}

/** All that is known of a guest that is to be deleted, and of what hangs on it. */
export interface DeletionFacts {
  readonly guest: Guest
  readonly config: Readonly<Record<string, unknown>>
  /** `running`, `stopped`, …: now. */
  readonly status: string
  /** VMs or containers whose disks are built upon those of this template. */
  readonly linkedClones: readonly Guest[]
  readonly replicationJobs: readonly string[]
  readonly backupJobs: readonly string[]
}

export interface DeletionWish {
  readonly stopFirst: boolean
  readonly purge: boolean
}

/** The volumes of a configuration that belong to the guest itself: not a CD in its drive, not a directory of the node, not another guest's disk. */
export function doomedDisks(
  guest: Pick<Guest, 'type' | 'vmid'>,
  config: Readonly<Record<string, unknown>>,
): DoomedDisk[] {
  const texts = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  )
  return disksOf(guest.type, {now: texts, next: texts})
    .filter(({kind, volume}) => kind !== 'cdrom' && kind !== 'bind' && ownerOf(volume) === guest.vmid)
    .map(({key, volume, sizeBytes}: DiskLine) => ({key, volume, ...(sizeBytes !== undefined && {sizeBytes})}))
}

/** Whose disk a volume is, by its name: `local-lvm:vm-100-disk-0`, `nas:9000/base-9000-disk-0.qcow2/101/vm-101-disk-0.qcow2`. */
export function ownerOf(volume: string): number | undefined {
  const owner = /(?:^|[/:])(?:base|basevol|subvol|vm)-(\d+)-[^/]*$/.exec(volume)?.[1]
  return owner === undefined ? undefined : Number(owner)
}

/** The guests whose volumes are built upon this one; storages write the base into the name (`base-9000-disk-0/vm-101-disk-0`), if they need it. */
export function builtUpon(base: string, volumes: readonly string[]): number[] {
  const name = /[^/:]+$/.exec(base)?.[0] ?? base
  return volumes
    .filter((volume) => volume.split(/[/:]/).slice(0, -1).includes(name))
    .flatMap((volume) => ownerOf(volume) ?? [])
}

/** Why a guest is not deleted; undefined when nothing stands against it. What Proxmox VE refuses itself is refused before it is asked. */
export function refusalOf(facts: DeletionFacts, wish: DeletionWish): Failure | undefined {
  const {config, guest, linkedClones, replicationJobs, status} = facts
  const {node, vmid} = guest
  const label = guestLabel(guest)
  const tool = guest.type === 'qemu' ? 'vm' : 'lxc'
  const details = {vmid, node}
  if (isSet(config['protection'])) {
    return failure('protected', `${label} is protected from being removed`, {
      hint: `Take the protection off first: homelab proxmox ${tool} config set ${vmid} protection=0`,
      details: {...details, reason: 'guest-protected'},
    })
  }

  if (config['lock'] !== undefined) {
    return failure('locked', `${label} is locked (${String(config['lock'])})`, {
      hint: `See what runs: homelab proxmox task list; a lock that was left behind is removed with "${guest.type === 'qemu' ? 'qm' : 'pct'} unlock ${vmid}" on ${node}`,
      details: {...details, reason: 'guest-locked', lock: String(config['lock'])},
    })
  }

  if (linkedClones.length > 0) {
    return failure(
      'refused',
      `${label} cannot go: the disks of ${linkedClones.map((clone) => guestLabel(clone)).join(', ')} are built upon its own`,
      {
        hint: `Delete the linked clones first, or give them disks of their own by moving those to another storage`,
        details: {
          ...details,
          reason: 'linked-clones-exist',
          linkedClones: linkedClones.map((clone) => ({
            vmid: clone.vmid,
            ...(clone.name !== undefined && {name: clone.name}),
            node: clone.node,
          })),
        },
      },
    )
  }

  if (status !== 'stopped' && !wish.stopFirst) {
    return failure('conflict', `${label} is ${status}`, {
      hint: `Shut it down first (homelab proxmox ${tool} shutdown ${vmid}), or delete it with --force, which pulls its plug`,
      details: {...details, reason: 'is-running', status},
    })
  }

  const uses = [
    ...(guest.haState === undefined ? [] : ['a high-availability resource']),
    ...(replicationJobs.length === 0 ? [] : [`replicated by job ${replicationJobs.join(', ')}`]),
  ]
  if (uses.length > 0 && !wish.purge) {
    return failure('refused', `${label} is ${uses.join(' and ')}`, {
      hint: `Delete it with --purge, which removes ${guestNoun(guest.type)} and jobs together, or take it out there first`,
      details: {
        ...details,
        reason: guest.haState === undefined ? 'replicated' : 'used-by-ha',
        ...(guest.haState !== undefined && {haState: guest.haState}),
        ...(replicationJobs.length > 0 && {replicationJobs}),
      },
    })
  }

  return undefined
}

/** What is worth a remark though it stops nobody. */
export function deletionWarnings({backupJobs, guest}: DeletionFacts, {purge}: DeletionWish): string[] {
  if (purge || backupJobs.length === 0) return []
  return [`${guestLabel(guest)} stays named in backup job ${backupJobs.join(', ')}: add --purge to take it out there`]
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== '' && String(value) !== '0'
}
