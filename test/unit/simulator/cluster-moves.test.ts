import {expect} from 'chai'

import {type Cluster, openCluster} from '../../helpers/cluster-world.js'

const ROOT = {user: 'root@pam'}

/** The last log, without its time stamps. */
const plain = (cluster: Cluster) => cluster.log().map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ''))

function inOrder(lines: readonly string[], ...wanted: readonly (RegExp | string)[]): void {
  let from = 0
  for (const pattern of wanted) {
    const at = lines.findIndex(
      (line, index) => index >= from && (typeof pattern === 'string' ? line === pattern : pattern.test(line)),
    )
    expect(at, `${String(pattern)} in\n${lines.join('\n')}`).to.be.at.least(0)
    from = at + 1
  }
}

describe('moving guests in a cluster of three', () => {
  let cluster: Cluster
  beforeEach(() => {
    cluster = openCluster()
  })
  afterEach(() => cluster.close())

  describe('a VM', () => {
    const migrate = (params: Record<string, number | string>, user = 'root@pam!t1') =>
      cluster.outcome('POST /nodes/n1/qemu/100/migrate', params, {user})
    const start = () => cluster.outcome('POST /nodes/n1/qemu/100/status/start')
    const isOn = () => cluster.world.store.of('guests').get(100)!.node

    it('names the nodes it may go to and what it has on this one, whatever target is asked about', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local2:1'}])
      for (const params of [{}, {target: 'n2'}, {target: 'n9'}]) {
        const told = await cluster.call('GET /nodes/n1/qemu/100/migrate', params)
        expect(told).to.deep.include({
          running: 0,
          allowed_nodes: ['n2'],
          not_allowed_nodes: {n2: {}, n3: {unavailable_storages: ['local2']}},
          local_resources: [],
          'mapped-resources': [],
        })
        expect(told.local_disks).to.have.length(1)
        expect(told.local_disks[0]).to.include({drivename: 'scsi0', is_attached: 1, is_unused: 0, shared: 0, cdrom: 0})
      }
    })

    it('refuses at once what cannot be', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local2:1'}])
      expect(await migrate({})).to.match(/^400 .*target: property is missing and it is not optional/)
      expect(await migrate({target: 'n1'})).to.equal(
        '400 Parameter verification failed. | target: target is local node.',
      )
      expect(await migrate({target: 'n9'})).to.equal("500 no such cluster node 'n9'")
      expect(await migrate({target: 'n2', targetstorage: 'nope'})).to.equal("500 storage 'nope' does not exist")
      expect(await migrate({target: 'n3'})).to.equal("500 storage 'local2' is not available on node 'n3'")
      for (const option of [{force: 1}, {migration_type: 'insecure'}])
        expect(await migrate({target: 'n2', ...option})).to.match(/400 .*: Only root may use this option\./)
      expect(await migrate({target: 'n2'}, 'viewer@pve!ro')).to.equal(
        '403 Permission check failed (/vms/100, VM.Migrate)',
      )
      await start()
      expect(await migrate({target: 'n2'})).to.equal("500 can't migrate running VM without --online")
      await cluster.outcome('PUT /nodes/n1/qemu/100/config', {lock: 'backup'}, ROOT)
      expect(await migrate({target: 'n2', online: 1})).to.equal('500 VM is locked (backup)')
    })

    it('moves its configuration alone where disks are shared, stopped though online was asked for', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1'}])
      expect(await migrate({target: 'n3', online: 1, targetstorage: 'local'})).to.equal('task: OK')
      expect(isOn()).to.equal('n3')
      inOrder(
        plain(cluster),
        "starting migration of VM 100 to node 'n3' (10.99.0.13)",
        /^migration finished successfully \(duration 00:00:0[0-3]\)$/,
        'TASK OK',
      )
      const [task] = await cluster.call('GET /nodes/n1/tasks', {typefilter: 'qmigrate'})
      expect(task).to.include({node: 'n1', id: '100', user: 'root@pam'})
    })

    it('goes on running when it moves online', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1'}])
      await start()
      expect(await migrate({target: 'n2', online: 1})).to.equal('task: OK')
      expect(cluster.world.store.of('guests').get(100)!.run).not.to.equal(undefined)
      inOrder(
        plain(cluster),
        /^starting migration of VM 100/,
        "starting VM 100 on remote node 'n2'",
        'start remote tunnel',
        'ssh tunnel ver 1',
        'starting online/live migration on unix:/run/qemu-server/100.migrate',
        'set migration capabilities',
        'migration downtime limit: 100 ms',
        'migration cachesize: 8.0 MiB',
        'set migration parameters',
        /^start migrate command to unix:/,
        /^average migration speed: .*downtime \d+ ms$/,
        /^migration completed, transferred .* VM-state$/,
        'migration status: completed',
        /^migration finished successfully/,
      )
      const [task] = await cluster.call('GET /nodes/n2/tasks', {typefilter: 'qmstart'})
      expect(task).to.include({node: 'n2', id: '100', status: 'OK'})
    })

    it('copies local disks when stopped, and needs to be told to when running', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local:1,format=qcow2'}])
      expect(await migrate({target: 'n2'})).to.equal('task: OK')
      inOrder(
        plain(cluster),
        /^found local disk 'local:100\/vm-100-disk-0\.qcow2' \(attached\)$/,
        'copying local disk images',
        /^Formatting /,
        /^\d+ bytes \(.*\) copied, \d+ s, .* MB\/s$/,
        "successfully imported 'local:100/vm-100-disk-0.qcow2'",
        "volume 'local:100/vm-100-disk-0.qcow2' is 'local:100/vm-100-disk-0.qcow2' on the target",
      )
      await cluster.outcome('POST /nodes/n2/qemu/100/status/start')
      const back = (params: Record<string, number>) =>
        cluster.outcome('POST /nodes/n2/qemu/100/migrate', {target: 'n1', online: 1, ...params})
      expect(await back({})).to.equal('task: migration aborted')
      expect(plain(cluster).join('\n')).to.contain(
        "can't live migrate attached local disks without with-local-disks option",
      )
      expect(await back({'with-local-disks': 1})).to.equal('task: OK')
      inOrder(
        plain(cluster),
        'starting storage migration',
        /^scsi0: start migration to nbd:unix:\/run\/qemu-server\/100_nbd\.migrate:exportname=drive-scsi0$/,
        'drive mirror is starting for drive-scsi0',
        /^drive-scsi0: transferred .* of 1\.0 GiB \(.*%\) in \d+s/,
        "all 'mirror' jobs are ready",
        'drive-scsi0: Completing block job...',
        'drive-scsi0: Completed successfully.',
        'drive-scsi0: mirror-job finished',
        'stopping NBD storage migration server on target.',
      )
      expect((await cluster.call('GET /nodes/n1/qemu/100/config')).scsi0).to.contain('format=qcow2')
    })

    it('puts local disks where targetstorage says', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local2:1'}])
      expect(await migrate({target: 'n3', targetstorage: 'local2:local'})).to.equal('task: OK')
      expect((await cluster.call('GET /nodes/n3/qemu/100/config')).scsi0).to.match(/^local:/)
      expect(
        await cluster.outcome('POST /nodes/n3/qemu/100/migrate', {target: 'n1', targetstorage: 'shared'}),
      ).to.equal('task: OK')
      expect((await cluster.call('GET /nodes/n1/qemu/100/config')).scsi0).to.match(/^shared:/)
    })

    it('stays where it is with a local image or device, unless root forces it', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1', usb0: 'host=1234:5678'}])
      expect(await migrate({target: 'n2'})).to.equal('task: migration aborted')
      expect(plain(cluster)[0]).to.equal(
        "ERROR: migration aborted (duration 00:00:00): can't migrate VM which uses local devices: usb0",
      )
      expect(await migrate({target: 'n2', force: 1}, 'root@pam')).to.equal('task: OK')
      expect(plain(cluster)).to.include('migrating VM which uses local devices')
      await cluster.make(['n1 qemu', {vmid: 130}])
      cluster.world.store.of('volumes').put('n1/local:iso/x.iso', {
        ...{volid: 'local:iso/x.iso', storage: 'local', content: 'iso', format: 'iso'},
        ...{size: 1, used: 1, ctime: 1, node: 'n1'},
      })
      const guest = cluster.world.store.of('guests').get(130)!
      cluster.world.store.of('guests').update(130, {config: {...guest.config, ide2: 'local:iso/x.iso,media=cdrom'}})
      expect(await cluster.outcome('POST /nodes/n1/qemu/130/migrate', {target: 'n2'})).to.equal(
        'task: migration aborted',
      )
      inOrder(
        plain(cluster),
        "can't migrate local disk 'local:iso/x.iso': local cdrom image",
        "ERROR: Problem found while scanning volumes - can't migrate VM - check log",
        'aborting phase 1 - cleanup resources',
        /^ERROR: migration aborted \(duration 00:00:0\d\): Problem found/,
      )
    })

    it('is locked on its way, and a task stopped then has problems', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local:8'}])
      await start()
      const done = migrate({target: 'n2', online: 1, 'with-local-disks': 1})
      for (let turn = 0; turn < 60; turn++) await new Promise(setImmediate)
      const listed = await cluster.call('GET /cluster/resources', {type: 'vm'})
      expect(listed[0].lock).to.equal('migrate')
      const running = [...cluster.world.store.of('tasks').values()].find(({type}) => type === 'qmigrate')!
      await cluster.call(`DELETE /nodes/n1/tasks/${running.upid}`)
      expect(await done).to.match(/^task: migration (?:problems|aborted)$/)
      expect(isOn()).to.equal('n1')
      expect(cluster.world.store.of('guests').get(100)!.config['lock']).to.equal(undefined)
    })
  })

  describe('a container', () => {
    const migrate = (params: Record<string, number | string>) =>
      cluster.outcome('POST /nodes/n1/lxc/200/migrate', params)
    const start = () => cluster.outcome('POST /nodes/n1/lxc/200/status/start')

    it('cannot move online, and must be allowed to restart', async () => {
      await cluster.make(['n1 lxc', {vmid: 200}])
      expect(await cluster.outcome('GET /nodes/n1/lxc/200/migrate')).to.equal(
        "501 Method 'GET /nodes/n1/lxc/200/migrate' not implemented",
      )
      await start()
      expect(await migrate({target: 'n3'})).to.equal(
        "500 can't migrate running container without --online or --restart",
      )
      expect(await migrate({target: 'n3', online: 1})).to.equal('task: migration aborted')
      expect(plain(cluster)[0]).to.equal(
        'ERROR: migration aborted (duration 00:00:00): lxc live migration is currently not implemented',
      )
    })

    it('is shut down, moved and started by a task of the target', async () => {
      await cluster.make(['n1 lxc', {vmid: 200}])
      await start()
      expect(await migrate({target: 'n3', restart: 1})).to.equal('task: OK')
      inOrder(
        plain(cluster),
        'shutdown CT 200',
        "starting migration of CT 200 to node 'n3' (10.99.0.13)",
        "volume 'shared:200/vm-200-disk-0.raw' is on shared storage 'shared'",
        'start final cleanup',
        'start container on target node',
        /^# \/usr\/bin\/ssh -e none .* root@10\.99\.0\.13 pct start 200$/,
        /^migration finished successfully \(duration /,
      )
      expect(cluster.world.store.of('guests').get(200)!.run).not.to.equal(undefined)
      const [task] = await cluster.call('GET /nodes/n3/tasks', {typefilter: 'vzstart'})
      expect(task).to.include({node: 'n3', id: '200', status: 'OK'})
      const [own] = await cluster.call('GET /nodes/n1/tasks', {typefilter: 'vzmigrate'})
      expect(own).to.include({node: 'n1', id: '200', status: 'OK'})
    })

    it('is copied when it stands, restart or not', async () => {
      await cluster.make(['n1 lxc', {vmid: 200, rootfs: 'local:1'}])
      expect(await migrate({target: 'n3', restart: 1})).to.equal('task: OK')
      inOrder(
        plain(cluster),
        "found local volume 'local:200/vm-200-disk-0.raw' (in current VM config)",
        /^Formatting /,
        /^\d+ bytes .* copied/,
        "successfully imported 'local:200/vm-200-disk-0.raw'",
        "volume 'local:200/vm-200-disk-0.raw' is 'local:200/vm-200-disk-0.raw' on the target",
        /^# \/usr\/bin\/ssh .* pvesr set-state 200/,
        'start final cleanup',
      )
      expect(plain(cluster)).not.to.include('shutdown CT 200')
    })

    it('fails in its task where the target lacks a storage, unless that is mapped', async () => {
      await cluster.make(['n1 lxc', {vmid: 200, rootfs: 'local2:1'}])
      expect(await migrate({target: 'n3'})).to.equal('task: migration aborted')
      expect(plain(cluster)[0]).to.equal(
        "ERROR: migration aborted (duration 00:00:00): storage 'local2' is not available on node 'n3'",
      )
      expect(await migrate({target: 'n3', 'target-storage': 'nope'})).to.equal("500 storage 'nope' does not exist")
      expect(await migrate({target: 'n3', 'target-storage': 'local2:local'})).to.equal('task: OK')
      expect((await cluster.call('GET /nodes/n3/lxc/200/config')).rootfs).to.match(/^local:200\//)
    })

    it('leaves no directory of the host behind that is not said to be shared', async () => {
      await cluster.make(['n1 lxc', {vmid: 200, mp0: '/mnt/shared,mp=/data'}])
      expect(await migrate({target: 'n3'})).to.equal('task: migration aborted')
      expect(plain(cluster)[0]).to.contain("cannot migrate local bind mount point 'mp0'")
      await cluster.outcome('PUT /nodes/n1/lxc/200/config', {mp0: '/mnt/shared,mp=/data,shared=1'}, ROOT)
      expect(await migrate({target: 'n3'})).to.equal('task: OK')
      expect(plain(cluster)).to.include("ignoring shared 'bind' mount point 'mp0' ('/mnt/shared')")
    })
  })

  it('moves all guests of a node only with a number of workers', async () => {
    expect(await cluster.outcome('POST /nodes/n1/migrateall', {target: 'n2'})).to.equal(
      "500 either 'maxworkers' parameter or max_workers in datacenter.cfg must be set!",
    )
    await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1'}], ['n1 lxc', {vmid: 200}])
    expect(await cluster.outcome('POST /nodes/n1/migrateall', {target: 'n2', maxworkers: 2})).to.equal('task: OK')
    for (const vmid of [100, 200]) expect(cluster.world.store.of('guests').get(vmid)!.node).to.equal('n2')
    for (const type of ['startall', 'stopall', 'suspendall'])
      expect(await cluster.outcome(`POST /nodes/n1/${type}`)).to.equal('task: OK')
    const types = (await cluster.call('GET /nodes/n1/tasks')).map(
      ({type, id}: {type: string; id: string}) => `${type}:${id}`,
    )
    expect(types).to.include.members(['migrateall:', 'startall:', 'stopall:', 'suspendall:'])
  })

  describe('a backup', () => {
    const dump = (node: string, params: Record<string, number | string>) =>
      cluster.outcome(`POST /nodes/${node}/vzdump`, {storage: 'shared', ...params})

    it('is made on the node of the guest alone', async () => {
      await cluster.make(['n3 qemu', {vmid: 101, scsi0: 'shared:1'}], ['n1 qemu', {vmid: 100}])
      expect(await dump('n1', {vmid: 101})).to.equal('200 "OK"')
      expect(await dump('n3', {vmid: '101,999,100', compress: 'zstd'})).to.equal('task: job errors')
      expect(cluster.log()[0]).to.equal(
        'INFO: starting new backup job: vzdump 101 999 100 --storage shared --compress zstd --node n3',
      )
      expect(cluster.log()).to.include("ERROR: Backup of VM 999 failed - unable to find VM '999'")
      expect(await dump('n2', {all: 1})).to.equal('task: OK')
      expect(cluster.log().slice(0, -1)).to.have.length(2)
      expect(cluster.log()[1]).to.contain('Backup job finished successfully')
      expect(await dump('n3', {vmid: 101, storage: 'local2'})).to.equal(
        "task: could not activate storage 'local2': storage 'local2' is not available on node 'n3'",
      )
    })

    it('may be planned for nodes and storages that do not fit', async () => {
      const job = {schedule: 'mon 03:00', all: 1}
      expect(await cluster.outcome('POST /cluster/backup', {...job, storage: 'shared', node: 'n9'})).to.equal(
        '200 null',
      )
      expect(await cluster.outcome('POST /cluster/backup', {...job, storage: 'local2', node: 'n3'})).to.equal(
        '200 null',
      )
    })

    it('is no replication: that wants volumes which can be sent', async () => {
      await cluster.make(
        ['n3 qemu', {vmid: 101, scsi0: 'shared:1'}],
        ['n3 qemu', {vmid: 123, scsi0: 'local:1,format=qcow2'}],
      )
      const replicate = (id: string, target: string) =>
        cluster.outcome('POST /cluster/replication', {id, type: 'local', target})
      expect(await replicate('101-0', 'n1')).to.equal('500 No replicatable volumes found')
      expect(await replicate('101-0', 'n3')).to.equal('500 Source and target must not be identical')
      expect(await replicate('101-0', 'n9')).to.equal("500 Target 'n9' does not exist.")
      expect(await replicate('999-0', 'n1')).to.equal("500 Guest '999' does not exist.")
      expect(await replicate('123-0', 'n1')).to.equal(
        "500 missing replicate feature on volume 'local:123/vm-123-disk-0.qcow2'",
      )
      expect(await cluster.outcome('DELETE /cluster/replication/101-0', {force: 1})).to.equal('200 null')
    })
  })
})
