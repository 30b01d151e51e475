import {failure, type Failure} from './failure.js'
import {disksOf, type GuestDisk} from './guest-disks.js'
import {lockMeaning} from './guest-lock.js'
import {guestLabel, type Guest, type GuestType} from './guest.js'
import {ancestorsOf, type Snapshot, type SnapshotSet} from './snapshot.js'

/** What of a storage decides about snapshots. */
export interface StorageRule {
  readonly storage: string
  readonly type: string
  /** Each snapshot is a volume upon that of the one before (`snapshot-as-volume-chain`). */
  readonly volumeChain: boolean
}

/** Of these each format but qcow2 is a plain file. */
const DIRECTORIES: ReadonlySet<string> = new Set(['cephfs', 'cifs', 'dir', 'glusterfs', 'nfs'])
const WITHOUT_SNAPSHOTS: ReadonlySet<string> = new Set(['iscsi', 'iscsidirect', 'lvm'])
const ZFS: ReadonlySet<string> = new Set(['zfs', 'zfspool'])

/** The disks that a snapshot of this configuration is about: not what lies in CD drives, nor what is unused. */
export function disksInSnapshot(type: GuestType, config: Readonly<Record<string, unknown>>): GuestDisk[] {
  const texts = Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  )
  return disksOf(type, {now: texts, next: texts}).filter(({kind}) => kind !== 'cdrom' && kind !== 'unused')
}

/** Why nothing about the snapshots of a guest can change now. */
export function lockObstacle(
  guest: Pick<Guest, 'name' | 'node' | 'type' | 'vmid'>,
  config: Readonly<Record<string, unknown>>,
): Failure | undefined {
  if (config['lock'] === undefined) return undefined
  const lock = String(config['lock'])
  return failure('locked', `${guestLabel(guest)} is locked (${lock}): ${lockMeaning(lock)}`, {
    hint: `See what runs: homelab proxmox task list --guest ${guest.vmid} --running; a lock that was left behind: ${unlockCommand(guest)}`,
    details: {reason: 'guest-locked', lock, vmid: guest.vmid, node: guest.node},
  })
}

export function unlockCommand({type, vmid}: Pick<Guest, 'type' | 'vmid'>): string {
  return `homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'} unlock ${vmid}`
}

export function templateObstacle(guest: Guest, config: Readonly<Record<string, unknown>>): Failure | undefined {
  if (!guest.template && String(config['template'] ?? '0') !== '1') return undefined
  return failure('refused', `${guestLabel(guest)} is a template, and templates have no snapshots`, {
    hint: `Make a guest of it first: homelab proxmox ${guest.type === 'qemu' ? 'vm' : 'lxc'} clone ${guest.vmid} NAME`,
    details: {reason: 'is-template', vmid: guest.vmid, node: guest.node},
  })
}

/** The server has said that the guest's disks cannot have snapshots; this says which, as far as can be told from here. */
export function noSnapshots(
  guest: Guest,
  config: Readonly<Record<string, unknown>>,
  rules: ReadonlyMap<string, StorageRule>,
): Failure {
  const unfit = disksInSnapshot(guest.type, config).flatMap((disk) => {
    const why = unfitness(disk, rules)
    return why === undefined ? [] : [{disk: disk.key, volume: disk.volume, why}]
  })
  const list = unfit.map(({disk, why}) => `${disk} ${why}`).join(', ')
  const tool = guest.type === 'qemu' ? 'vm' : 'lxc'
  return failure(
    'not-supported',
    `${guestLabel(guest)} cannot have snapshots: ${list === '' ? 'Proxmox VE says that the storage of one of its disks has none' : list}`,
    {
      hint: `Move the disk to a storage that has snapshots (LVM-thin, ZFS, Btrfs, Ceph${guest.type === 'qemu' ? ', or a qcow2 file' : ''}): homelab proxmox ${tool} disk move ${guest.vmid} ${unfit[0]?.disk ?? 'DISK'} STORAGE`,
      details: {reason: 'storage-feature', vmid: guest.vmid, node: guest.node, disks: unfit},
    },
  )
}

function unfitness({format, kind, storage}: GuestDisk, rules: ReadonlyMap<string, StorageRule>): string | undefined {
  if (kind === 'bind') return 'is a directory or device of the node'
  const rule = rules.get(storage ?? '')
  if (rule === undefined) return undefined
  if (DIRECTORIES.has(rule.type) && format !== 'qcow2') return `is a ${format ?? 'raw'} file on ${rule.storage}`
  return WITHOUT_SNAPSHOTS.has(rule.type) && !rule.volumeChain ? `is on ${rule.storage} (${rule.type})` : undefined
}

/** Why the memory of a VM cannot go into a snapshot; undefined when it can. */
export function memoryObstacle(
  guest: Guest,
  config: Readonly<Record<string, unknown>>,
  status: string,
): Failure | undefined {
  const details = {vmid: guest.vmid, node: guest.node}
  if (guest.type === 'lxc') {
    return failure('not-supported', `${guestLabel(guest)} is a container, whose memory cannot be saved`, {
      hint: 'Leave out --ram',
      details: {...details, reason: 'no-memory'},
    })
  }

  if (status === 'stopped') {
    return failure('conflict', `${guestLabel(guest)} is stopped, so that there is no memory to save`, {
      hint: 'Leave out --ram, or start it first',
      details: {...details, reason: 'not-running', status},
    })
  }

  const device = Object.keys(config).find((key) => /^hostpci\d+$/.test(key))
  return device === undefined
    ? undefined
    : failure(
        'not-supported',
        `the memory of ${guestLabel(guest)} cannot be saved: ${device} is a device of the node`,
        {
          hint: 'Leave out --ram; the disks alone can be snapshotted',
          details: {...details, reason: 'passed-through', device},
        },
      )
}

/** Where Proxmox VE puts the memory of a VM: as configured, or where its disks are, shared storages and files first. */
export function memoryStorage(
  config: Readonly<Record<string, unknown>>,
  storages: readonly {readonly storage: string; readonly type: string; readonly shared: boolean}[],
): string {
  if (typeof config['vmstatestorage'] === 'string') return config['vmstatestorage']
  let shared: string | undefined
  let local: string | undefined
  for (const {storage} of disksInSnapshot('qemu', config)) {
    const state = storages.find((one) => one.storage === storage)
    if (state === undefined) continue
    const isFile = DIRECTORIES.has(state.type) || state.type === 'btrfs'
    if (state.shared) shared = shared === undefined || isFile ? state.storage : shared
    else local = local === undefined || isFile ? state.storage : local
  }

  return shared ?? local ?? 'local'
}

/** Why a guest cannot go back to one of its snapshots, as far as its disks know: those on ZFS or in volume chains go back to their newest only (reference 2.12). */
export function rollbackObstacle(
  guest: Guest,
  set: SnapshotSet,
  target: Snapshot,
  configs: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
  rules: ReadonlyMap<string, StorageRule>,
): Failure | undefined {
  if (target.snapState !== undefined) {
    return failure(
      'conflict',
      `the snapshot ${target.name} of ${guestLabel(guest)} is incomplete (${target.snapState})`,
      {
        hint: `Nobody can go back to it. Delete it: homelab proxmox snapshot delete ${guest.vmid} ${target.name}`,
        details: {reason: 'snapshot-incomplete', vmid: guest.vmid, snapshot: target.name, snapState: target.snapState},
      },
    )
  }

  for (const disk of disksInSnapshot(guest.type, configs.get(target.name) ?? {})) {
    const rule = rules.get(disk.storage ?? '')
    if (rule === undefined || !newestOnly(rule, disk)) continue
    const newer = newerThan(set, target)
      .filter(({name}) =>
        disksInSnapshot(guest.type, configs.get(name) ?? {}).some(({volume}) => volume === disk.volume),
      )
      .map(({name}) => name)
    if (newer.length === 0) continue
    return failure(
      'refused',
      `${guestLabel(guest)} cannot go back to ${target.name}: ${disk.key} is on ${rule.storage} (${rule.volumeChain ? 'volume chain' : 'ZFS'}), which goes back to the newest snapshot only`,
      {
        hint: `Newer: ${newer.join(', ')}. Delete them first (homelab proxmox snapshot delete ${guest.vmid} ${newer.toReversed().join(' ')})`,
        details: {
          reason: 'newer-snapshots',
          vmid: guest.vmid,
          snapshot: target.name,
          disk: disk.key,
          storage: rule.storage,
          newer,
        },
      },
    )
  }

  return undefined
}

/** Whether a disk there can only go back to its newest snapshot. */
export function newestOnly(rule: StorageRule, {format}: Pick<GuestDisk, 'format'>): boolean {
  return ZFS.has(rule.type) || (rule.volumeChain && (!DIRECTORIES.has(rule.type) || format === 'qcow2'))
}

/** Those taken after a snapshot, oldest first: by their times, and where these are the same by their descent. */
export function newerThan(set: SnapshotSet, target: Snapshot): Snapshot[] {
  return set.snapshots.filter((other) => {
    if (other.name === target.name) return false
    const [then, now] = [target.createdAt ?? '', other.createdAt ?? '']
    return now === then ? ancestorsOf(set, other.name).includes(target.name) : now > then
  })
}
