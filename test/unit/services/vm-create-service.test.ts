import {expect} from 'chai'
import {errAsync, okAsync} from 'neverthrow'
import sinon from 'sinon'

import type {ClusterResources} from '../../../src/domain/cluster.js'
import {failure} from '../../../src/domain/failure.js'
import {AccessRepository} from '../../../src/repositories/access-repository.js'
import {ClusterRepository} from '../../../src/repositories/cluster-repository.js'
import {DeviceRepository} from '../../../src/repositories/device-repository.js'
import {DownloadRepository} from '../../../src/repositories/download-repository.js'
import {GuestRepository} from '../../../src/repositories/guest-repository.js'
import {MappingRepository} from '../../../src/repositories/mapping-repository.js'
import {NewGuestRepository} from '../../../src/repositories/new-guest-repository.js'
import {NodeRepository} from '../../../src/repositories/node-repository.js'
import {NodeStorageRepository} from '../../../src/repositories/node-storage-repository.js'
import {TaskRepository} from '../../../src/repositories/task-repository.js'
import {ReachCheck} from '../../../src/services/reach-check.js'
import {CloneService} from '../../../src/services/clone-service.js'
import {GuestCloneMaker} from '../../../src/services/guest-clone-maker.js'
import {GuestCreateService} from '../../../src/services/guest-create-service.js'
import {GuestFinishService} from '../../../src/services/guest-finish-service.js'
import {ImageService} from '../../../src/services/image-service.js'
import {NewGuestService} from '../../../src/services/new-guest-service.js'
import {ReleaseGate} from '../../../src/services/release-gate.js'
import {TaskService} from '../../../src/services/task-service.js'
import {Visibility} from '../../../src/services/visibility.js'
import {vmClones} from '../../../src/services/vm-clone-recipe.js'
import type {VmCreateRequest} from '../../../src/services/vm-create-request.js'
import {VmCreation} from '../../../src/services/vm-creation.js'
import {VmNewMaker} from '../../../src/services/vm-new-maker.js'
import {VmidPicker} from '../../../src/services/vmid-picker.js'
import {VolumeFinder} from '../../../src/services/volume-finder.js'
import {WaitService} from '../../../src/services/wait-service.js'
import {vmRequest as request} from '../../helpers/vm-request.js'

const GIB = 2 ** 30
const UPID = 'UPID:a:00000001:00000001:6B017633:qmcreate:101:root@pam:'
const DOWNLOAD = 'UPID:a:00000002:00000001:6B017633:download:debian.qcow2:root@pam:'

const storage = (node: string, name: string, content: string[]) => ({
  storage: name,
  node,
  available: true,
  shared: false,
  content,
  totalBytes: 100 * GIB,
  usedBytes: GIB,
})
const resources: ClusterResources = {
  nodes: ['a', 'b'].map((node) => ({node, status: 'online', memoryBytes: 16 * GIB, memoryUsedBytes: GIB})),
  guests: [],
  storages: ['a', 'b'].flatMap((node) => [storage(node, 'lvm', ['images']), storage(node, 'local', ['iso', 'import'])]),
}

function setUp(version = '9.2.1') {
  let now = 0
  const timing = {
    now: () => now,
    random: () => 0.5,
    sleep: async (ms: number) => {
      now += ms
    },
  }
  const stubs = {
    access: sinon.createStubInstance(AccessRepository),
    cluster: sinon.createStubInstance(ClusterRepository),
    creations: sinon.createStubInstance(NewGuestRepository),
    downloads: sinon.createStubInstance(DownloadRepository),
    guests: sinon.createStubInstance(GuestRepository),
    devices: sinon.createStubInstance(DeviceRepository),
    nodes: sinon.createStubInstance(NodeRepository),
    storages: sinon.createStubInstance(NodeStorageRepository),
    tasks: sinon.createStubInstance(TaskRepository),
  }
  stubs.access.version.callsFake(() => okAsync(version))
  stubs.cluster.nextId.callsFake(() => okAsync(101))
  stubs.cluster.resources.callsFake(() => okAsync(resources))
  stubs.cluster.vmidRange.callsFake(() => okAsync({lower: 100, upper: 200}))
  stubs.creations.create.callsFake(() => okAsync(UPID))
  stubs.downloads.start.callsFake(() => okAsync(DOWNLOAD))
  stubs.guests.config.callsFake(() => okAsync({scsi0: 'lvm:vm-101-disk-0,size=3G', boot: 'order=scsi0'}))
  stubs.devices.resize.callsFake(() => okAsync(undefined))
  stubs.nodes.bridges.callsFake(() => okAsync(['vmbr0']))
  stubs.storages.volumes.callsFake(() => okAsync([]))
  stubs.tasks.status.callsFake(() => okAsync({running: false, exitStatus: 'OK', startedAt: new Date(0)}))
  stubs.tasks.log.callsFake(() => okAsync([]))
  stubs.tasks.list.callsFake(() => okAsync([]))
  const tasks = new TaskService(stubs.tasks, timing)
  const vmids = new VmidPicker(stubs.cluster, timing)
  const releases = new ReleaseGate(stubs.access)
  const reach = new ReachCheck(stubs.nodes, sinon.createStubInstance(MappingRepository))
  const clones = new CloneService(vmids, stubs.guests, stubs.tasks, tasks, timing)
  const service = new GuestCreateService(
    stubs.cluster,
    new VmCreation(
      new GuestCloneMaker(vmClones, {
        guests: stubs.guests,
        visibility: new Visibility(stubs.access),
        clones,
        reach,
      }),
      new VmNewMaker({
        creations: new NewGuestService(vmids, stubs.creations, stubs.guests, stubs.tasks, tasks, timing),
        reach,
        images: new ImageService(stubs.downloads, stubs.storages, stubs.tasks, tasks, timing),
        volumes: new VolumeFinder(stubs.storages),
        releases,
        timing,
      }),
      releases,
    ),
    new GuestFinishService(stubs.guests, stubs.devices, tasks, sinon.createStubInstance(WaitService)),
  )
  return {...stubs, service, create: (asked: VmCreateRequest) => service.create(asked, {deadline: 1_000_000}, () => {})}
}

const url = {kind: 'url', url: 'https://example.com/debian.qcow2', file: 'debian.qcow2'} as const
const fromUrl = request({source: {kind: 'image', image: url}})
const sent = (creations: {create: sinon.SinonStub}) => creations.create.firstCall.args[4] as Record<string, unknown>

describe('creating VMs', () => {
  it('names no processor that an old release does not know', async () => {
    const old = setUp('7.4-17')
    await old.create(request())
    expect(sent(old.creations)).not.to.have.property('cpu')
    const current = setUp()
    await current.create(request())
    expect(sent(current.creations)).to.include({cpu: 'x86-64-v2-AES'})
  })

  it('refuses what a release lacks, before anything is sent', async () => {
    const {create, creations, downloads} = setUp('7.4-17')
    const imported = (await create(fromUrl))._unsafeUnwrapErr()
    expect(imported.kind).to.equal('not-supported')
    expect(imported.message).to.contain('needs Proxmox VE 8.4, and this server runs 7.4')
    const volume = request({source: {kind: 'image', image: {kind: 'volume', volume: 'local:import/a.raw'}}})
    expect((await create(volume))._unsafeUnwrapErr().kind).to.equal('not-supported')
    expect((await create(request({cloudInit: {upgrade: true}})))._unsafeUnwrapErr().kind).to.equal('not-supported')
    sinon.assert.notCalled(creations.create)
    sinon.assert.notCalled(downloads.start)
  })

  it('does not take a task for done whose disk is missing', async () => {
    const {create, guests} = setUp()
    guests.config.callsFake(() => okAsync({boot: 'order=scsi0'}))
    const failed = (await create(fromUrl))._unsafeUnwrapErr()
    expect(failed.message).to.contain('scsi0 is missing')
    expect(failed.hint).to.contain('vm delete 101')
    expect(failed.details).to.deep.include({done: ['create'], vmid: 101})
  })

  it('grows an imported disk, and says so where it is too big already', async () => {
    const growing = setUp()
    const asked = (gib: number) => ({...fromUrl, layers: {...fromUrl.layers, asked: {diskBytes: gib * GIB}}})
    await growing.create(asked(8))
    expect(growing.devices.resize.firstCall.args.slice(1)).to.deep.equal(['scsi0', '8G', undefined])
    const same = setUp()
    expect((await same.create(asked(3)))._unsafeUnwrap()).not.to.have.property('warnings')
    const big = setUp()
    const made = (await big.create(asked(1)))._unsafeUnwrap()
    expect(made.warnings?.[0]).to.contain('has 3 GiB already')
    for (const {devices} of [same, big]) sinon.assert.notCalled(devices.resize)
  })

  it('downloads once for several on one node', async () => {
    const {downloads, service, creations} = setUp()
    const asked = {...fromUrl, node: 'a'}
    const done = await service.createSeveral(
      asked,
      3,
      () => ({deadline: 1_000_000}),
      () => {},
      {
        parallel: 3,
        failFast: false,
      },
    )
    expect(done._unsafeUnwrap().every(({ok}) => ok)).to.equal(true)
    expect(downloads.start.callCount).to.equal(1)
    expect(creations.create.callCount).to.equal(3)
  })

  it('uses what somebody else has downloaded meanwhile', async () => {
    const {create, storages, tasks} = setUp()
    storages.volumes.onCall(1).returns(okAsync([{volume: 'local:import/debian.qcow2', content: 'import'}]))
    tasks.status
      .onFirstCall()
      .returns(okAsync({running: false, exitStatus: 'refusing to override existing file', startedAt: new Date(0)}))
    expect((await create(fromUrl)).isOk()).to.equal(true)
  })

  it('uses a file that it cannot compare, and warns', async () => {
    const {create, downloads, storages} = setUp()
    storages.volumes.callsFake(() =>
      okAsync([{volume: 'local:import/debian.qcow2', content: 'import', sizeBytes: 5000}]),
    )
    downloads.facts.callsFake(() => errAsync(failure('unexpected', 'the web is down')))
    const made = (await create(fromUrl))._unsafeUnwrap()
    expect(made.source).to.include({downloaded: false})
    expect(made.warnings?.[0]).to.contain('could not be compared')
    sinon.assert.notCalled(downloads.start)
  })

  it('looks for a volume where this login may look, and leaves the rest to the server', async () => {
    const {create, creations, storages} = setUp()
    storages.volumes.callsFake((node) =>
      node === 'a' ? okAsync([]) : errAsync(failure('permission', 'no Datastore.Audit')),
    )
    await create(request({source: {kind: 'iso', volume: 'local:iso/a.iso'}}))
    expect(creations.create.firstCall.args[1]).to.equal('b')
  })

  it("imports another VM's disk on that VM's node only", async () => {
    const {create, cluster, creations, storages} = setUp()
    const owner = {vmid: 77, type: 'qemu', node: 'b', status: 'stopped', template: false, tags: []} as const
    cluster.resources.callsFake(() => okAsync({...resources, guests: [owner]}))
    const volume = 'lvm:vm-77-disk-0'
    storages.volumes.callsFake(() => okAsync([{volume, content: 'images', vmid: 77}]))
    await create(request({source: {kind: 'image', image: {kind: 'volume', volume}}}))
    expect(creations.create.firstCall.args[1]).to.equal('b')
  })

  it('places several as if those before them were there, and none where one finds no place', async () => {
    const {service, creations} = setUp()
    const asked = request({layers: {asked: {memoryBytes: 6 * GIB}, nodeDefaults: {}, defaults: {}}})
    const plans = (await service.plan(asked, 4))._unsafeUnwrap()
    expect(plans.map(({name, node, vmid}) => `${name} ${node} ${vmid}`)).to.deep.equal([
      'web-1 a 101',
      'web-2 b 102',
      'web-3 a 103',
      'web-4 b 104',
    ])
    const failed = (await service.prepare(asked, 5))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('no-capacity')
    expect(failed.message).to.match(/^there is room for 4 of 5 only: /)
    sinon.assert.notCalled(creations.create)
  })

  it('stops a VM that runs before it removes it again', async () => {
    const {create, guests} = setUp()
    guests.start.callsFake(() => okAsync(UPID))
    guests.stop.callsFake(() => okAsync(UPID))
    guests.delete.callsFake(() => okAsync(UPID))
    guests.status.onFirstCall().returns(errAsync(failure('unexpected', 'out of luck')))
    guests.status.callsFake(() => okAsync('running'))
    const failed = (await create(request({start: true, removeOnFailure: true})))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('rolled-back')
    sinon.assert.callOrder(guests.start, guests.stop, guests.delete)
  })
})
