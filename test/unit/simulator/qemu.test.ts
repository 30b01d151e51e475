import {expect} from 'chai'

import {type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

type Params = Readonly<Record<string, number | string>>

describe('simulated virtual machines', () => {
  let api: ApiWorld

  afterEach(() => api.close())

  const create = (vmid: number, params: Params = {}, node = 'pve1') =>
    api.task('POST', `/nodes/${node}/qemu`, {
      vmid,
      memory: 64,
      scsihw: 'virtio-scsi-single',
      scsi0: 'local:1,format=qcow2',
      net0: 'virtio,bridge=vmbr0',
      ...params,
    })
  const config = (vmid: number, node = 'pve1') => api.call('GET', `/nodes/${node}/qemu/${vmid}/config`)
  const power = (vmid: number, action: string, params?: Params, node = 'pve1') =>
    api.task('POST', `/nodes/${node}/qemu/${vmid}/status/${action}`, params)
  const volids = () => [...api.world.store.of('volumes').values()].map(({volid}) => volid)

  describe('on one node', () => {
    beforeEach(() => {
      api = openApiWorld('recorded')
    })

    it('leaves neither a VM nor a volume of a creation that failed', async () => {
      const before = volids()

      const status = await create(100, {scsi1: 'local:100/vm-100-disk-7.qcow2'})

      expect(status).to.equal("unable to create VM 100 - volume 'local:100/vm-100-disk-7.qcow2' does not exist")
      expect(api.world.store.of('guests').has(100)).to.equal(false)
      expect(volids()).to.deep.equal(before)
    })

    it('says what a storage without space says, and takes nothing of it', async () => {
      const status = await create(100, {scsi0: 'btr:1', scsi1: 'local:1000,format=raw', scsi2: 'local2:1'})
      expect(status).to.equal('OK')

      await api.task('POST', '/nodes/pve1/qemu/100/template')
      const filesystem = api.world.store.of('storages').get('btr')!
      api.world.store.of('storages').put('btr', {...filesystem, usedBytes: filesystem.totalBytes})
      const clone = await api.task('POST', '/nodes/pve1/qemu/100/clone', {
        newid: 101,
        full: 1,
        storage: 'btr',
        format: 'qcow2',
      })

      expect(clone).to.match(/^clone failed: unable to create image: .*No space left on device$/)
      expect(volids().filter((volid) => volid.includes(':101/'))).to.deep.equal([])
      expect(api.world.store.of('guests').has(101)).to.equal(false)
    })

    it('refuses ISO images that are not said to be discs, and imports written wrongly', async () => {
      const refused = (params: Params) => api.failure('POST', '/nodes/pve1/qemu', {vmid: 100, ...params})

      expect(await refused({ide2: 'local:iso/x.iso'})).to.equal(
        "400 Parameter verification failed. ide2 explicit 'media=cdrom' is required for iso images",
      )
      expect(await refused({scsi0: 'local:8,import-from=local:100/vm-100-disk-0.qcow2'})).to.include(
        "'import-from' requires special syntax",
      )
      expect(await refused({scsi0: 'local:1', sshkeys: 'nonsense'})).to.equal('500 SSH public key validation error')
    })

    it('imports a disk with its size and format', async () => {
      await create(100, {scsi0: 'local:3,format=qcow2'})

      expect(await create(101, {scsi0: 'local2:0,import-from=local:100/vm-100-disk-0.qcow2,discard=on'})).to.equal('OK')

      expect((await config(101)).scsi0).to.equal('local2:101/vm-101-disk-0.qcow2,discard=on,size=3G')
    })

    it('keeps what a running VM cannot take until its next start, and applies the rest at once', async () => {
      await create(100, {name: 'old'})
      await power(100, 'start')

      await api.call('PUT', '/nodes/pve1/qemu/100/config', {memory: 128, name: 'new', net1: 'e1000,bridge=vmbr0'})

      const pending = await api.call('GET', '/nodes/pve1/qemu/100/pending')
      expect(pending).to.deep.include({key: 'memory', value: '64', pending: '128'})
      expect(pending).to.deep.include({key: 'name', value: 'new'})
      expect(await config(100)).to.include({memory: '128', name: 'new'})
      expect((await api.call('GET', '/nodes/pve1/qemu/100/config', {current: 1})).memory).to.equal('64')

      await api.call('PUT', '/nodes/pve1/qemu/100/config', {delete: 'scsi0,memory'})
      expect(await api.call('GET', '/nodes/pve1/qemu/100/pending')).to.deep.include({
        key: 'memory',
        value: '64',
        delete: 1,
      })
      expect(await config(100)).to.include({unused0: 'local:100/vm-100-disk-0.qcow2', boot: 'order=net0'})

      await power(100, 'stop')
      await power(100, 'start')
      expect(await config(100)).not.to.have.property('memory')
    })

    it('destroys what was detached only when it is told to', async () => {
      await create(100, {scsi1: 'local:1,format=raw'})
      const change = (params: Params) => api.call('PUT', '/nodes/pve1/qemu/100/config', params)

      await change({delete: 'scsi1'})
      expect(volids()).to.include('local:100/vm-100-disk-1.raw')
      await change({scsi3: 'local:100/vm-100-disk-1.raw'})
      expect(await config(100)).to.include({scsi3: 'local:100/vm-100-disk-1.raw,size=1G'})
      await change({delete: 'scsi3', force: 1})

      expect(volids()).not.to.include('local:100/vm-100-disk-1.raw')
      expect(await config(100)).not.to.have.any.keys('scsi3', 'unused0')
    })

    it('remembers what a cloud-init drive still says while the VM runs', async () => {
      await create(100, {ide2: 'local:cloudinit', ciuser: 'one'})
      await power(100, 'start')

      await api.call('PUT', '/nodes/pve1/qemu/100/config', {ciuser: 'two', nameserver: '192.0.2.1'})

      const entries = await api.call('GET', '/nodes/pve1/qemu/100/cloudinit')
      expect(entries).to.have.deep.members([
        {key: 'nameserver', pending: '192.0.2.1'},
        {key: 'ciuser', value: 'one', pending: 'two'},
      ])
      await api.call('PUT', '/nodes/pve1/qemu/100/cloudinit')
      expect(await api.call('GET', '/nodes/pve1/qemu/100/cloudinit')).to.deep.include({key: 'ciuser', value: 'two'})
      const dump = await api.call('GET', '/nodes/pve1/qemu/100/cloudinit/dump', {type: 'user'})
      expect(dump)
        .to.match(/^#cloud-config\n/)
        .and.include('user: two\n')
    })

    it('lets many clones of a stopped template run at once, but one at a time of a running VM', async () => {
      await create(100)
      await power(100, 'start')
      const clones = await Promise.all(
        [201, 202].map((newid) => api.call('POST', '/nodes/pve1/qemu/100/clone', {newid, full: 1})),
      )
      await Promise.all(clones.map((upid) => api.world.tasks.ended(String(upid))))
      expect(api.world.tasks.log(String(clones[1]))![0]).to.equal('trying to acquire lock...')

      await power(100, 'stop')
      await api.task('POST', '/nodes/pve1/qemu/100/template')
      const linked = await Promise.all(
        [301, 302, 303].map((newid) => api.call('POST', '/nodes/pve1/qemu/100/clone', {newid})),
      )
      await Promise.all(linked.map((upid) => api.world.tasks.ended(String(upid))))

      for (const upid of linked) expect(api.world.tasks.log(String(upid))!.at(-1)).to.equal('TASK OK')
      expect((await config(302)).scsi0).to.equal('local:100/base-100-disk-0.qcow2/302/vm-302-disk-0.qcow2,size=1G')
      expect((await config(302)).net0).not.to.equal((await config(303)).net0)
      expect(await api.task('DELETE', '/nodes/pve1/qemu/100')).to.equal(
        "base volume 'local:100/base-100-disk-0.qcow2' is still in use by linked cloned",
      )
    })

    it('grows a tree of snapshots and goes back in it', async () => {
      await create(100, {description: 'as it was'})
      const snapshot = (snapname: string, params: Params = {}) =>
        api.task('POST', '/nodes/pve1/qemu/100/snapshot', {snapname, ...params})

      expect(await snapshot('one')).to.equal('OK')
      expect(await snapshot('one')).to.equal("snapshot name 'one' already used")
      await api.call('PUT', '/nodes/pve1/qemu/100/config', {cores: 2, scsi1: 'local:1,format=qcow2'})
      expect(await snapshot('two', {description: 'two cores'})).to.equal('OK')
      expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot/one/rollback')).to.equal('OK')

      expect(await config(100)).to.include({parent: 'one', unused0: 'local:100/vm-100-disk-1.qcow2'})
      expect(await config(100)).not.to.have.any.keys('cores', 'lock', 'scsi1')
      expect(await snapshot('three')).to.equal('OK')
      expect(await api.task('DELETE', '/nodes/pve1/qemu/100/snapshot/one')).to.equal('OK')
      const list = await api.call('GET', '/nodes/pve1/qemu/100/snapshot')
      expect(list.map(({name, parent}: {name: string; parent?: string}) => [name, parent])).to.have.deep.members([
        ['two', undefined],
        ['three', undefined],
        ['current', 'three'],
      ])
      expect(await api.task('DELETE', '/nodes/pve1/qemu/100/snapshot/one')).to.equal("snapshot 'one' does not exist")
    })

    it('goes back to the newest only where snapshots are a chain of volumes', async () => {
      await create(100)
      for (const snapname of ['one', 'two']) {
        expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot', {snapname})).to.equal('OK')
      }

      const storages = api.world.store.of('storages')
      storages.update('local', {config: {...storages.get('local')!.config, 'snapshot-as-volume-chain': 1}})
      expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot/one/rollback')).to.equal(
        "can't rollback, 'one' is not most recent snapshot on 'local:100/vm-100-disk-0.qcow2'",
      )
      expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot/two/rollback')).to.equal('OK')
    })

    it('takes no snapshot of what cannot have one, and says so of the feature', async () => {
      await create(100, {scsi1: 'local:1,format=raw'})

      expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot', {snapname: 'snap'})).to.equal(
        'snapshot feature is not available',
      )
      expect(await api.call('GET', '/nodes/pve1/qemu/100/feature', {feature: 'snapshot'})).to.deep.equal({
        hasFeature: 0,
        nodes: ['pve1'],
      })
      expect(await config(100)).not.to.have.property('lock')
    })

    it('saves the memory of a running VM with a snapshot, and to disk', async () => {
      await create(100)
      await power(100, 'start')

      expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot', {snapname: 'live', vmstate: 1})).to.equal('OK')
      expect(volids()).to.include('local:100/vm-100-state-live.raw')
      await power(100, 'stop')
      expect(await api.task('POST', '/nodes/pve1/qemu/100/snapshot/live/rollback')).to.equal('OK')
      expect((await api.call('GET', '/nodes/pve1/qemu/100/status/current')).status).to.equal('running')

      expect(await power(100, 'suspend', {todisk: 1})).to.equal('OK')
      expect(await api.call('GET', '/nodes/pve1/qemu/100/status/current')).to.include({
        status: 'stopped',
        lock: 'suspended',
      })
      expect(await power(100, 'resume')).to.equal('OK')
      const current = await api.call('GET', '/nodes/pve1/qemu/100/status/current')
      expect(current).to.include({status: 'running'})
      expect(current).not.to.have.property('lock')
      expect(volids().filter((volid) => volid.includes('suspend'))).to.deep.equal([])
    })

    it('waits for a guest that ignores the power button, and pulls the plug when told to', async () => {
      await create(100)
      await power(100, 'start')

      expect(await power(100, 'shutdown', {timeout: 1})).to.equal('VM quit/powerdown failed - got timeout')
      expect(await power(100, 'suspend')).to.equal('OK')
      expect((await api.call('GET', '/nodes/pve1/qemu/100/status/current')).qmpstatus).to.equal('paused')
      expect(await api.failure('POST', '/nodes/pve1/qemu/100/status/shutdown')).to.equal(
        '500 VM is paused - cannot shutdown',
      )
      expect(await power(100, 'resume')).to.equal('OK')
      expect(await power(100, 'shutdown', {timeout: 1, forceStop: 1})).to.equal('OK')
      expect((await api.call('GET', '/nodes/pve1/qemu/100/status/current')).status).to.equal('stopped')
    })

    it('moves a disk to another storage and to another VM', async () => {
      await create(100, {scsi1: 'local:2,format=qcow2'})
      await create(101, {})

      expect(await api.task('POST', '/nodes/pve1/qemu/100/move_disk', {disk: 'scsi1', storage: 'local2'})).to.equal(
        'OK',
      )
      expect(await config(100)).to.include({
        scsi1: 'local2:100/vm-100-disk-0.qcow2,size=2G',
        unused0: 'local:100/vm-100-disk-1.qcow2',
      })
      const moved = await api.task('POST', '/nodes/pve1/qemu/100/move_disk', {
        disk: 'scsi1',
        'target-vmid': 101,
        'target-disk': 'scsi5',
      })

      expect(moved).to.equal('OK')
      expect((await config(101)).scsi5).to.equal('local2:101/vm-101-disk-0.qcow2,size=2G')
      expect(await config(100)).not.to.have.property('scsi1')
    })

    it('tells an agent that is missing from one that is not there, and answers as programmed', async () => {
      await create(100)
      const ping = () => api.failure('POST', '/nodes/pve1/qemu/100/agent/ping')

      expect(await ping()).to.equal('500 No QEMU guest agent configured')
      await api.call('PUT', '/nodes/pve1/qemu/100/config', {agent: '1'})
      expect(await ping()).to.equal('500 VM 100 is not running')
      await power(100, 'start')
      expect(await ping()).to.equal('500 QEMU guest agent is not running')

      const behaviour = {agent: {exec: {'uname -r': {'out-data': '6.1.0\n'}}}}
      api.world.store.of('guests').update(100, {behaviour})
      expect(await api.call('POST', '/nodes/pve1/qemu/100/agent/ping')).to.deep.equal({result: {}})
      const {pid} = await api.call('POST', '/nodes/pve1/qemu/100/agent/exec', {command: 'uname -r'})
      expect(await api.call('GET', '/nodes/pve1/qemu/100/agent/exec-status', {pid})).to.deep.equal({
        exited: 1,
        exitcode: 0,
        'out-data': '6.1.0\n',
      })
      await api.call('POST', '/nodes/pve1/qemu/100/agent/file-write', {file: '/etc/motd', content: 'hello'})
      expect(await api.call('GET', '/nodes/pve1/qemu/100/agent/file-read', {file: '/etc/motd'})).to.include({
        content: 'hello',
      })
    })

    it('takes a VM out of everything that knows it when it is purged', async () => {
      await create(100, {})
      api.world.store.of('haResources').put('vm:100', {state: 'ignored'})
      api.world.store.of('backupJobs').put('nightly', {vmid: '100,101'})

      expect(await api.failure('DELETE', '/nodes/pve1/qemu/100')).to.equal(
        '500 unable to remove VM 100 - used in HA resources and purge parameter not set.',
      )
      expect(await api.task('DELETE', '/nodes/pve1/qemu/100', {purge: 1})).to.equal('OK')
      expect(api.world.store.of('haResources').size).to.equal(0)
      expect(api.world.store.of('backupJobs').get('nightly')).to.include({vmid: '101'})
      expect(volids().filter((volid) => volid.includes(':100/'))).to.deep.equal([])
    })
  })

  describe('in a cluster', () => {
    beforeEach(() => {
      api = openApiWorld('recorded-cluster', {user: 'root@pam'})
    })

    const migrate = (vmid: number, from: string, params: Params) =>
      api.task('POST', `/nodes/${from}/qemu/${vmid}/migrate`, params)

    it('gives a VMID to one of two nodes that want it at once', async () => {
      const wanted = ['n1', 'n2'].map((node) => api.failure('POST', `/nodes/${node}/qemu`, {vmid: 300, memory: 64}))

      expect(await Promise.all(wanted)).to.have.members([
        'no failure',
        "500 unable to create VM 300 - close (rename) atomic file '/etc/pve/nodes/n2/qemu-server/300.conf' failed: File exists",
      ])
    })

    it('lets a clone for a VMID of another node fail in its task', async () => {
      await create(100, {}, 'n1')
      await create(101, {}, 'n2')

      expect(await api.task('POST', '/nodes/n1/qemu/100/clone', {newid: 101, full: 1})).to.equal(
        "close (rename) atomic file '/etc/pve/nodes/n1/qemu-server/101.conf' failed: File exists",
      )
      expect(volids().filter((volid) => volid.startsWith('local:101/'))).to.have.length(1)
    })

    it('moves a running VM with its local disks only when that is wanted', async () => {
      await create(100, {}, 'n1')
      await power(100, 'start', {}, 'n1')

      expect(await api.failure('POST', '/nodes/n1/qemu/100/migrate', {target: 'n2'})).to.equal(
        "500 can't migrate running VM without --online",
      )
      expect(await migrate(100, 'n1', {target: 'n2', online: 1})).to.equal('migration aborted')
      expect(api.log().join('\n')).to.include(
        "can't migrate local disk 'local:100/vm-100-disk-0.qcow2': can't live migrate attached local disks without with-local-disks option",
      )
      expect(await config(100, 'n1')).not.to.have.property('lock')
      expect(await migrate(100, 'n1', {target: 'n2', online: 1, 'with-local-disks': 1})).to.equal('OK')

      const current = await api.call('GET', '/nodes/n2/qemu/100/status/current')
      expect(current).to.include({status: 'running'})
      expect(current).not.to.have.property('lock')
      expect((await config(100, 'n2')).scsi0).to.equal('local:100/vm-100-disk-0.qcow2,format=qcow2,size=1G')
      const disks = [...api.world.store.of('volumes').values()].filter(({vmid}) => vmid === 100)
      expect(disks.map(({node}) => node)).to.deep.equal(['n2'])
    })

    it('gives up on a node without power, and leaves the VM where it is', async () => {
      await create(100, {scsi0: 'shared:1'}, 'n1')
      api.world.killNode('n3')

      expect(await migrate(100, 'n1', {target: 'n3'})).to.equal('migration aborted')
      expect(api.log().at(-2)).to.match(
        /ERROR: migration aborted \(duration .*\): Can't connect to destination address/,
      )
      expect(await config(100, 'n1')).not.to.have.property('lock')
    })

    it('cannot write without quorum, but still stops', async () => {
      await create(100, {}, 'n1')
      await power(100, 'start', {}, 'n1')
      api.world.killNode('n2')
      api.world.killNode('n3')

      expect(await api.failure('PUT', '/nodes/n1/qemu/100/config', {memory: 128})).to.match(
        /^500 unable to open file '\/etc\/pve\/nodes\/n1\/qemu-server\/100\.conf\.tmp\.\d+' - Permission denied$/,
      )
      expect(await api.failure('POST', '/nodes/n1/qemu/100/clone', {newid: 101})).to.equal(
        '500 cluster not ready - no quorum?',
      )
      expect(await power(100, 'stop', {}, 'n1')).to.equal('OK')
      expect(await api.failure('POST', '/nodes/n1/qemu/100/status/start')).to.equal(
        '500 cluster not ready - no quorum?',
      )
    })
  })
})
