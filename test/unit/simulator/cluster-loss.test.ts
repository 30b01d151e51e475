import {expect} from 'chai'

import {type Cluster, openCluster, type Params} from '../../helpers/cluster-world.js'

import type {Answer} from '../../helpers/api-world.js'

const named = (entries: Answer, node: string): Answer => entries.find((entry: Answer) => entry.node === node)

describe('a cluster of three whose third node loses its power', () => {
  let cluster: Cluster
  beforeEach(async () => {
    cluster = openCluster()
    await cluster.make(
      ['n3 qemu', {vmid: 401, name: 'db', scsi0: 'shared:1'}],
      ['n1 qemu', {vmid: 100, scsi0: 'shared:1'}],
    )
    await cluster.outcome('POST /nodes/n3/qemu/401/status/start')
    await cluster.world.clock.advance(2)
  })
  afterEach(() => cluster.close())

  it('shows less of it as time goes by', async () => {
    const {world, call} = cluster
    world.killNode('n3')
    await world.clock.advance(9)
    const status = (await call('GET /cluster/status')).find(({name}: Answer) => name === 'n3')
    expect(status).to.include({online: 0, ip: '10.99.0.13'})
    expect((await call('GET /cluster/status'))[0].quorate).to.equal(1)
    expect(named(await call('GET /nodes'), 'n3')).to.have.all.keys(
      ...['id', 'level', 'maxcpu', 'maxdisk', 'maxmem', 'node', 'ssl_fingerprint', 'status', 'type'],
    )
    const guest = async () =>
      (await call('GET /cluster/resources', {type: 'vm'})).find(({vmid}: Answer) => vmid === 401)
    const before = await guest()
    expect(before).to.include({status: 'running', name: 'db'})
    const storage = async () =>
      (await call('GET /cluster/resources', {type: 'storage'})).find(({id}: Answer) => id === 'storage/n3/local')
    await world.clock.advance(100)
    expect((await guest()).uptime).to.equal(before.uptime)
    expect((await storage()).status).to.equal('available')
    await world.clock.advance(195)
    expect(await guest()).to.deep.equal({id: 'qemu/401', type: 'qemu', vmid: 401, node: 'n3', status: 'unknown'})
    expect((await storage()).status).to.equal('unknown')
    expect(named(await call('GET /nodes'), 'n3')).to.have.all.keys('id', 'node', 'ssl_fingerprint', 'status', 'type')
  })

  it('refuses at first, then has no route, for every verb; what needs only the asked node is answered', async () => {
    const {world, outcome} = cluster
    world.killNode('n3')
    const verbs = [
      'GET /nodes/n3/qemu',
      'POST /nodes/n3/qemu',
      'POST /nodes/n3/qemu/401/status/start',
      'GET /nodes/n3/tasks',
    ]
    for (const verb of verbs) expect(await outcome(verb), verb).to.equal('595 Connection refused')
    await world.clock.advance(8)
    for (const verb of verbs) expect(await outcome(verb), verb).to.equal('595 No route to host')
    expect(cluster.took()).to.be.within(2.3, 6)
    expect(await outcome('GET /nodes/n3')).to.match(/^200 /)
    expect(await outcome('GET /nodes/n3/rrddata', {timeframe: 'hour'})).to.match(/^200 /)
  })

  it('keeps VMIDs taken, accepts a clone for it, and gives a migration up after some seconds', async () => {
    const {world, outcome} = cluster
    world.killNode('n3', 20)
    expect(await outcome('POST /nodes/n1/qemu', {vmid: 401})).to.equal(
      "500 unable to create VM 401 - VM 401 already exists on node 'n3'",
    )
    expect(await outcome('POST /nodes/n1/qemu/100/clone', {newid: 450, full: 1, target: 'n3'})).to.equal('task: OK')
    expect(world.store.of('guests').get(450)!.node).to.equal('n3')
    const began = world.clock.nowMs()
    expect(await outcome('POST /nodes/n1/qemu/100/migrate', {target: 'n3'})).to.equal('task: migration aborted')
    expect((world.clock.nowMs() - began) / 1000).to.be.within(3, 7)
    const log = cluster.log().join('\n')
    expect(log).to.match(/# \/usr\/bin\/ssh -e none -o 'BatchMode=yes' .*root@10\.99\.0\.13 \/bin\/true/)
    expect(log).to.contain('ssh: connect to host 10.99.0.13 port 22: No route to host')
    expect(log).to.match(/ERROR: migration aborted \(duration 00:00:0\d\): Can't connect to destination address using/)
  })

  it('comes back in steps: heard, answering, with figures; its unfinished clone stays', async () => {
    const {world, call, outcome} = cluster
    const upid = await call('POST /nodes/n3/qemu/401/clone', {newid: 450, full: 1})
    await world.clock.advance(0.5)
    world.killNode('n3')
    await world.clock.advance(400)
    const running = (await call('GET /cluster/tasks')).find((task: Answer) => task.upid === upid)
    expect(running).not.to.have.any.keys('status', 'endtime')
    world.bootNode('n3')
    const online = async () => (await call('GET /cluster/status')).find(({name}: Answer) => name === 'n3').online
    await world.clock.advance(3.9)
    expect(await online()).to.equal(0)
    await world.clock.advance(0.5)
    expect(await online()).to.equal(1)
    expect(await outcome('GET /nodes/n3/status')).to.equal('595 Connection refused')
    expect(named(await call('GET /nodes'), 'n3'))
      .to.include({status: 'unknown'})
      .and.not.have.any.keys('maxmem', 'cpu')
    await world.clock.advance(1)
    expect(await outcome('GET /nodes/n3/status')).to.match(/^200 /)
    const vm = async () => (await call('GET /cluster/resources', {type: 'vm'})).find(({vmid}: Answer) => vmid === 401)
    expect((await vm()).status).to.equal('unknown')
    await world.clock.advance(12)
    expect(await vm()).to.include({status: 'stopped', uptime: 0})
    expect(await call(`GET /nodes/n3/tasks/${upid}/status`)).to.include({
      status: 'stopped',
      exitstatus: 'unexpected status',
    })
    const [ended] = await call('GET /nodes/n3/tasks', {typefilter: 'qmclone'})
    expect(ended.status).to.equal('unexpected status')
    expect(ended.endtime).to.be.at.least(ended.starttime + 400)
    expect(await call('GET /nodes/n3/tasks', {source: 'active'})).to.deep.equal([])
    const log = (await call(`GET /nodes/n3/tasks/${upid}/log`)).map(({t}: Answer) => t)
    expect(log.join('\n')).not.to.contain('TASK')
    expect(await call('GET /nodes/n3/qemu/450/config')).to.include({
      lock: 'clone',
      description: ' qmclone temporary file',
    })
    expect(await outcome('POST /nodes/n3/qemu/450/status/start')).to.equal('task: VM is locked (clone)')
    expect(await outcome('DELETE /nodes/n3/qemu/450')).to.equal('task: VM is locked (clone)')
  })
})

describe('a node that is only half there', () => {
  let cluster: Cluster
  before(async () => {
    cluster = openCluster()
    await cluster.make(['n3 qemu', {vmid: 402}])
  })
  after(() => cluster.close())

  it('refuses at once without its proxy, while lists show it online', async () => {
    const {world, call, outcome} = cluster
    world.store.of('nodes').update('n3', {power: 'refusing'})
    for (const request of ['GET /nodes/n3/status', 'POST /nodes/n3/qemu/402/status/reset', 'GET /nodes/n3/tasks']) {
      expect(await outcome(request)).to.equal('595 Connection refused')
      expect(cluster.took()).to.be.at.most(0.1)
    }

    expect(named(await call('GET /nodes'), 'n3').status).to.equal('online')
    world.store.of('nodes').update('n3', {power: 'on'})
  })

  it('answers what needs no privileges on it without its daemon', async () => {
    const {world, outcome} = cluster
    world.store.of('nodes').update('n3', {daemonDown: true})
    for (const via of ['n1', 'n3']) {
      expect(await outcome('GET /nodes/n3/qemu/402/config', {}, {via})).to.match(/^200 /)
      expect(await outcome('GET /nodes/n3/status', {}, {via})).to.match(/^200 /)
      for (const verb of ['reset', 'start'])
        expect(await outcome(`POST /nodes/n3/qemu/402/status/${verb}`, {}, {via})).to.equal('595 Connection refused')
    }
  })
})

describe('a node without quorum', () => {
  let cluster: Cluster
  before(async () => {
    cluster = openCluster()
    await cluster.make(
      ['n1 qemu', {vmid: 500, scsi0: 'shared:1'}],
      ['n1 qemu', {vmid: 501, scsi0: 'local:1'}],
      ['n1 lxc', {vmid: 211}],
    )
    await cluster.outcome('POST /nodes/n1/qemu/500/status/start')
    await cluster.outcome('POST /cluster/ha/resources', {sid: 'vm:500'})
    await cluster.outcome('POST /cluster/backup', {id: 'job1', schedule: 'mon 03:00', all: 1, storage: 'shared'})
    await cluster.world.clock.advance(30)
    cluster.world.killNode('n3')
    cluster.world.killNode('n2')
    await cluster.world.clock.advance(8.3)
  })
  after(() => cluster.close())

  const NOT_READY = '500 cluster not ready - no quorum?'
  const denied = (file: string) =>
    new RegExp(`unable to open file '/etc/pve/nodes/n1/${file}\\.tmp\\.\\d+' - Permission denied$`)

  it('reads everything but what a migration would need', async () => {
    const {call, outcome} = cluster
    expect((await call('GET /cluster/status'))[0].quorate).to.equal(0)
    const [quorum] = await call('GET /cluster/ha/status/current')
    expect(quorum).to.include({status: "No quorum on node 'n1'!", quorate: 0})
    expect((await call('GET /cluster/ha/status/manager_status')).quorum.quorate).to.equal('')
    for (const path of [
      ...['cluster/resources', 'access/users', 'storage', 'cluster/ha/resources', 'cluster/backup', 'cluster/tasks'],
      ...['nodes/n1/qemu/501/config', 'cluster/nextid', 'cluster/log', 'cluster/config/join', 'nodes/n1/status'],
    ])
      expect(await outcome(`GET /${path}`), path).to.match(/^200 /)
    expect(await outcome('GET /nodes/n1/qemu/501/migrate')).to.equal(NOT_READY)
    expect(named(await call('GET /nodes'), 'n1').status).to.equal('online')
    expect(named(await call('GET /nodes'), 'n2').status).to.equal('offline')
  })

  const refusals: readonly (readonly [string, Params, RegExp | string])[] = [
    ['POST /nodes/n1/qemu', {vmid: 520}, NOT_READY],
    ['POST /nodes/n1/qemu/501/clone', {newid: 521, full: 1}, NOT_READY],
    ['POST /nodes/n1/qemu/501/status/start', {}, NOT_READY],
    ['POST /nodes/n1/qemu/501/migrate', {target: 'n2'}, NOT_READY],
    ['POST /nodes/n1/lxc', {vmid: 522, ostemplate: 'shared:vztmpl/x.tar.gz'}, NOT_READY],
    ['POST /nodes/n1/lxc/211/status/start', {}, NOT_READY],
    ['POST /cluster/ha/resources', {sid: 'vm:501'}, NOT_READY],
    ['POST /cluster/ha/groups', {group: 'g1', nodes: 'n1'}, NOT_READY],
    ['PUT /nodes/n1/qemu/501/config', {memory: 128}, denied('qemu-server/501\\.conf')],
    ['PUT /nodes/n1/lxc/211/config', {memory: 128}, denied('lxc/211\\.conf')],
    ['PUT /nodes/n1/config', {description: 'x'}, denied('config')],
    ['POST /nodes/n1/qemu/501/config', {memory: 128}, denied('qemu-server/501\\.conf')],
    ['POST /nodes/n1/qemu/501/template', {}, denied('qemu-server/501\\.conf')],
    ['DELETE /nodes/n1/qemu/501', {}, denied('qemu-server/501\\.conf')],
  ]
  for (const [request, params, expected] of refusals)
    it(`refuses ${request} at once`, async () => {
      const outcome = await cluster.outcome(request, params)
      expect(cluster.took()).to.be.at.most(0.2)
      if (typeof expected === 'string') expect(outcome).to.equal(expected)
      else expect(outcome).to.match(expected)
    })

  const locks: readonly (readonly [string, Params, string, string?])[] = [
    ['POST /access/users', {userid: 'x@pve'}, "create user failed: cfs-lock 'file-user_cfg'"],
    [
      'PUT /access/acl',
      {path: '/', roles: 'PVEAdmin', users: 'root@pam'},
      "ACL update failed: cfs-lock 'file-user_cfg'",
    ],
    [
      'PUT /access/password',
      {userid: 'viewer@pve', password: 'abcdefgh'},
      "cfs-lock 'file-priv_shadow_cfg'",
      'root@pam',
    ],
    ['POST /pools', {poolid: 'p'}, "create pool failed: cfs-lock 'file-user_cfg'"],
    ['POST /access/roles', {roleid: 'r'}, "create role failed: cfs-lock 'file-user_cfg'"],
    [
      'POST /storage',
      {storage: 'new', type: 'dir', path: '/srv/new'},
      "create storage failed: cfs-lock 'file-storage_cfg'",
    ],
    ['PUT /storage/local', {content: 'iso'}, "update storage failed: cfs-lock 'file-storage_cfg'"],
    ['DELETE /storage/local2', {}, "delete storage failed: cfs-lock 'file-storage_cfg'"],
    ['POST /cluster/backup', {schedule: 'mon 03:00', all: 1}, "cfs-lock 'file-jobs_cfg'"],
    ['DELETE /cluster/backup/job1', {}, "cfs-lock 'file-vzdump_cron'"],
    ['PUT /cluster/options', {keyboard: 'de'}, "cfs-lock 'file-datacenter_cfg'"],
    ['POST /cluster/ha/resources/vm:500/migrate', {node: 'n2'}, "cfs-lock 'domain-ha'"],
    ['PUT /cluster/firewall/options', {enable: 1}, "cfs-lock 'firewall-cluster'"],
    ['POST /nodes/n1/qemu/500/firewall/rules', {type: 'in', action: 'DROP'}, "cfs-lock 'firewall-vm-500'"],
    [
      'POST /cluster/metrics/server/m1',
      {type: 'graphite', server: '192.0.2.1', port: 2003},
      "cfs-lock 'file-status_cfg'",
    ],
  ]
  for (const [request, params, text, user] of locks)
    it(`refuses ${request} after nine seconds`, async () => {
      const outcome = await cluster.outcome(request, params, user === undefined ? {} : {user})
      expect(outcome).to.equal(`500 ${text} error: no quorum!`)
      expect(cluster.took()).to.be.within(8.9, 9.3)
    })

  it('says so of wrong parameters first', async () => {
    expect(await cluster.outcome('PUT /cluster/options', {keyboard: 'xx'})).to.match(/^400 /)
    expect(cluster.took()).to.be.at.most(0.1)
  })

  it('fails in the midst of what it began', async () => {
    const {world, outcome} = cluster
    const sizes = () => [...world.store.of('volumes').values()].find(({vmid}) => vmid === 501)!.size
    const before = sizes()
    expect(await outcome('PUT /nodes/n1/qemu/501/resize', {disk: 'scsi0', size: '+1G'})).to.match(
      denied('qemu-server/501\\.conf'),
    )
    expect(cluster.log()).to.include('Image resized.')
    expect(sizes()).to.equal(before + 1024 ** 3)
    expect((await cluster.call('GET /nodes/n1/qemu/501/config')).scsi0).to.contain('size=1G')
    expect(await outcome('DELETE /nodes/n1/lxc/211')).to.equal("task: cfs-lock 'storage-shared' error: no quorum!")
    expect(cluster.log().filter((line) => line.includes("acquire cfs lock 'storage-shared'"))).to.have.length(9)
    expect(await outcome('POST /nodes/n1/vzdump', {vmid: 500, storage: 'shared'})).to.equal('task: job errors')
    expect(cluster.log().join('\n')).to.match(/Backup of VM 500 failed - unable to open file .*500\.conf\.tmp\.\d+/)
  })

  it('still lets guests be stopped, and changes what is its own', async () => {
    const {outcome} = cluster
    cluster.world.store.of('haResources').delete('vm:500')
    for (const verb of ['suspend', 'resume', 'reset'])
      expect(await outcome(`POST /nodes/n1/qemu/500/status/${verb}`)).to.match(/^task: OK$|^200 /)
    expect(await outcome('POST /nodes/n1/qemu/500/status/stop')).to.equal('task: OK')
    expect(await outcome('POST /nodes/n1/qemu/500/status/start')).to.equal(NOT_READY)
    expect(await outcome('POST /nodes/n1/network', {iface: 'vmbr9', type: 'bridge'})).to.match(/^200 /)
    expect(await outcome('PUT /nodes/n1/dns', {search: 'test.local', dns1: '192.0.2.53'})).to.match(/^200 /)
    const ticket = await outcome('POST /access/ticket', {username: 'viewer@pve', password: 'viewerpw123'}, {user: ''})
    expect(ticket).to.match(/^200 /)
  })
})

describe('highly available guests of a cluster of three', () => {
  let cluster: Cluster
  beforeEach(async () => {
    cluster = openCluster()
    await cluster.make(['n2 qemu', {vmid: 400, scsi0: 'shared:1'}], ['n3 lxc', {vmid: 200}])
  })
  afterEach(() => cluster.close())

  const add = (params: Params = {}) => cluster.outcome('POST /cluster/ha/resources', {sid: 'vm:400', ...params})
  const service = async () =>
    (await cluster.call('GET /cluster/ha/status/current')).find(({sid}: Answer) => sid === 'vm:400')

  it('are checked when they are added, their groups and kinds are not', async () => {
    const {call, outcome} = cluster
    expect(await outcome('POST /cluster/ha/groups', {group: 'g12', nodes: 'n1,n9'})).to.equal('200 null')
    expect(await outcome('POST /cluster/ha/groups', {group: 'g12', nodes: 'n1'})).to.equal(
      "500 create ha group failed: ha group ID 'g12' already defined",
    )
    expect(await add({group: 'nope'})).to.equal('200 null')
    const [listed] = await call('GET /cluster/ha/resources')
    expect(listed.errors).to.deep.equal({group: "group 'nope' does not exist"})
    expect(await add()).to.equal("500 create resource failed: resource ID 'vm:400' already defined")
    expect(await add({sid: 'vm:999'})).to.equal("500 resource 'vm:999' does not exist in cluster")
    expect(await add({sid: 'vm:200'})).to.equal('200 null')
    await outcome('PUT /cluster/ha/resources/vm:400', {group: 'g12'})
    expect(await outcome('DELETE /cluster/ha/groups/g12')).to.equal(
      "500 delete ha group failed: ha group is used by service 'vm:400'",
    )
    expect(await outcome('DELETE /nodes/n2/qemu/400')).to.equal(
      '500 unable to remove VM 400 - used in HA resources and purge parameter not set.',
    )
  })

  it('start, stop and move some time after the task that asked for it', async () => {
    const {world, outcome} = cluster
    const isRunning = () => world.store.of('guests').get(400)!.run !== undefined
    await add()
    expect((await service()).status).to.equal('vm:400 (n2, queued)')
    expect(await service()).not.to.have.property('crm_state')
    await world.clock.advance(15)
    expect(isRunning()).to.equal(true)
    await world.clock.advance(5)
    expect(await service()).to.include({status: 'vm:400 (n2, started)', crm_state: 'started'})
    expect(await outcome('POST /nodes/n2/qemu/400/migrate', {target: 'n3'})).to.equal(
      "500 can't migrate running VM without --online",
    )

    expect(await outcome('POST /nodes/n2/qemu/400/migrate', {target: 'n3', online: 1})).to.equal('task: OK')
    expect(cluster.log()[0]).to.equal('Requesting HA migration for VM 400 to node n3')
    expect(world.store.of('guests').get(400)!.node).to.equal('n2')
    await world.clock.advance(30)
    expect(world.store.of('guests').get(400)!.node).to.equal('n3')
    const [move] = await cluster.call('GET /nodes/n2/tasks', {typefilter: 'qmigrate'})
    expect(move).to.include({user: 'root@pam', status: 'OK'})
    expect(world.tasks.log(move.upid)![0]).to.contain('task started by HA resource agent')

    expect(await outcome('POST /nodes/n3/qemu/400/status/stop')).to.equal('task: OK')
    expect(cluster.log()[0]).to.equal('Requesting HA stop for VM 400')
    expect(isRunning()).to.equal(true)
    await world.clock.advance(20)
    expect(isRunning()).to.equal(false)
    expect(await service()).to.include({request_state: 'stopped', crm_state: 'stopped'})
    expect(await outcome('POST /nodes/n3/qemu/400/status/start')).to.equal('task: OK')
    expect(cluster.log()[0]).to.equal('Requesting HA start for VM 400')
    await world.clock.advance(20)
    expect(isRunning()).to.equal(true)
  })

  it('go where they are told, and back into a restricted group on their own', async () => {
    const {world, outcome} = cluster
    await outcome('POST /cluster/ha/groups', {group: 'g12', nodes: 'n1,n2', restricted: 1})
    await add({group: 'g12'})
    await world.clock.advance(25)
    const order = (node: string) => outcome('POST /cluster/ha/resources/vm:400/migrate', {node})
    expect(await order('n2')).to.equal('200 null')
    expect(await order('n3')).to.equal('200 null')
    const visited = new Set<string>()
    for (let turn = 0; turn < 70; turn++) {
      await world.clock.advance(1)
      visited.add(world.store.of('guests').get(400)!.node)
    }

    expect([...visited]).to.include('n3')
    expect(world.store.of('guests').get(400)!.node).to.be.oneOf(['n1', 'n2'])
  })

  it('are recovered from a dead node two minutes later; others stay', async () => {
    const {world, call} = cluster
    await add()
    await world.clock.advance(25)
    world.killNode('n2')
    await world.clock.advance(40)
    const lrm = (await call('GET /cluster/ha/status/current')).find(({id}: Answer) => id === 'lrm:n2')
    expect(lrm.status).to.match(/^n2 \(old timestamp - dead\?, /)
    const hastate = async () => named(await call('GET /cluster/resources', {type: 'node'}), 'n2').hastate
    expect(await hastate()).to.equal('unknown')
    await world.clock.advance(35)
    expect(await hastate()).to.equal('fence')
    expect((await service()).status).to.equal('vm:400 (n2, fence)')
    await world.clock.advance(70)
    expect(await hastate()).to.equal('unknown')
    expect((await service()).status).to.match(/^vm:400 \((n1|n3), started\)$/)
    expect(world.store.of('guests').get(400)!.run).not.to.equal(undefined)
  })
})
