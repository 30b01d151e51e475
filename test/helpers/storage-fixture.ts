import {DEMO_TOKEN} from '../../src/simulator/fixtures/demo.js'
import type {Fixture, FixtureGuest} from '../../src/simulator/fixtures/fixture.js'

const GIB = 1024 ** 3

/** The storages of `storageFixture` that hold disks: a directory, LVM-thin, ZFS. */
export const DISK_STORAGES = ['files', 'thin', 'tank'] as const
export type DiskStorage = (typeof DISK_STORAGES)[number]

function disk(storage: DiskStorage, vmid: number, type: 'lxc' | 'qemu'): string {
  if (storage === 'files') return `files:${vmid}/vm-${vmid}-disk-0.${type === 'qemu' ? 'qcow2' : 'raw'},size=8G`
  return `${storage}:${storage === 'tank' && type === 'lxc' ? 'subvol' : 'vm'}-${vmid}-disk-0,size=8G`
}

function vm(vmid: number, name: string, storage: DiskStorage, rest: Partial<FixtureGuest> = {}): FixtureGuest {
  return {
    vmid,
    type: 'qemu',
    node: 'pve1',
    ...rest,
    config: {
      boot: 'order=scsi0',
      cores: 1,
      memory: '1024',
      name,
      net0: `virtio=BC:24:11:00:01:0${vmid % 10},bridge=vmbr0,firewall=1,queues=2`,
      ostype: 'l26',
      scsi0: disk(storage, vmid, 'qemu'),
      ...rest.config,
    },
  }
}

function container(
  vmid: number,
  hostname: string,
  storage: DiskStorage,
  rest: Partial<FixtureGuest> = {},
): FixtureGuest {
  return {
    vmid,
    type: 'lxc',
    node: 'pve1',
    ...rest,
    config: {
      arch: 'amd64',
      hostname,
      memory: 512,
      net0: `name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:02:0${vmid % 10},ip=192.0.2.5/24,gw=192.0.2.1,type=veth`,
      ostype: 'debian',
      rootfs: disk(storage, vmid, 'lxc'),
      swap: 512,
      unprivileged: 1,
      ...rest.config,
    },
  }
}

/** Two nodes, three kinds of storages on both and one more on the second; stopped and running guests whose disks are on one of them. */
export function storageFixture(storage: DiskStorage): Fixture {
  return {
    cluster: {name: 'disks'},
    nodes: [
      {node: 'pve1', nodeid: 1, ip: '127.0.0.1'},
      {node: 'pve2', nodeid: 2, ip: '127.0.0.2'},
    ],
    users: [
      {userid: 'root@pam', password: 'demo-root-password'},
      {userid: 'automation@pve', password: 'demo-automation-password'},
    ],
    tokens: [{tokenid: DEMO_TOKEN.id, secret: DEMO_TOKEN.secret, privsep: 0}],
    acl: [{path: '/', type: 'user', ugid: 'automation@pve', roleid: 'Administrator'}],
    storages: [
      {
        storage: 'files',
        type: 'dir',
        path: '/srv/files',
        content: ['images', 'rootdir', 'iso', 'vztmpl', 'import'],
        totalBytes: 200 * GIB,
      },
      {
        storage: 'thin',
        type: 'lvmthin',
        content: ['images', 'rootdir'],
        totalBytes: 200 * GIB,
        options: {thinpool: 'data', vgname: 'pve'},
      },
      {
        storage: 'tank',
        type: 'zfspool',
        content: ['images', 'rootdir'],
        totalBytes: 200 * GIB,
        options: {pool: 'tank', sparse: 1},
      },
      {storage: 'isos', type: 'dir', path: '/srv/isos', content: ['iso'], totalBytes: 20 * GIB},
      {storage: 'second', type: 'dir', path: '/srv/second', content: ['images'], totalBytes: 20 * GIB, nodes: ['pve2']},
    ],
    volumes: [
      {node: 'pve1', volid: 'isos:iso/debian.iso', content: 'iso', format: 'iso', size: 660_000_000},
      {node: 'pve1', volid: 'files:import/debian.qcow2', content: 'import', format: 'qcow2', size: 3 * GIB},
    ],
    guests: [
      vm(100, 'web', storage),
      vm(101, 'db', storage, {running: true}),
      vm(102, 'far', storage, {node: 'pve2'}),
      container(200, 'dns', storage),
      container(201, 'proxy', storage, {running: true}),
    ],
  }
}
