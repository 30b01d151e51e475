import {expect} from 'chai'
import {okAsync} from 'neverthrow'
import sinon from 'sinon'

import type {Guest} from '../../../src/domain/guest.js'
import {AccessRepository} from '../../../src/repositories/access-repository.js'
import {ClusterRepository} from '../../../src/repositories/cluster-repository.js'
import {DeviceRepository} from '../../../src/repositories/device-repository.js'
import {NodeStorageRepository} from '../../../src/repositories/node-storage-repository.js'
import {DeviceChanges} from '../../../src/services/device-changes.js'
import {DiskPlaceService} from '../../../src/services/disk-place-service.js'
import {GuestService} from '../../../src/services/guest-service.js'
import {ReleaseGate} from '../../../src/services/release-gate.js'
import {StorageCheck} from '../../../src/services/storage-check.js'
import {TaskService} from '../../../src/services/task-service.js'

const GIB = 2 ** 30
const vm: Guest = {vmid: 100, name: 'web', type: 'qemu', node: 'a', status: 'stopped', template: false, tags: []}

function setUp(version: string, now: Record<string, string> = {}) {
  const cluster = sinon.createStubInstance(ClusterRepository)
  const devices = sinon.createStubInstance(DeviceRepository)
  const storages = sinon.createStubInstance(NodeStorageRepository)
  const access = sinon.createStubInstance(AccessRepository)
  const guests = sinon.createStubInstance(GuestService)
  guests.find.callsFake(() => okAsync(vm))
  devices.settings.callsFake(() => okAsync({digest: 'd1', now, next: now}))
  access.version.callsFake(() => okAsync(version))
  const storage = {enabled: true, active: true, shared: false, freeBytes: 100 * GIB}
  storages.list.callsFake(() =>
    okAsync([
      {...storage, storage: 'files', type: 'dir', content: ['images', 'import']},
      {...storage, storage: 'thick', type: 'lvm', content: ['images']},
      {...storage, storage: 'off', type: 'nfs', content: ['images'], active: false},
    ]),
  )
  storages.volumes.callsFake(() => okAsync([{volume: 'files:import/a.qcow2', content: 'import', sizeBytes: 2 * GIB}]))
  const changes = new DeviceChanges(guests, cluster, devices, sinon.createStubInstance(TaskService))
  const service = new DiskPlaceService(changes, new StorageCheck(storages, cluster), new ReleaseGate(access))
  return {devices, service}
}

describe('placing a disk', () => {
  const importing = {text: 'files:import/a.qcow2', action: 'import', storage: 'files', overcommit: false} as const

  for (const [version, options, outcome] of [
    ['7.1.2', {}, 'importing a volume as a disk needs Proxmox VE 7.2'],
    ['7.4.17', {}, 'a storage with files to import needs Proxmox VE 8.2'],
    ['8.3.1', {workingStorage: 'files'}, '--working-storage needs Proxmox VE 8.4'],
    ['8.2.4', {}, 'planned'],
    ['9.2.1', {workingStorage: 'files'}, 'planned'],
  ] as const) {
    it(`imports on ${version} ${Object.keys(options).join(' ')}: ${outcome}`, async () => {
      const {devices, service} = setUp(version)
      const result = await service.place('qemu', 'web', {...importing, ...options}).match(
        () => 'planned',
        ({kind, message}) => (kind === 'not-supported' ? message : kind),
      )
      expect(result).to.contain(outcome)
      expect(devices.change.callCount).to.equal(0)
    })
  }

  const outcomeOf = async (text: string, overcommit = false, now: Record<string, string> = {}) =>
    setUp('9.2.1', now)
      .service.place('qemu', 'web', {text, action: 'add', overcommit})
      .match(
        ({commands}) => commands[0],
        ({details, kind}) => `${kind} ${String(details?.['reason'] ?? '')}`.trim(),
      )

  it('keeps to the room there is, and to more only on thin storages', async () => {
    expect(await outcomeOf('files:100GiB')).to.equal('qm set 100 --scsi0 files:100')
    expect(await outcomeOf('files:101GiB')).to.equal('no-capacity storage-full')
    expect(await outcomeOf('files:101GiB', true)).to.equal('qm set 100 --scsi0 files:101')
    expect(await outcomeOf('thick:101GiB', true)).to.equal('no-capacity storage-full')
    expect(await outcomeOf('off:1GiB')).to.equal('refused storage-inactive')
  })

  it('takes the storage of the first disk when none is named', async () => {
    expect(await outcomeOf('4GiB')).to.equal('usage')
    expect(await outcomeOf('4GiB', false, {virtio0: 'thick:vm-100-disk-0,size=1G'})).to.equal(
      'qm set 100 --virtio1 thick:4',
    )
  })

  it('warns of a thread that the controller cannot give', async () => {
    const warningsWith = async (now: Record<string, string>) =>
      (
        await setUp('9.2.1', now).service.place('qemu', 'web', {
          text: 'files:1GiB,iothread',
          action: 'add',
          overcommit: false,
        })
      )
        ._unsafeUnwrap()
        .warnings.join()
    expect(await warningsWith({})).to.contain('only virtio-scsi-single')
    expect(await warningsWith({scsihw: 'virtio-scsi-single'})).to.equal('')
  })
})
