import {DeviceRepository} from '../../src/repositories/device-repository.js'
import {NodeRepository} from '../../src/repositories/node-repository.js'
import {NodeStorageRepository} from '../../src/repositories/node-storage-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, vmid: 200, type: 'lxc'} as const
const digest = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'

const everything = requestsOf((connection) => {
  const devices = new DeviceRepository(connection)
  const storages = new NodeStorageRepository(connection)
  return [
    ...[vm, container].flatMap((guest) => [
      devices.settings(guest),
      devices.snapshots(guest),
      devices.snapshotConfig(guest, 'before'),
      devices.change(guest, 'remove net1', {delete: 'net1'}, digest),
    ]),
    devices.change(vm, 'add', {scsi1: 'local-lvm:32,ssd=1,discard=on,iothread=1,cache=none'}, digest),
    devices.change(vm, 'add', {virtio2: 'local-lvm:0.5,iothread=1'}, undefined),
    devices.change(vm, 'attach', {ide0: 'local:iso/debian.iso,media=cdrom'}, digest),
    devices.change(vm, 'import', {scsi2: 'nas:0,import-from=local-lvm:vm-101-disk-0,ssd=1'}, digest),
    devices.change(vm, 'remove', {delete: 'unused0', force: true}, digest),
    devices.change(vm, 'set', {net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20,firewall=1,link_down=1'}, digest),
    devices.change(container, 'add', {mp0: 'local-lvm:8,mp=/data,backup=1'}, digest),
    devices.change(container, 'remove', {delete: 'unused0'}, digest),
    devices.change(container, 'set', {net1: 'name=eth1,bridge=vmbr0,ip=dhcp,tag=20,type=veth'}, digest),
    devices.resize(vm, 'scsi0', '40G', digest),
    devices.resize(container, 'rootfs', '1536M', digest),
    devices.move(vm, 'scsi0', {storage: 'nas', deleteSource: true, format: 'qcow2', digest}),
    devices.move(container, 'mp0', {storage: 'nas', deleteSource: true, digest}),
    devices.reassign(vm, 'scsi1', {vmid: 101, key: 'scsi3', digest, targetDigest: digest}),
    devices.reassign(vm, 'unused0', {vmid: 101, key: 'unused0'}),
    devices.reassign(container, 'mp0', {vmid: 201, key: 'mp1', digest, targetDigest: digest}),
    storages.list('pve1'),
    storages.volumes('pve1', 'local-lvm'),
    storages.volumes('pve1', 'local-lvm', {vmid: 100, content: 'images'}),
    new NodeRepository(connection).bridges('pve1'),
  ]
})

describe('requests about disks and NICs', () => {
  itSendsValidRequests(everything)

  itSendsValidRequests(
    requestsOf((connection) => [
      new DeviceRepository(connection).change(
        vm,
        'import',
        {scsi2: 'local-lvm:0,import-from=local:import/a.ova/disk.vmdk', 'import-working-storage': 'nas'},
        digest,
      ),
    ]),
    ['8.4', '9.2'],
  )
})
