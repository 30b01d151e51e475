import {containerCloneOptions} from '../../src/domain/container-clone-options.js'
import type {ContainerSetup} from '../../src/domain/container-setup.js'
import {parseDiskSpec} from '../../src/domain/disk-spec.js'
import {parseNetSpec} from '../../src/domain/net-spec.js'
import {newContainerOptions} from '../../src/domain/new-container-options.js'
import {Secret} from '../../src/domain/secret.js'
import {DeviceRepository} from '../../src/repositories/device-repository.js'
import {GuestRepository} from '../../src/repositories/guest-repository.js'
import {NewGuestRepository} from '../../src/repositories/new-guest-repository.js'
import {NodeRepository} from '../../src/repositories/node-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const GIB = 2 ** 30
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4Yq1Zb0m0o1y4m1r1cQ9t8o7sXv1i6b8Qk2s6v9aN me@laptop'
const container = {vmid: 120, name: 'web', type: 'lxc', node: 'pve1'} as const
const template = {vmid: 900, name: 'base', type: 'lxc', node: 'pve1'} as const

const everything: ContainerSetup = {
  swapBytes: 0,
  rootDisk: parseDiskSpec('local-lvm:16GiB,mountoptions=noatime;nodev', 'lxc')._unsafeUnwrap(),
  mounts: ['nas:0.5GiB,mp=/data,backup,ro=0', '/srv,mp=/srv'].map((text) => parseDiskSpec(text, 'lxc')._unsafeUnwrap()),
  net: new Map(),
  nets: [
    'ip=192.0.2.5/24,gw=192.0.2.1,ip6=auto,vlan=20,firewall,mac=BC:24:11:00:00:07',
    'name=lan,bridge=vmbr1,ip=manual,mtu=1400',
  ].map((text) => parseNetSpec(text, 'lxc')._unsafeUnwrap()),
  nameservers: ['192.0.2.53', '2001:db8::53'],
  searchDomain: 'lab.example',
  sshKeys: [KEY, KEY],
  nesting: true,
  features: ['keyctl=1', 'mount=nfs;cifs'],
  description: 'a\nb',
  timezone: 'Europe/Berlin',
  onBoot: true,
  protection: false,
  startup: 'order=2,up=30,down=60',
}
const creation = {cores: 4, memoryBytes: 4 * GIB, tags: ['a', 'b'], pool: 'lab', bridge: 'vmbr0'}

describe('requests for new containers', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const creations = new NewGuestRepository(connection)
      const devices = new DeviceRepository(connection)
      const parts = {name: 'web', volume: 'local:vztmpl/debian-12.tar.zst', storage: 'local-lvm'}
      const all = newContainerOptions({...parts, setup: everything, creation, password: new Secret('not-so-secret')})
      const bare = newContainerOptions({
        ...parts,
        setup: {mounts: [], net: new Map(), nets: [], features: [], privileged: true},
        creation: {},
      })
      const {description: _, rootDisk: _root, sshKeys: _keys, ...setup} = everything
      const changes = containerCloneOptions(
        {setup: {...setup, net: new Map([['ip', 'dhcp']])}, creation},
        {rootfs: 'nas:900/base-900-disk-0.raw,size=8G', net0: 'name=wan,bridge=vmbr1,hwaddr=BC:24:11:00:00:01'},
      )._unsafeUnwrap()
      return [
        creations.create('lxc', 'pve1', 120, 'web', all),
        creations.create('lxc', 'pve1', 120, 'web', bare),
        new GuestRepository(connection).clone(template, {
          newid: 120,
          name: 'web',
          full: true,
          target: 'pve2',
          storage: 'nas',
          pool: 'lab',
          description: 'a\nb',
        }),
        devices.change(container, 'configure', changes, undefined),
        devices.resize(container, 'rootfs', '9G', undefined),
        new NodeRepository(connection).bridges('pve1'),
      ]
    }),
  )
})
