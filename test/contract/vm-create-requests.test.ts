import {parseDiskSpec} from '../../src/domain/disk-spec.js'
import {encodeSshKeys} from '../../src/domain/cloud-init.js'
import {cloneOptions} from '../../src/domain/clone-options.js'
import {parseNetSpec} from '../../src/domain/net-spec.js'
import {newVmOptions, type NewVmParts} from '../../src/domain/new-vm-options.js'
import {Secret} from '../../src/domain/secret.js'
import {DeviceRepository} from '../../src/repositories/device-repository.js'
import {DownloadRepository} from '../../src/repositories/download-repository.js'
import {NewGuestRepository} from '../../src/repositories/new-guest-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4Yq1Zb0m0o1y4m1r1cQ9t8o7sXv1i6b8Qk2s6v9aN me@laptop'
const GIB = 2 ** 30

const disks = ['local-lvm:32GiB,ssd,discard,iothread', 'ceph:0.5GiB,bus=virtio', 'nas:1,slot=sata3,cache=none'].map(
  (text) => parseDiskSpec(text, 'qemu')._unsafeUnwrap(),
)
const nets = ['vmbr0,vlan=20,firewall', 'model=e1000,mac=BC:24:11:00:00:07,rate=5'].map((text) =>
  parseNetSpec(text, 'qemu')._unsafeUnwrap(),
)
const everything: NewVmParts = {
  name: 'web',
  source: {kind: 'iso', volume: 'local:iso/debian.iso'},
  hardware: {
    osType: 'l26',
    machine: 'pc-q35-8.1',
    firmware: 'uefi',
    secureBoot: false,
    tpm: true,
    cpu: 'host',
    sockets: 2,
    numa: true,
    balloonBytes: GIB,
    disks,
    nets,
    boot: ['scsi0', 'net0'],
    agent: true,
    protection: true,
    onBoot: true,
    startup: 'order=2,up=30,down=60',
    description: 'a\nb',
    scsiController: 'virtio-scsi-pci',
    display: 'virtio',
    serial: true,
    others: {hotplug: 'disk,network', kvm: '0'},
  },
  creation: {cores: 4, memoryBytes: 4 * GIB, tags: ['a', 'b'], pool: 'lab', bridge: 'vmbr1'},
  cloudInit: {
    ciuser: 'ops',
    cipassword: new Secret('not-so-secret'),
    sshkeys: encodeSshKeys([KEY, KEY]),
    ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1',
    nameserver: '192.0.2.53',
    searchdomain: 'lab.example',
  },
  storage: 'local-lvm',
  uuid: '11111111-2222-4333-8444-555555555555',
  knowsCpu: false,
}
const imported: NewVmParts = {
  ...everything,
  source: {kind: 'image', from: 'local:import/debian.qcow2'},
  hardware: {disks: [], nets: [], others: {}},
}

describe('requests for new VMs', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const guests = new NewGuestRepository(connection)
      const windows = {...imported, hardware: {...imported.hardware, osType: 'win11'}}
      const clone = cloneOptions(
        {hardware: everything.hardware, creation: everything.creation, cloudInit: {user: 'ops'}},
        {boot: 'order=scsi5', scsi5: 'nas:base-1-disk-0', net5: 'virtio,bridge=vmbr0'},
      )
      return [
        ...[everything, imported, windows].map((vm) =>
          guests.create('qemu', 'pve1', 120, 'web', newVmOptions(vm)._unsafeUnwrap()),
        ),
        new DeviceRepository(connection).change(
          {vmid: 120, name: 'web', type: 'qemu', node: 'pve1'},
          'configure',
          {...clone._unsafeUnwrap(), cipassword: new Secret('not-so-secret')},
          undefined,
        ),
        new DownloadRepository(connection).start('pve1', 'local', {
          url: 'https://example.com/a.iso',
          filename: 'a.iso',
          content: 'iso',
        }),
      ]
    }),
  )
  itSendsValidRequests(
    requestsOf((connection) => {
      const guests = new NewGuestRepository(connection)
      const downloads = new DownloadRepository(connection)
      const parameters = newVmOptions({...imported, knowsCpu: true})._unsafeUnwrap()
      return [
        guests.create('qemu', 'pve1', 120, 'web', {...parameters, ciupgrade: '0'}),
        downloads.facts('pve1', 'https://example.com/a.qcow2'),
        downloads.start('pve1', 'local', {
          url: 'https://example.com/a.qcow2',
          filename: 'a-sha256-9f86d081884c7d65.qcow2',
          content: 'import',
          checksum: {algorithm: 'sha256', value: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'},
        }),
      ]
    }),
    ['8.4', '9.2'],
  )
})
