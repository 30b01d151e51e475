import {expect} from 'chai'

import {routes} from '../../../src/simulator/api/routes.js'
import {frontDoorChecks} from '../../../src/simulator/front-door-checks.js'
import {Router} from '../../../src/simulator/kernel/router.js'
import {type Cluster, openCluster, TEMPLATE} from '../../helpers/cluster-world.js'

import type {Answer} from '../../helpers/api-world.js'

const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /
const ROOT = {user: 'root@pam'}

describe('a cluster of three in detail', () => {
  let cluster: Cluster
  beforeEach(() => {
    cluster = openCluster()
  })
  afterEach(() => cluster.close())

  const pass = (seconds: number) => cluster.world.clock.advance(seconds)
  const volumes = (vmid: number) => [...cluster.world.store.of('volumes').values()].filter((one) => one.vmid === vmid)
  const plain = () => cluster.log().map((line) => line.replace(STAMP, ''))
  const start = (vmid = 100) => cluster.outcome(`POST /nodes/n1/qemu/${vmid}/status/start`)
  const migrate = (params: Record<string, number | string>) =>
    cluster.outcome('POST /nodes/n1/qemu/100/migrate', params, ROOT)

  it('says of shared storage that it is, on each node; and how to join by way of which', async () => {
    const storages: Answer[] = await cluster.call('GET /cluster/resources', {type: 'storage'})
    const shared = storages.filter(({storage}) => storage === 'shared')
    expect(shared.map((entry) => [entry.node, entry.shared])).to.have.deep.members([
      ['n1', 1],
      ['n2', 1],
      ['n3', 1],
    ])
    expect((await cluster.call('GET /cluster/config/join', {node: 'n3'})).preferred_node).to.equal('n3')
    const join = {hostname: '10.99.0.12', password: 'rootpw123', fingerprint: Array(32).fill('AA').join(':')}
    expect(await cluster.outcome('POST /cluster/config/join', join)).to.equal(
      '403 Permission check failed (user != root@pam)',
    )
  })

  it('lets the second of two starts wait for the first, and says so', async () => {
    await cluster.make(['n2 qemu', {vmid: 100}])
    const [first, second] = await Promise.all(
      ['n1', 'n3'].map((via) => cluster.call('POST /nodes/n2/qemu/100/status/start', {}, {via})),
    )
    await pass(5)
    expect(cluster.world.tasks.log(first)).to.deep.equal(['TASK OK'])
    expect(cluster.world.tasks.log(second)).to.deep.equal([
      'trying to acquire lock...',
      ' OK',
      'TASK ERROR: VM 100 already running',
    ])
  })

  it('counts one line in the log of a task it does not have', async () => {
    await cluster.make(['n2 qemu', {vmid: 100}])
    const upid: string = await cluster.call('POST /nodes/n2/qemu/100/status/stop')
    const answer = await new Router(routes, frontDoorChecks).handle(cluster.world, {
      ...{method: 'GET', path: `/nodes/n1/tasks/${upid}/log`, params: {}, user: 'root@pam', via: 'n3'},
    })
    expect(answer).to.deep.equal({data: {n: 1, t: 'unable to open file - No such file or directory'}, total: 1})
  })

  it('gives a VMID to the VM or to the container that want it', async () => {
    const outcomes = await Promise.all([
      cluster.outcome('POST /nodes/n1/qemu', {vmid: 322, memory: 64}, {via: 'n1'}),
      cluster.outcome(
        'POST /nodes/n2/lxc',
        {vmid: 322, ostemplate: TEMPLATE, rootfs: 'shared:1', memory: 64},
        {via: 'n2', ...ROOT},
      ),
    ])
    const lost = outcomes.find((outcome) => outcome.startsWith('500'))
    expect(outcomes).to.include('task: OK')
    expect(lost).to.match(
      /^500 (?:unable to create (?:CT|VM) 322 - )?(?:(?:CT|VM) 322 already exists on node 'n\d'|close \(rename\) atomic file '\/etc\/pve\/nodes\/n\d\/(?:lxc|qemu-server)\/322\.conf' failed: File exists)$/,
    )
  })

  describe('when a VM moves', () => {
    it('tells beforehand that it runs, and where it could go all the same', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1'}])
      await start()
      expect(await cluster.call('GET /nodes/n1/qemu/100/migrate')).to.deep.include({
        running: 1,
        allowed_nodes: ['n2', 'n3'],
        not_allowed_nodes: {n2: {}, n3: {}},
      })
    })

    it('takes a second and a half where its disks are shared', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1'}])
      const began = cluster.world.clock.nowMs()
      expect(await migrate({target: 'n2'})).to.equal('task: OK')
      expect((cluster.world.clock.nowMs() - began) / 1000).to.be.within(1, 2)
    })

    it('has the time before each line but those of mirrors and the last', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local:1'}])
      await start()
      expect(await migrate({target: 'n2', online: 1, 'with-local-disks': 1})).to.equal('task: OK')
      const bare = cluster.log().filter((line) => !STAMP.test(line))
      expect(bare.length).to.be.greaterThan(5)
      for (const line of bare) expect(line).to.match(/^(?:drive mirror is|drive-scsi0: |all 'mirror' jobs|TASK OK)/)
      expect(cluster.log().filter((line) => STAMP.test(line)).length).to.be.greaterThan(10)
      const [started] = await cluster.call('GET /nodes/n2/tasks', {typefilter: 'qmstart'})
      expect(started).to.include({user: 'root@pam', status: 'OK'})
    })

    it('says what it found and copied of a stopped one, generated and unused disks, too', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local:1,format=qcow2', ide2: 'local:cloudinit'}])
      await cluster.outcome('PUT /nodes/n1/qemu/100/config', {delete: 'scsi0'})
      const known = volumes(100).map(({volid}) => volid)
      expect(known).to.have.members(['local:100/vm-100-disk-0.qcow2', 'local:100/vm-100-cloudinit.qcow2'])
      expect(await migrate({target: 'n2'})).to.equal('task: OK')
      expect(plain()).to.include.members([
        "found generated disk 'local:100/vm-100-cloudinit.qcow2' (in current VM config)",
        "found local disk 'local:100/vm-100-disk-0.qcow2' (unused)",
        'copying local disk images',
        ...known.map((volid) => `volume '${volid}' is '${volid}' on the target`),
      ])
      const reports = plain().filter((line) => /bytes \(.*\) copied, [36] s, /.test(line))
      expect(reports.map((line) => /copied, (\d) s/.exec(line)![1])).to.deep.equal(['3', '6'])
    })

    it('has its configuration on the target some seconds before the task ends', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1'}])
      await start()
      const upid: string = await cluster.call('POST /nodes/n1/qemu/100/migrate', {target: 'n2', online: 1})
      let moved = 0
      while (cluster.world.tasks.isRunning(upid)) {
        await pass(0.1)
        if (cluster.world.store.of('guests').get(100)!.node === 'n2') moved += 0.1
      }

      expect(moved).to.be.within(2, 5)
      expect(await cluster.outcome('GET /nodes/n1/qemu/100/config')).to.equal(
        "500 Configuration file 'nodes/n1/qemu-server/100.conf' does not exist",
      )
    })

    it('has problems once its process on the target exists', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'local:8'}])
      await start()
      const upid: string = await cluster.call('POST /nodes/n1/qemu/100/migrate', {
        ...{target: 'n2', online: 1, 'with-local-disks': 1},
      })
      await pass(10)
      await cluster.call(`DELETE /nodes/n1/tasks/${upid}`)
      await pass(2)
      expect(cluster.world.tasks.get(upid)!.status).to.equal('migration problems')
      const lines = cluster.world.tasks.log(upid)!.map((line) => line.replace(STAMP, ''))
      const end = lines.findIndex((line) => line.startsWith('ERROR: online migrate failure - '))
      expect(lines.slice(end + 1, end + 3)).to.deep.equal(['aborting phase 2 - cleanup resources', 'migrate_cancel'])
      expect(lines.at(-2)).to.match(/^ERROR: migration finished with problems \(duration 00:00:1\d\)$/)
      expect(volumes(100).map(({node}) => node)).to.deep.equal(['n1'])
    })

    it('changes the storage of local disks alone, also while it runs', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1', scsi1: 'local:1'}])
      expect(await migrate({target: 'n2', targetstorage: 'local'})).to.equal('task: OK')
      expect((await cluster.call('GET /nodes/n2/qemu/100/config')).scsi0).to.match(/^shared:/)
      await cluster.outcome('POST /nodes/n2/qemu/100/status/start')
      const onward = await cluster.outcome('POST /nodes/n2/qemu/100/migrate', {
        ...{target: 'n3', online: 1, 'with-local-disks': 1, targetstorage: 'shared'},
      })
      expect(onward).to.equal('task: OK')
      const config = await cluster.call('GET /nodes/n3/qemu/100/config')
      expect([config.scsi0, config.scsi1].map((drive: string) => drive.split(':')[0])).to.deep.equal([
        'shared',
        'shared',
      ])
    })

    it('may be a template whose linked clones stay, on shared storage', async () => {
      await cluster.make(['n1 qemu', {vmid: 100, scsi0: 'shared:1,format=qcow2'}])
      expect(await cluster.outcome('POST /nodes/n1/qemu/100/template')).to.equal('task: OK')
      expect(await cluster.outcome('POST /nodes/n1/qemu/100/clone', {newid: 101})).to.equal('task: OK')
      expect(await migrate({target: 'n2'})).to.equal('task: OK')
      expect(await start(101)).to.equal('task: OK')
    })
  })

  describe('when it is torn apart', () => {
    const named = (entries: Answer[], node: string): Answer => entries.find((entry) => entry.node === node)

    it('notices after eight seconds, and is whole again as soon as one is back', async () => {
      await cluster.make(['n2 qemu', {vmid: 100, name: 'web'}])
      const {world} = cluster
      const quorate = async () => (await cluster.call('GET /cluster/status'))[0].quorate
      world.killNode('n3', 20)
      world.cutNode('n2')
      await pass(7.5)
      expect(await quorate()).to.equal(1)
      await pass(1)
      expect(await quorate()).to.equal(0)
      expect(await cluster.outcome('GET /nodes/n2/qemu')).to.equal('595 No route to host')
      expect(cluster.took()).to.be.within(2.3, 3.2)
      await pass(30)
      world.joinNode('n2')
      await pass(4.1)
      expect(await quorate()).to.equal(1)
      expect(await cluster.outcome('POST /nodes/n1/qemu', {vmid: 101})).to.equal('task: OK')
      const nodes = await cluster.call('GET /nodes')
      expect(['n1', 'n2', 'n3'].map((node) => named(nodes, node).status)).to.deep.equal(['online', 'online', 'offline'])
      expect(named(nodes, 'n2')).to.include.keys('cpu', 'mem', 'uptime')
      expect(named(await cluster.call('GET /cluster/resources', {type: 'vm'}), 'n2')).to.include({
        ...{name: 'web', status: 'stopped'},
      })
    })

    it('refuses to let a node go, keeps the state of a VM it cannot suspend, and lets everybody in', async () => {
      await cluster.make(['n1 qemu', {vmid: 500, scsi0: 'shared:1'}])
      await start(500)
      for (const node of ['n2', 'n3']) cluster.world.killNode(node, 20)
      expect(await cluster.outcome('DELETE /cluster/config/nodes/n3', {}, ROOT)).to.equal(
        '500 cluster not ready - no quorum?',
      )
      expect(await cluster.outcome('POST /nodes/n1/qemu/500/status/suspend', {todisk: 1})).to.match(
        /^task: unable to open file '\/etc\/pve\/nodes\/n1\/qemu-server\/500\.conf\.tmp\.\d+' - Permission denied$/,
      )
      expect(volumes(500).map(({volid}) => volid)).to.satisfy((volids: string[]) =>
        volids.some((volid) => volid.includes('vm-500-state-')),
      )
      for (const [username, password] of [
        ['root@pam', 'rootpw123'],
        ['admin@pve', 'adminpw123'],
      ] as const) {
        const login = await cluster.outcome('POST /access/ticket', {username, password}, {user: ''})
        expect(login).to.match(/^200 /)
      }
    })
  })

  describe('with highly available guests', () => {
    const hastate = async (vmid: number) =>
      (await cluster.call('GET /cluster/resources', {type: 'vm'})).find((entry: Answer) => entry.vmid === vmid).hastate
    const service = async (sid: string) =>
      (await cluster.call('GET /cluster/ha/status/current')).find((entry: Answer) => entry.sid === sid)

    beforeEach(async () => {
      await cluster.make(['n2 qemu', {vmid: 400, scsi0: 'shared:1'}])
      await cluster.outcome('POST /cluster/ha/resources', {sid: 'vm:400'})
      await pass(25)
    })

    it('shows the state of a service beside the guest while it moves', async () => {
      expect(await cluster.outcome('POST /nodes/n2/qemu/400/migrate', {target: 'n3', online: 1})).to.equal('task: OK')
      const seen: string[] = []
      for (let turn = 0; turn < 40; turn++) {
        const state = await hastate(400)
        if (seen.at(-1) !== state) seen.push(state)
        await pass(1)
      }

      expect(seen).to.deep.equal(['started', 'migrate', 'started'])
      expect(await service('vm:400')).to.include({node: 'n3', crm_state: 'started'})
    })

    it('stops one hard, and leaves it stopped', async () => {
      expect(await cluster.outcome('POST /nodes/n2/qemu/400/status/stop')).to.equal('task: OK')
      expect((await cluster.call('GET /cluster/ha/resources/vm:400')).state).to.equal('stopped')
      await pass(20)
      const [stopped] = await cluster.call('GET /nodes/n2/tasks', {typefilter: 'qmstop'})
      expect(stopped).to.include({id: '400', status: 'OK', user: 'root@pam'})
      await pass(60)
      expect(cluster.world.store.of('guests').get(400)!.run).to.equal(undefined)
    })

    it('moves one that is stopped, as it is', async () => {
      await cluster.outcome('POST /nodes/n2/qemu/400/status/stop')
      await pass(40)
      expect(await cluster.outcome('POST /nodes/n2/qemu/400/migrate', {target: 'n3'})).to.equal('task: OK')
      await pass(60)
      expect(await service('vm:400')).to.include({node: 'n3', crm_state: 'stopped'})
      expect(cluster.world.store.of('guests').get(400)).to.include({node: 'n3'}).and.not.have.property('run')
    })

    it('takes local disks along', async () => {
      await cluster.make(['n2 qemu', {vmid: 401, scsi0: 'local:1'}])
      await cluster.outcome('POST /cluster/ha/resources', {sid: 'vm:401'})
      await pass(25)
      expect(await cluster.outcome('POST /nodes/n2/qemu/401/migrate', {target: 'n3', online: 1})).to.equal('task: OK')
      await pass(60)
      expect(await service('vm:401')).to.include({node: 'n3', crm_state: 'started'})
    })

    it('leaves one where it is put, outside of a group that is no must and takes nothing back', async () => {
      const group = {group: 'home', nodes: 'n2:2,n1', nofailback: 1}
      expect(await cluster.outcome('POST /cluster/ha/groups', group)).to.equal('200 null')
      await cluster.outcome('PUT /cluster/ha/resources/vm:400', {group: 'home'})
      expect(await cluster.outcome('POST /nodes/n2/qemu/400/migrate', {target: 'n3', online: 1})).to.equal('task: OK')
      await pass(120)
      expect(await service('vm:400')).to.include({node: 'n3', crm_state: 'started'})
      await cluster.outcome('PUT /cluster/ha/groups/home', {nofailback: 0})
      await pass(60)
      expect(await service('vm:400')).to.include({node: 'n2', crm_state: 'started'})
    })

    it('drops a request to go where it is', async () => {
      const before = await cluster.call('GET /cluster/tasks')
      expect(await cluster.outcome('POST /cluster/ha/resources/vm:400/migrate', {node: 'n2'})).to.equal('200 null')
      await pass(30)
      expect(await service('vm:400')).to.include({status: 'vm:400 (n2, started)'})
      expect(await cluster.call('GET /cluster/tasks')).to.have.length(before.length)
    })

    it('gives up what is no VM', async () => {
      await cluster.make(['n3 lxc', {vmid: 200}])
      expect(await cluster.outcome('POST /cluster/ha/resources', {sid: 'vm:200'})).to.equal('200 null')
      await pass(180)
      expect((await service('vm:200')).crm_state).to.equal('error')
    })

    it('counts as old what the managers of the others said before the quorum was lost', async () => {
      cluster.world.killNode('n1')
      cluster.world.killNode('n3')
      await pass(60)
      const entries: Answer[] = await cluster.call('GET /cluster/ha/status/current', {}, {via: 'n2'})
      const old = entries.filter(({status}) => String(status).includes('old timestamp - dead?'))
      expect(old.map(({id}) => id)).to.include.members(['lrm:n1', 'lrm:n3'])
    })
  })
})
