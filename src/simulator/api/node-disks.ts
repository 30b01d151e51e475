import {die} from '../kernel/pve-error.js'
import {ordered} from '../storage/config.js'
import {Figures, isEnabledOn} from '../views/node-figures.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {StorageRecord} from '../kernel/state.js'

const BASE = '/nodes/{node}/disks'
/** The one disk of a simulated machine. */
const DISK = '/dev/sda'
const EFI_BYTES = 1024 ** 3
const METADATA_BYTES = 4 * 1024 ** 2

/** The disk of a node and what lies on it. There is no other one, so nothing can be made of a free disk. */
export const nodeDisksRoutes: Routes = {
  [`GET ${BASE}`]: () =>
    ['directory', 'initgpt', 'list', 'lvm', 'lvmthin', 'smart', 'wipedisk', 'zfs'].map((name) => ({name})),

  [`GET ${BASE}/list`](call) {
    if (call.text('type') !== undefined) return []
    const disk = {
      devpath: DISK,
      used: usedFor(call),
      gpt: 1,
      mounted: 0,
      osdid: -1,
      'osdid-list': null,
      size: diskBytes(call),
      model: 'Virtual_Disk',
      vendor: 'SIM     ',
      serial: `sim-${call.node}`,
      wwn: 'unknown',
      type: 'ssd',
      rpm: 0,
      wearout: 'N/A',
      health: call.flag('skipsmart') ? 'UNKNOWN' : 'PASSED',
      by_id_link: `/dev/disk/by-id/scsi-0SIM_Virtual_Disk_sim-${call.node}`,
    }
    return call.flag('include-partitions') ? [disk, ...partitions(call)] : [disk]
  },

  [`GET ${BASE}/smart`](call) {
    checkDisk(call.required('disk'))
    return {health: 'PASSED', ...(!call.flag('healthonly') && {type: 'ata', attributes: []})}
  },

  [`GET ${BASE}/directory`]: (call) =>
    local(call, 'dir')
      .filter(({config}) => config['is_mountpoint'] !== undefined)
      .map(({config}) => ({
        device: DISK,
        path: String(config['path']),
        type: 'ext4',
        options: 'defaults',
        unitfile: `/etc/systemd/system/${String(config['path']).slice(1).replaceAll('/', '-')}.mount`,
      })),

  [`GET ${BASE}/lvm`](call) {
    const groups = new Set(
      [...local(call, 'lvm'), ...local(call, 'lvmthin')].map(({config}) => String(config['vgname'])),
    )
    return {
      leaf: 0,
      children: [...groups].map((name) => ({
        name,
        size: diskBytes(call),
        free: 0,
        leaf: 0,
        lvcount: 3,
        children: [{name: `${DISK}3`, size: diskBytes(call), free: 0, leaf: 1}],
      })),
    }
  },

  [`GET ${BASE}/lvmthin`](call) {
    const figures = new Figures(call.world)
    return local(call, 'lvmthin').map((storage) => {
      const {total, used} = figures.storage(storage, call.node)
      return {
        lv: String(storage.config['thinpool']),
        vg: String(storage.config['vgname']),
        lv_size: total,
        used,
        metadata_size: METADATA_BYTES,
        metadata_used: Math.ceil((METADATA_BYTES * used) / Math.max(1, total)),
      }
    })
  },

  [`GET ${BASE}/zfs`](call) {
    const figures = new Figures(call.world)
    return pools(call).map(([name, storage]) => {
      const {total, used, avail} = figures.storage(storage, call.node)
      return {name, size: total, alloc: used, free: avail, frag: 0, dedup: 1, health: 'ONLINE'}
    })
  },

  [`GET ${BASE}/zfs/{name}`](call) {
    const name = call.required('name')
    if (!pools(call).some(([pool]) => pool === name)) die(`zfs error: cannot open '${name}': no such pool`)
    const healthy = {state: 'ONLINE', read: 0, write: 0, cksum: 0, msg: ''}
    return {
      name,
      state: 'ONLINE',
      errors: 'No known data errors',
      leaf: 0,
      children: [{name, ...healthy, leaf: 0, children: [{name: `${DISK}3`, ...healthy, leaf: 1}]}],
    }
  },

  [`POST ${BASE}/directory`]: (call) => refuse(call.required('device')),
  [`POST ${BASE}/lvm`]: (call) => refuse(call.required('device')),
  [`POST ${BASE}/lvmthin`]: (call) => refuse(call.required('device')),
  [`POST ${BASE}/zfs`]: (call) => refuse(call.list('devices')[0] ?? ''),
  [`POST ${BASE}/initgpt`]: (call) => refuse(call.required('disk')),
  [`PUT ${BASE}/wipedisk`]: (call) => refuse(call.required('disk')),
}

/** The only disk is in use, any other one isn't there. */
function refuse(device: string): never {
  checkDisk(device)
  return die(`device '${device}' is already in use`)
}

function checkDisk(device: string): void {
  if (!new RegExp(`^${DISK}\\d*$`).test(device)) die('not a valid block device')
}

function local({world, node}: Call, type: string): readonly StorageRecord[] {
  return ordered(world).filter((storage) => storage.type === type && isEnabledOn(storage, node))
}

function pools(call: Call): readonly (readonly [string, StorageRecord])[] {
  const named = local(call, 'zfspool').map(
    (storage) => [String(storage.config['pool']).split('/')[0]!, storage] as const,
  )
  return [...new Map(named)]
}

function usedFor(call: Call): string {
  if (local(call, 'zfspool').length > 0) return 'ZFS'
  return local(call, 'lvmthin').length + local(call, 'lvm').length > 0 ? 'LVM' : 'ext4'
}

/** The disk is as large as what lies on it: the root file system, and the storages of this node that are no directories. */
function diskBytes({world, node}: Call): number {
  const seen = new Map<string, number>()
  for (const storage of ordered(world)) {
    if (['lvm', 'lvmthin', 'zfspool'].includes(storage.type) && isEnabledOn(storage, node)) {
      seen.set(storage.filesystem ?? storage.storage, storage.totalBytes)
    }
  }

  return [...seen.values()].reduce((sum, bytes) => sum + bytes, world.node(node).rootfsTotalBytes + EFI_BYTES)
}

function partitions(call: Call): readonly {readonly [key: string]: Json}[] {
  const common = {gpt: 1, osdid: -1, 'osdid-list': null, type: 'partition', parent: DISK}
  return [
    {...common, devpath: `${DISK}1`, used: 'BIOS boot', mounted: 0, size: 1_031_168},
    {...common, devpath: `${DISK}2`, used: 'EFI', mounted: 1, size: EFI_BYTES},
    {...common, devpath: `${DISK}3`, used: usedFor(call), mounted: 0, size: diskBytes(call) - EFI_BYTES},
  ]
}
