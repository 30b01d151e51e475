import {expect} from 'chai'

import {type Cluster, openCluster, type Params} from '../../helpers/cluster-world.js'

const ROOT = {user: 'root@pam'}

/** A log without its time stamps. */
const plain = (lines: readonly string[]) => lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ''))

describe('a VM on its way to another node', () => {
  let cluster: Cluster
  beforeEach(() => {
    cluster = openCluster()
  })
  afterEach(() => cluster.close())

  const seconds = () => cluster.world.clock.nowMs() / 1000
  const pass = (span: number) => cluster.world.clock.advance(span)
  const listed = async (via = 'n2', vmid = 100) => {
    const entries = await cluster.call('GET /cluster/resources', {type: 'vm'}, {via})
    return entries.find((entry: {vmid: number}) => entry.vmid === vmid)
  }

  const runningVm = async (params: Params = {}, vmid = 100) => {
    await cluster.make(['n1 qemu', {vmid, scsi0: 'shared:1', ...params}])
    expect(await cluster.outcome(`POST /nodes/n1/qemu/${vmid}/status/start`)).to.equal('task: OK')
  }

  const begin = (target: string, params: Params = {}, vmid = 100, from = 'n1'): Promise<string> =>
    cluster.call(`POST /nodes/${from}/qemu/${vmid}/migrate`, {target, online: 1, ...params}, ROOT)
  const status = (upid: string) => cluster.world.tasks.get(upid)!.status
  const log = (upid: string) => plain(cluster.world.tasks.log(upid) ?? [])

  /** Migrates, and tells in tenths of a second what was seen: what QEMU and the lists said on the way. */
  async function watch(from: string, target: string) {
    const upid = await begin(target, {}, 100, from)
    const began = seconds()
    const seen: {at: number; node: string; status: string; uptime: number; lock?: string; qmp?: string}[] = []
    for (let turn = 0; turn < 250; turn++) {
      const {node, status: state, uptime, lock} = await listed()
      const own = node === from ? await cluster.call(`GET /nodes/${node}/qemu/100/status/current`) : undefined
      seen.push({at: seconds() - began, node, status: state, uptime, lock, qmp: own?.qmpstatus})
      if (own) expect(own.status).to.equal('running')
      await pass(0.1)
    }

    expect(status(upid)).to.equal('OK')
    return seen
  }

  /** Waits for a moment from which the nodes send their figures in so many seconds. */
  async function waitForRoundIn(span: number) {
    const next = cluster.world.figuresSentAt(cluster.world.node('n1')) / 1000 + 20
    await pass(next - span - seconds())
  }

  describe('in the lists of the cluster', () => {
    /** When, after its begin, the memory of a migration is over and its configuration moves. */
    async function handover() {
      await runningVm()
      const seen = await watch('n1', 'n2')
      const over = seen.find(({qmp}) => qmp === 'postmigrate')!
      const moved = seen.find(({node}) => node === 'n2')!
      expect(moved.at - over.at).to.be.within(0.3, 1.5)
      return {over: over.at, moved: moved.at}
    }

    it('is in postmigrate if the source says so in between, until the target speaks of it', async () => {
      const {over, moved} = await handover()
      await waitForRoundIn((over + moved) / 2)
      const seen = await watch('n2', 'n1')
      const leaks = seen.filter((entry) => entry.status === 'postmigrate')
      const runs = [...new Set(leaks.map(({node, lock}) => `${node} ${lock}`))]
      expect(runs).to.deep.equal(['n2 migrate', 'n1 migrate', 'n1 undefined'])
      expect(leaks.at(-1)!.at - leaks[0]!.at).to.be.within(9, 10.1)
      expect(seen[0]).to.include({status: 'running', node: 'n2'})
      const last = leaks.at(-1)!
      const next = seen[seen.indexOf(last) + 1]!
      expect(next).to.include({status: 'running', node: 'n1'})
      // the process there is younger than the one the old node last told about
      expect(next.uptime).to.be.below(last.uptime)
    })

    it('just runs if the source had nothing to say in between, with its old figures until the target speaks', async () => {
      const {over} = await handover()
      await waitForRoundIn(over - 1)
      const seen = await watch('n2', 'n1')
      expect(seen.filter((entry) => entry.status !== 'running')).to.deep.equal([])
      const arrived = seen.filter(({node}) => node === 'n1')
      expect(arrived[0]!.uptime).to.be.greaterThan(arrived.at(-1)!.uptime)
      expect(new Set(arrived.filter(({at}) => at < over + 8).map(({uptime}) => uptime)).size).to.equal(1)
    })

    it('keeps the last word of the source when the target dies first', async () => {
      const {over, moved} = await handover()
      await waitForRoundIn((over + moved) / 2)
      await begin('n1', {}, 100, 'n2')
      await pass(moved + 1)
      cluster.world.killNode('n1')
      await pass(60)
      expect(await listed()).to.include({node: 'n1', status: 'postmigrate'})
      await pass(300)
      expect(await listed()).to.include({node: 'n1', status: 'unknown'})
    })

    it('is paused, too, when QEMU says so', async () => {
      await runningVm()
      await cluster.call('POST /nodes/n1/qemu/100/status/suspend')
      await pass(2)
      expect((await listed()).status).to.equal('paused')
      expect((await cluster.call('GET /nodes/n1/qemu'))[0].status).to.equal('running')
    })

    it('runs on where it was when its migration ends in between', async () => {
      const {over} = await handover()
      const upid = await begin('n1', {}, 100, 'n2')
      await pass(over + 0.3)
      expect((await cluster.call('GET /nodes/n2/qemu/100/status/current')).qmpstatus).to.equal('postmigrate')
      await cluster.call(`DELETE /nodes/n2/tasks/${upid}`)
      await pass(2)
      expect(status(upid)).to.equal('migration problems')
      const after = await cluster.call('GET /nodes/n2/qemu/100/status/current')
      expect(after).to.include({qmpstatus: 'running', status: 'running'})
      expect(after).not.to.have.property('lock')
    })
  })

  describe('and changes meanwhile', () => {
    const change = (params: Params = {memory: 128}) => cluster.outcome('PUT /nodes/n1/qemu/100/config', params, ROOT)
    const gone = "500 Configuration file 'nodes/n1/qemu-server/100.conf' does not exist"
    const nowhere = "task: unable to find configuration file for VM 100 on node 'n1'"

    it('let them wait for its end, when it is gone', async () => {
      await runningVm()
      const upid = await begin('n2')
      await pass(1)
      expect((await cluster.call('GET /nodes/n1/qemu/100/config')).lock).to.equal('migrate')
      const began = seconds()
      const requests = [
        change(),
        cluster.outcome('POST /nodes/n1/qemu/100/config', {memory: 128}),
        cluster.outcome('POST /nodes/n1/qemu/100/status/stop'),
      ]
      const outcomes = await Promise.all(requests)
      expect(seconds() - began).to.be.within(5, 10)
      expect(status(upid)).to.equal('OK')
      expect(outcomes).to.deep.equal([gone, gone, nowhere])
      expect(await cluster.outcome('POST /nodes/n1/qemu/100/status/stop')).to.equal(nowhere)
      expect(await cluster.outcome('POST /nodes/n2/qemu/100/status/start')).to.equal('task: VM 100 already running')
      expect((await cluster.call('GET /nodes/n2/qemu/100/config')).memory).to.equal('64')
    })

    it('give up after ten seconds', async () => {
      await runningVm({scsi0: 'local:8'})
      await begin('n2', {'with-local-disks': 1})
      await pass(1)
      expect(await change()).to.equal("500 can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout")
      expect(cluster.took()).to.be.within(9.9, 10.2)
    })

    it('check their parameters before they wait', async () => {
      await runningVm()
      await begin('n2')
      await pass(1)
      expect(await change({memory: 'x'})).to.match(/^400 Parameter verification failed/)
      expect(cluster.took()).to.be.below(0.2)
    })

    it('are refused at once when nobody migrates, but the configuration says so', async () => {
      await runningVm()
      await change({lock: 'migrate'})
      expect(await change()).to.equal('500 VM is locked (migrate)')
      expect(cluster.took()).to.be.below(0.2)
    })

    it('wait for a container, too', async () => {
      await cluster.make(['n1 lxc', {vmid: 200, rootfs: 'local:1'}])
      await cluster.call('POST /nodes/n1/lxc/200/migrate', {target: 'n2'})
      await pass(0.4)
      const outcome = await cluster.outcome('PUT /nodes/n1/lxc/200/config', {memory: 128})
      expect(outcome).to.equal("500 Configuration file 'nodes/n1/lxc/200.conf' does not exist")
      expect(cluster.took()).to.be.greaterThan(0.3)
    })
  })

  describe('without a tunnel', () => {
    const run = async (params: Params = {}, vmid = 100) => {
      const upid = await begin('n3', params, vmid)
      await pass(60)
      expect(status(upid)).to.equal('OK')
      return log(upid)
    }

    const INSECURE = {migration_type: 'insecure'}

    it('sends its memory to a port of the target, when root asks for that', async () => {
      await runningVm()
      const lines = await run(INSECURE)
      expect(lines).to.include.members([
        'start remote tunnel',
        'ssh tunnel ver 1',
        'starting online/live migration on tcp:10.99.0.13:60000',
        'start migrate command to tcp:10.99.0.13:60000',
      ])
      expect(lines.join('\n')).not.to.contain('unix:')
    })

    it('does so by default where the datacenter says so, and not where the call says otherwise', async () => {
      const memory = (lines: readonly string[]) =>
        lines
          .find((line) => line.startsWith('starting online/live'))!
          .split(' ')
          .at(-1)
      for (const [vmid, options, params, expected] of [
        [101, {migration: 'insecure'}, {}, 'tcp:10.99.0.13:60000'],
        [102, {migration: 'type=insecure'}, {}, 'tcp:10.99.0.13:60000'],
        [103, {migration: 'insecure'}, {migration_type: 'secure'}, 'unix:/run/qemu-server/103.migrate'],
        [104, {migration: 'secure'}, {}, 'unix:/run/qemu-server/104.migrate'],
        [105, {migration: 'secure'}, INSECURE, 'tcp:10.99.0.13:60000'],
        [106, {migration_unsecure: 1, delete: 'migration'}, {}, 'tcp:10.99.0.13:60000'],
      ] as const) {
        await cluster.call('PUT /cluster/options', options)
        await runningVm({}, vmid)
        expect(memory(await run(params, vmid)), JSON.stringify([options, params])).to.equal(expected)
      }
    })

    it('takes ports nobody else takes, one more for its disks', async () => {
      await runningVm({scsi0: 'local:1'}, 100)
      await runningVm({}, 101)
      const first = await begin('n3', {...INSECURE, 'with-local-disks': 1}, 100)
      await pass(1)
      const second = await begin('n3', INSECURE, 101)
      await pass(60)
      expect(log(first)).to.include.members([
        'scsi0: start migration to nbd:10.99.0.13:60001:exportname=drive-scsi0',
        'start migrate command to tcp:10.99.0.13:60000',
      ])
      expect(log(second)).to.include('start migrate command to tcp:10.99.0.13:60002')
      await runningVm({}, 102)
      expect(await run(INSECURE, 102)).to.include('start migrate command to tcp:10.99.0.13:60000')
    })
  })
})
