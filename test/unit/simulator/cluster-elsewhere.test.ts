import {expect} from 'chai'

import {type Asked, type Cluster, openCluster, type Params} from '../../helpers/cluster-world.js'

const noVm = "Configuration file 'nodes/n1/qemu-server/100.conf' does not exist"
const noCt = "Configuration file 'nodes/n1/lxc/200.conf' does not exist"
const noFile = "unable to find configuration file for VM 100 on node 'n1'"
const noName = (name: string) =>
  `500 hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`
const CERTIFICATE = '596 error:0A000086:SSL routines::certificate verify failed'

type Row = readonly [request: string, params: Params, expected: RegExp | string, asked?: Asked]

function check(cluster: () => Cluster, rows: readonly Row[]): void {
  for (const [request, params, expected, asked] of rows)
    it(`${request} ${JSON.stringify(params)}${asked ? ` ${JSON.stringify(asked)}` : ''}`, async () => {
      const outcome = await cluster().outcome(request, params, asked)
      if (typeof expected === 'string') expect(outcome).to.equal(expected)
      else expect(outcome).to.match(expected)
    })
}

describe('a cluster of three, asked', () => {
  let cluster: Cluster
  before(async () => {
    cluster = openCluster()
    await cluster.make(
      ['n2 qemu', {vmid: 100, name: 'web', scsi0: 'shared:1'}],
      ['n1 qemu', {vmid: 101, name: 'db', scsi0: 'local:1'}],
      ['n3 lxc', {vmid: 200, rootfs: 'shared:1'}],
      ['n1 lxc', {vmid: 201, rootfs: 'local:1'}],
    )
  })
  after(() => cluster.close())

  it('lists the cluster and its nodes alike on each node but for `local`', async () => {
    for (const via of ['n1', 'n2', 'n3']) {
      const [first, ...nodes] = await cluster.call('GET /cluster/status', {}, {via})
      expect(first).to.include({type: 'cluster', id: 'cluster', nodes: 3, quorate: 1})
      expect(nodes).to.have.length(3)
      for (const node of nodes) expect(node).to.include({online: 1, local: node.name === via ? 1 : 0, level: ''})
    }
  })

  it('lists storages once per node that has them, and a network zone per node', async () => {
    const ids = (await cluster.call('GET /cluster/resources')).map(({id}: {id: string}) => id)
    expect(ids).to.include.members(['storage/n1/shared', 'storage/n2/shared', 'storage/n3/shared', 'storage/n1/local2'])
    expect(ids).to.include.members(['storage/n2/local2', 'sdn/n1/localnetwork', 'sdn/n3/localnetwork'])
    expect(ids).not.to.include('storage/n3/local2')
  })

  it('says who is in the cluster in texts', async () => {
    const nodes = await cluster.call('GET /cluster/config/nodes')
    expect(nodes.find(({name}: {name: string}) => name === 'n1')).to.deep.include({
      node: 'n1',
      nodeid: '1',
      quorum_votes: '1',
      ring0_addr: '10.99.0.11',
    })
    const join = await cluster.call('GET /cluster/config/join', {}, {via: 'n2'})
    expect(join.preferred_node).to.equal('n2')
    expect(join.totem.interface).to.deep.equal({0: {linknumber: '0'}})
    expect(join.nodelist[0]).to.include.keys('pve_addr', 'pve_fp')
    expect(await cluster.call('GET /cluster/config/apiversion')).to.equal('1')
    expect(await cluster.call('GET /cluster/config/qdevice')).to.deep.equal({})
    expect(await cluster.call('GET /cluster/config/totem')).to.include.keys('interface', 'config_version')
  })

  it('has no HA manager to show before there is a resource', async () => {
    expect(await cluster.call('GET /cluster/ha/status/current', {}, {via: 'n2'})).to.deep.equal([
      {id: 'quorum', type: 'quorum', status: 'OK', quorate: 1, node: 'n2'},
    ])
    const status = await cluster.call('GET /cluster/ha/status/manager_status')
    expect(status.manager_status).to.deep.equal({node_status: {}})
  })

  it('shows a storage a node does not have as not enabled', async () => {
    const off = {active: 0, enabled: 0, total: 0, used: 0, avail: 0}
    expect(await cluster.call('GET /nodes/n3/storage/local2/status')).to.include(off)
    const listed = await cluster.call('GET /nodes/n3/storage')
    expect(listed.find(({storage}: {storage: string}) => storage === 'local2')).to.include({active: 0, enabled: 0})
  })

  it('gives the log of a task of another node as a single line', async () => {
    const upid: string = await cluster.call('POST /nodes/n2/qemu/100/status/stop')
    await cluster.world.clock.advance(5)
    expect(await cluster.call(`GET /nodes/n1/tasks/${upid}/log`)).to.deep.equal({
      n: 1,
      t: 'unable to open file - No such file or directory',
    })
    for (const method of ['GET', 'DELETE'])
      expect(await cluster.outcome(`${method} /nodes/n1/tasks/${upid}${method === 'GET' ? '/status' : ''}`)).to.equal(
        '400 Parameter verification failed. | upid: no such task',
      )
  })

  describe('for nodes', () => {
    check(
      () => cluster,
      [
        ['GET /cluster/config/join', {node: 'n9'}, "500 unknown node 'n9'"],
        ['POST /cluster/config', {clustername: 'x'}, '403 Permission check failed (user != root@pam)'],
        ['GET /nodes/n9', {}, /^200 \[/],
        ['GET /nodes/n9/status', {}, noName('n9')],
        ['POST /nodes/n9/qemu', {vmid: 'x'}, noName('n9')],
        ['GET /nodes/N1/status', {}, CERTIFICATE],
        ['GET /nodes/n1.test.local/status', {}, CERTIFICATE],
        ['GET /nodes/10.99.0.12/status', {}, CERTIFICATE],
        ['GET /nodes/a_b', {}, /^400 .* node: invalid format - value does not look like a valid node name/],
        ['GET /nodes/localhost/qemu', {}, /"vmid":101/],
        ['GET /nodes/n3/storage/local2/content', {}, "500 storage 'local2' is not available on node 'n3'"],
      ],
    )
  })

  describe('for guests on the wrong node', () => {
    const reads = ['config', 'status/current', 'status', 'pending', 'snapshot', 'cloudinit', 'migrate']
    const ctReads = ['config', 'status/current', 'status', 'pending', 'snapshot']
    const at = (verb: string, name: string) => `${verb} /nodes/n1/qemu/100${name}`
    const ct = (verb: string, name: string) => `${verb} /nodes/n1/lxc/200${name}`
    check(
      () => cluster,
      [
        ...reads.map((name): Row => [at('GET', `/${name}`), {}, `500 ${noVm}`]),
        ...ctReads.map((name): Row => [ct('GET', `/${name}`), {}, `500 ${noCt}`]),
        [at('GET', '/feature'), {feature: 'snapshot'}, `500 ${noFile}`],
        ...['', '/agent', '/firewall/options'].map((name): Row => [at('GET', name), {}, /^200 /]),
        [at('GET', '/rrddata'), {timeframe: 'hour'}, /^200 /],
        [at('POST', '/status/start'), {}, `task: ${noVm}`],
        [at('POST', '/status/stop'), {}, `task: ${noFile}`],
        [at('POST', '/status/shutdown'), {}, `task: ${noFile}`],
        ...['suspend', 'reboot', 'reset', 'resume'].map((verb): Row => [
          at('POST', `/status/${verb}`),
          {},
          `500 ${noFile}`,
        ]),
        [at('PUT', '/resize'), {disk: 'scsi0', size: '+1G'}, `task: ${noVm}`],
        [at('PUT', '/config'), {memory: 128}, `500 ${noVm}`],
        [at('POST', '/config'), {memory: 128}, `500 ${noVm}`],
        [at('DELETE', ''), {}, `500 ${noVm}`],
        [at('POST', '/migrate'), {target: 'n3'}, `500 ${noVm}`],
        [at('POST', '/template'), {}, `500 ${noVm}`],
        [at('POST', '/vncproxy'), {}, `500 ${noVm}`],
        [at('POST', '/move_disk'), {disk: 'scsi0', storage: 'local'}, `500 ${noVm}`],
        [at('PUT', '/unlink'), {idlist: 'unused0'}, `500 ${noVm}`],
        [at('POST', '/clone'), {newid: 150}, `500 ${noFile}`],
        [at('POST', '/snapshot'), {snapname: 'aa'}, `500 ${noVm}`],
        [at('POST', '/snapshot'), {snapname: 'a'}, /^400 .*snapname: invalid format - invalid configuration ID 'a'/],
        [at('POST', '/snapshot/aa/rollback'), {}, `task: ${noVm}`],
        [at('POST', '/firewall/rules'), {type: 'in', action: 'ACCEPT'}, '200 null'],
        [ct('POST', '/status/start'), {}, `task: ${noCt}`],
        [ct('POST', '/status/stop'), {}, '500 CT 200 not running'],
        [ct('POST', '/status/shutdown'), {}, '500 CT 200 not running'],
        [ct('POST', '/status/reboot'), {}, '500 VM 200 not running'],
        [ct('PUT', '/resize'), {disk: 'rootfs', size: '+1G'}, /nodes\/n1\/lxc\/200\.conf' does not exist/],
        [ct('POST', '/snapshot'), {snapname: 'aa'}, `task: ${noCt}`],
        [ct('PUT', '/config'), {memory: 128}, `500 ${noCt}`],
        [ct('DELETE', ''), {}, `500 ${noCt}`],
        [ct('POST', '/clone'), {newid: 250}, `500 ${noCt}`],
        [ct('POST', '/migrate'), {target: 'n3'}, `500 ${noCt}`],
        [ct('GET', '/interfaces'), {}, '200 null'],
      ],
    )
  })

  describe('to make or clone guests', () => {
    const clone = (name: string) => `POST /nodes/${name}/clone`
    check(
      () => cluster,
      [
        [
          'POST /nodes/n3/qemu',
          {vmid: 102, scsi0: 'local2:1'},
          "task: unable to create VM 102 - storage 'local2' is not available on node 'n3'",
        ],
        ['POST /nodes/n2/qemu', {vmid: 101}, "500 unable to create VM 101 - VM 101 already exists on node 'n1'"],
        ['POST /nodes/n1/qemu', {vmid: 200}, "500 unable to create VM 200 - CT 200 already exists on node 'n3'"],
        [
          'POST /nodes/n2/lxc',
          {vmid: 101, ostemplate: 'shared:vztmpl/x.tar.gz'},
          "500 VM 101 already exists on node 'n1'",
        ],
        ['GET /cluster/nextid', {vmid: 101}, '400 Parameter verification failed. | vmid: VM 101 already exists'],
        ...['n1', 'n2', 'n3'].map((via): Row => ['GET /cluster/nextid', {}, '200 "102"', {via}]),
        [
          clone('n1/qemu/101'),
          {newid: 150, target: 'n2', full: 1},
          "500 can't clone VM to node 'n2' (VM uses local storage)",
        ],
        [
          clone('n1/qemu/101'),
          {newid: 150, target: 'n2', full: 1, storage: 'shared'},
          "500 can't clone VM to node 'n2' (VM uses local storage)",
        ],
        [
          clone('n1/lxc/201'),
          {newid: 150, target: 'n2', full: 1},
          "500 can't clone CT to node 'n2' (CT uses local storage)",
        ],
        [clone('n1/lxc/201'), {newid: 150, target: 'n2', full: 1, storage: 'shared'}, 'task: OK'],
        [
          clone('n2/qemu/100'),
          {newid: 151, target: 'n1', full: 1, storage: 'local'},
          "500 can't clone to non-shared storage 'local'",
        ],
        [
          clone('n2/qemu/100'),
          {newid: 151, target: 'n3', full: 1, storage: 'local2'},
          "500 storage 'local2' is not available on node 'n3'",
        ],
        [clone('n2/qemu/100'), {newid: 151, target: 'n9', full: 1}, "500 no such cluster node 'n9'"],
        [clone('n2/qemu/100'), {newid: 151, target: 'n2', full: 1}, 'task: OK'],
        [
          clone('n2/qemu/100'),
          {newid: 101, full: 1},
          "task: close (rename) atomic file '/etc/pve/nodes/n2/qemu-server/101.conf' failed: File exists",
        ],
        [clone('n3/lxc/200'), {newid: 101, full: 1}, "500 VM 101 already exists on node 'n1'"],
      ],
    )

    it('shows a clone for another node there, made by a task of the source', async () => {
      await cluster.outcome('POST /nodes/n2/qemu/100/clone', {newid: 160, target: 'n3', full: 1})
      expect(cluster.world.store.of('guests').get(160)!.node).to.equal('n3')
      const [task] = await cluster.call('GET /nodes/n2/tasks', {typefilter: 'qmclone', vmid: 100})
      expect(task).to.include({node: 'n2', id: '100', status: 'OK'})
    })

    it('gives a VMID wanted on two nodes at once to one of them', async () => {
      const wanted = ['n1', 'n2'].map((node) =>
        cluster.outcome(`POST /nodes/${node}/qemu`, {vmid: 300, memory: 64}, {via: node}),
      )
      const [won, lost] = (await Promise.all(wanted)).sort().reverse()
      expect(won).to.equal('task: OK')
      expect(lost).to.match(
        /^500 unable to create VM 300 - (?:VM 300 already exists on node|close \(rename\) atomic file)/,
      )
      const clones = await Promise.all(
        ['n2/qemu/100', 'n1/qemu/101'].map((guest) => cluster.outcome(clone(guest), {newid: 340, full: 1})),
      )
      const [winner, loser] = clones.sort()
      expect(winner).to.equal('task: OK')
      expect(loser).to.match(
        /^task: close \(rename\) atomic file '\/etc\/pve\/nodes\/n\d\/qemu-server\/340\.conf' failed: File exists$/,
      )
    })

    it('starts a VM once, whoever else wants to', async () => {
      const starts = await Promise.all(
        ['n1', 'n3'].map((via) => cluster.outcome('POST /nodes/n2/qemu/100/status/start', {}, {via})),
      )
      expect(starts.sort()).to.deep.equal(['task: OK', 'task: VM 100 already running'])
      await cluster.outcome('POST /nodes/n3/lxc/200/status/start')
      expect(await cluster.outcome('POST /nodes/n3/lxc/200/status/start')).to.equal('500 CT 200 already running')
      expect(await cluster.outcome('DELETE /nodes/n2/qemu/100')).to.equal('500 VM 100 is running - destroy failed')
    })
  })
})
