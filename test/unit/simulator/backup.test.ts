import {expect} from 'chai'

import {loadSchema} from '../../../src/schema/schema.js'
import {startBackupScheduler} from '../../../src/simulator/backup/scheduler.js'
import {findFixture, loadFixture} from '../../../src/simulator/fixtures/load.js'
import {openWorld} from '../../../src/simulator/kernel/world.js'
import {type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

const DISK = {memory: '64', name: 'web', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0'}

describe('simulated backups', () => {
  let api: ApiWorld

  afterEach(() => api.close())

  const backups = (storage: string, node = 'pve1') =>
    api.call('GET', `/nodes/${node}/storage/${storage}/content`, {content: 'backup'})

  describe('on one node', () => {
    beforeEach(async () => {
      api = openApiWorld('recorded')
      await api.task('POST', '/nodes/pve1/qemu', {
        vmid: 100,
        ...DISK,
        scsi0: 'local:1,format=qcow2',
        scsi1: 'local:1,backup=0',
      })
    })

    it('holds what was saved, and gives it back to another VM', async () => {
      await api.task('POST', '/nodes/pve1/vzdump', {
        vmid: 100,
        storage: 'local',
        compress: 'zstd',
        'notes-template': '{{guestname}}\\n{{vmid}}',
      })
      const [{volid, notes, size, format}] = await backups('local')
      expect({notes, format}).to.deep.equal({notes: 'web', format: 'vma.zst'})
      expect(size).to.be.greaterThan(0)
      const status = await api.task('POST', '/nodes/pve1/qemu', {
        vmid: 140,
        archive: volid,
        storage: 'local2',
        unique: 1,
        cores: 2,
      })
      expect(status).to.equal('OK')
      const config = await api.call('GET', '/nodes/pve1/qemu/140/config')
      expect(config).to.include({name: 'web', cores: 2, scsi0: 'local2:140/vm-140-disk-0.qcow2,size=1G'})
      expect(config.scsi1).to.equal(undefined)
      expect(config.net0)
        .to.match(/^virtio=BC:24:11:/)
        .and.not.contain('00:00:01')
    })

    it('refuses disks beside an archive, and options that need one', async () => {
      const archive = 'local:backup/vzdump-qemu-100-2026_01_01-00_00_00.vma'
      expect(await api.failure('POST', '/nodes/pve1/qemu', {vmid: 140, archive, scsi0: 'local:1'})).to.contain(
        "scsi0 option conflicts with option 'archive'",
      )
      expect(await api.failure('POST', '/nodes/pve1/qemu', {vmid: 140, archive})).to.equal(
        `500 volume '${archive}' does not exist`,
      )
    })

    it('keeps disks the backup does not know as unused ones', async () => {
      await api.task('POST', '/nodes/pve1/vzdump', {vmid: 100, storage: 'local'})
      const [{volid}] = await backups('local')
      await api.call('PUT', '/nodes/pve1/qemu/100/config', {virtio3: 'local:1'})
      expect(await api.task('POST', '/nodes/pve1/qemu', {vmid: 100, archive: volid, force: 1})).to.equal('OK')
      const config = await api.call('GET', '/nodes/pve1/qemu/100/config')
      expect(Object.keys(config).filter((key) => key.startsWith('unused'))).to.have.length(2)
      expect(config.virtio3).to.equal(undefined)
    })

    it('prunes what retention does not cover, and nothing that is protected', async () => {
      const run = (params: Readonly<Record<string, string>> = {}) =>
        api.task('POST', '/nodes/pve1/vzdump', {vmid: 100, storage: 'local', ...params})
      await run({protected: '1'})
      await run()
      await run()
      expect(await run({'prune-backups': 'keep-last=2'})).to.equal('OK')
      expect(api.log()).to.include('INFO: prune older backups with retention: keep-last=2')
      const left = await backups('local')
      expect(left).to.have.length(3)
      expect(left.filter((backup: {protected?: number}) => backup.protected === 1)).to.have.length(1)
    })

    it('names a backup on a backup server after its moment in UTC, and restores from there', async () => {
      await api.call('POST', '/storage', {
        storage: 'pbs',
        type: 'pbs',
        server: 'backup',
        datastore: 'main',
        username: 'u@pbs',
      })
      expect(await api.task('POST', '/nodes/pve1/vzdump', {vmid: 100, storage: 'pbs'})).to.equal('OK')
      const [{volid, format, subtype, vmid}] = await backups('pbs')
      expect({format, subtype, vmid}).to.deep.equal({format: 'pbs-vm', subtype: 'qemu', vmid: 100})
      expect(volid).to.match(/^pbs:backup\/vm\/100\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(await api.task('POST', '/nodes/pve1/qemu', {vmid: 141, archive: volid, 'live-restore': 1})).to.equal('OK')
    })

    it('leaves the guest unlocked when it fails', async () => {
      const local = api.world.store.of('storages').get('local')!
      api.world.store.of('storages').update('local', {usedBytes: local.totalBytes})
      expect(await api.task('POST', '/nodes/pve1/vzdump', {vmid: 100, storage: 'local'})).to.equal('job errors')
      expect(api.log()).to.include('ERROR: Backup of VM 100 failed - vma_queue_write: write error - Broken pipe')
      expect(await api.call('GET', '/nodes/pve1/qemu/100/config')).not.to.have.property('lock')
    })

    it('runs one job at a time', async () => {
      const first = await api.call('POST', '/nodes/pve1/vzdump', {vmid: 100, storage: 'local'})
      const second = await api.call('POST', '/nodes/pve1/vzdump', {vmid: 100, storage: 'local'})
      await Promise.all([first, second].map((upid) => api.world.tasks.ended(upid)))
      expect([first, second].map((upid) => api.world.tasks.get(upid)?.status)).to.deep.equal(['OK', 'OK'])
      expect(api.world.tasks.log(second)?.slice(0, 2)).to.deep.equal([
        'INFO: trying to get global lock - waiting...',
        'INFO: got global lock',
      ])
      expect(await backups('local')).to.have.length(2)
    })
  })

  describe('in a cluster', () => {
    beforeEach(async () => {
      api = openApiWorld('recorded-cluster')
      await api.task('POST', '/nodes/n3/qemu', {vmid: 101, name: 'db', memory: '64', scsi0: 'shared:1,format=qcow2'})
    })

    it('has nothing to do with guests of other nodes', async () => {
      expect(await api.call('POST', '/nodes/n1/vzdump', {vmid: 101, storage: 'shared'})).to.equal('OK')
      expect(
        await api.task('POST', '/nodes/n3/vzdump', {vmid: '101,999', storage: 'shared', compress: 'zstd'}),
      ).to.equal('job errors')
      expect(api.log()[0]).to.equal(
        'INFO: starting new backup job: vzdump 101 999 --storage shared --compress zstd --node n3',
      )
      expect(api.log()).to.include("ERROR: Backup of VM 999 failed - unable to find VM '999'")
      const seen = await backups('shared', 'n1')
      expect(seen).to.have.length(1)
      expect(await backups('shared', 'n3')).to.deep.equal(seen)
    })

    it('says when the node has not the storage, and when there is nothing to save', async () => {
      expect(await api.task('POST', '/nodes/n3/vzdump', {vmid: 101, storage: 'local2'})).to.equal(
        "could not activate storage 'local2': storage 'local2' is not available on node 'n3'",
      )
      expect(await api.task('POST', '/nodes/n2/vzdump', {all: 1, storage: 'shared'})).to.equal('OK')
      expect(api.log()).to.have.length(3)
    })

    it('tells which guests no job covers', async () => {
      await api.task('POST', '/nodes/n1/qemu', {vmid: 102, memory: '64'})
      const missing = () => api.call('GET', '/cluster/backup-info/not-backed-up')
      expect(await missing()).to.deep.equal([
        {vmid: 101, type: 'qemu', name: 'db'},
        {vmid: 102, type: 'qemu'},
      ])
      await api.call('POST', '/cluster/backup', {
        id: 'job',
        schedule: 'mon 03:00',
        all: 1,
        node: 'n1',
        storage: 'shared',
      })
      expect(await missing()).to.deep.equal([{vmid: 101, type: 'qemu', name: 'db'}])
    })

    it('chooses guests in one way only', async () => {
      await api.call('POST', '/cluster/backup', {id: 'job', schedule: '02:00', vmid: '101', storage: 'shared'})
      await api.call('PUT', '/cluster/backup/job', {all: 1})
      expect(await api.call('GET', '/cluster/backup/job'))
        .to.include({all: 1})
        .and.not.have.property('vmid')
      expect(await api.failure('PUT', '/cluster/backup/job', {delete: 'all'})).to.equal(
        '500 400 Parameter verification failed.\nvmid: property is missing',
      )
    })
  })
})

describe('planned backups', () => {
  it('runs planned jobs when they are due, on the nodes that have their guests', async () => {
    const world = openWorld(loadSchema('8.4'), {kind: 'stepped'})
    loadFixture(world, 'demo', findFixture('demo'))
    startBackupScheduler(world)
    const job = {
      type: 'vzdump',
      schedule: '*/30',
      storage: 'local',
      vmid: '100,103',
      'prune-backups': {'keep-last': '1'},
    }
    world.store.of('backupJobs').put('on', {...job, id: 'on', enabled: 1})
    world.store.of('backupJobs').put('off', {...job, id: 'off', enabled: 0})
    await world.clock.advance(3600)
    const tasks = [...world.store.of('tasks').values()].filter(({type}) => type === 'vzdump')
    expect(tasks.map(({node, id, user}) => `${node} ${id} ${user}`).sort()).to.deep.equal([
      'pve1 100 root@pam',
      'pve1 100 root@pam',
      'pve2 103 root@pam',
      'pve2 103 root@pam',
    ])
    expect(world.tasks.log(tasks[0]!.upid)?.[0]).to.contain("--prune-backups 'keep-last=1' --quiet 1")
    world.close()
  })
})
