import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

describe('power', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster()
  })

  afterEach(() => cluster.stop())

  const run = async (...argv: string[]) => {
    const {json, exitCode} = await cluster.run(['proxmox', ...argv, '--json'])
    return {exitCode, result: json()}
  }

  for (const [noun, stopped, running] of [
    ['vm', 'scratch', 'db'],
    ['lxc', 'playground', 'dns'],
  ] as const) {
    it(`${noun}: starts and stops, and a state that is reached already is success`, async () => {
      const started = await run(noun, 'start', stopped)
      expect(started.exitCode).to.equal(0)
      expect(started.result).to.include({name: stopped, status: 'running', changed: true})
      expect(started.result.task.outcome).to.equal('ok')
      const again = await run(noun, 'start', stopped)
      expect(again).to.deep.include({exitCode: 0})
      expect(again.result).to.include({status: 'running', changed: false})
      expect(again.result).not.to.have.property('task')
      expect((await run(noun, 'stop', stopped)).result).to.include({status: 'stopped', changed: true})
      expect((await run(noun, 'stop', stopped)).result).to.include({status: 'stopped', changed: false})
    })

    it(`${noun}: shuts down, reboots, and deletes`, async () => {
      expect((await run(noun, 'reboot', running)).result).to.include({status: 'running', changed: true})
      expect((await run(noun, 'shutdown', running)).result).to.include({status: 'stopped', changed: true})
      expect((await run(noun, 'delete', running, '--yes')).result).to.include({status: 'deleted', changed: true})
      expect((await run(noun, 'show', running)).exitCode).to.equal(5)
    })

    it(`${noun}: deletes a running one only with --force`, async () => {
      const refused = await run(noun, 'delete', running, '--yes')
      expect(refused.exitCode).to.equal(6)
      expect(refused.result.error.hint).to.contain('--force')
      expect((await run(noun, 'delete', running, '--yes', '--force')).exitCode).to.equal(0)
    })

    it(`${noun}: works on a selection, and says what became of each`, async () => {
      const {exitCode, result} = await run(noun, 'stop', '--all', '--yes')
      expect(exitCode).to.equal(0)
      expect(result.summary.failed).to.equal(0)
      expect(result.summary.ok).to.equal(result.results.length)
      const states = (await run(noun, 'list', '-l', 'template=false')).result
      expect(new Set(states.map(({status}: {status: string}) => status))).to.deep.equal(new Set(['stopped']))
    })
  }

  it('exits 9 when some of several failed, and names each', async () => {
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(103, {config: {...guests.get(103)!.config, lock: 'backup'}})
    const {exitCode, result} = await run('vm', 'start', 'scratch', 'db')
    expect(exitCode).to.equal(9)
    expect(result.summary).to.deep.equal({ok: 1, failed: 1})
    expect(result.results[0]).to.deep.include({target: 'scratch', ok: false})
    expect(result.results[0].error.code).to.equal('locked')
    expect(result.results[1]).to.include({target: 'db', ok: true, changed: false})
  })

  it('asks before it stops a selection, and plans without changing anything', async () => {
    const unanswered = await run('vm', 'stop', '-l', 'status=running')
    expect(unanswered.exitCode).to.equal(2)
    const planned = await run('vm', 'stop', '-l', 'status=running', '--dry-run')
    expect(planned.exitCode).to.equal(0)
    expect(planned.result.map(({name}: {name: string}) => name)).to.deep.equal(['db', 'git', 'ci'])
    expect(cluster.requests.some(({method}) => method !== 'GET')).to.equal(false)
  })

  it('plans what is so already as such, and refuses in a plan what it refuses otherwise', async () => {
    const {result} = await run('vm', 'start', 'db', 'scratch', '--dry-run')
    expect(result[0]).to.include({dryRun: true, name: 'db', status: 'running', changed: false})
    expect(result[1]).to.include({dryRun: true, name: 'scratch', status: 'stopped', changed: true})
    const {stdout} = await cluster.run(['proxmox', 'vm', 'start', 'db', 'scratch', '--dry-run'])
    expect(stdout).to.equal('db (VM 100) on pve1 is running already\nwould start scratch (VM 103) on pve2 (stopped)\n')
    expect((await run('vm', 'reboot', 'db', '--dry-run')).result).to.include({changed: true})
    expect((await run('vm', 'start', '9000', '--dry-run')).exitCode).to.equal(8)
    expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
  })

  it('says that a selection is empty', async () => {
    const {exitCode, stdout, stderr} = await cluster.run(['proxmox', 'vm', 'stop', '-l', 'tag=nobody', '--yes'])
    expect({exitCode, stdout, stderr}).to.deep.equal({exitCode: 0, stdout: '', stderr: 'no VMs found\n'})
    const renamed = await cluster.run(['proxmox', 'vm', 'tag', 'rename', 'nobody', 'else'])
    expect(renamed.stdout + renamed.stderr).to.equal('no VM has the tag nobody\n')
  })

  it('says what goes on when it does not wait for several', async () => {
    const argv = ['proxmox', 'vm', 'stop', 'db', 'git', 'scratch', '--no-wait']
    const {exitCode, stdout, stderr} = await cluster.run(argv)
    expect(exitCode).to.equal(0)
    const [db, git, scratch, summary, ...rest] = stdout.split('\n')
    expect([db, git].every((line) => line?.startsWith('UPID:'))).to.equal(true)
    expect([scratch, summary, ...rest]).to.deep.equal([
      'scratch (VM 103) on pve2 is stopped already',
      '2 asked for and not waited for, 1 stopped or already so, 0 failed',
      '',
    ])
    expect(stderr).to.equal(`what goes on can be waited for with: homelab proxmox task wait ${db} ${git}\n`)
    const {result} = await run('vm', 'start', 'db', 'git', '--no-wait')
    expect(result.summary).to.deep.equal({ok: 2, failed: 0})
  })

  it('says how to go on where nothing runs that could reboot', async () => {
    const stopped = await run('lxc', 'reboot', 'playground')
    expect(stopped.exitCode).to.equal(6)
    expect(stopped.result.error.hint).to.equal('Start it first: homelab proxmox lxc start playground')
  })

  it('plans what nothing that runs would be answered', async () => {
    for (const words of [
      ['vm', 'reboot', 'scratch'],
      ['vm', 'reset', 'scratch'],
      ['vm', 'suspend', 'scratch'],
      ['vm', 'resume', 'scratch'],
      ['lxc', 'reboot', 'playground'],
    ]) {
      const planned = await run(...words, '--dry-run')
      const done = await run(...words)
      const label = words.join(' ')
      expect(planned.exitCode, label).to.equal(6)
      expect(planned.result.error, label).to.include({code: 'conflict', hint: done.result.error.hint})
    }

    const several = await run('vm', 'reboot', 'scratch', 'db', '--dry-run')
    expect(several.exitCode).to.equal(9)
    expect(several.result[0].refused).to.include({code: 'conflict'})
    expect(several.result[1]).to.include({name: 'db', changed: true})
    const {stdout} = await cluster.run(['proxmox', 'vm', 'reboot', 'scratch', 'db', '--dry-run'])
    expect(stdout).to.equal(
      'would not reboot scratch (VM 103): Cannot reboot scratch (VM 103): it is not running\nwould reboot db (VM 100) on pve1 (running)\n',
    )
  })

  it('suspends a VM in memory and on disk, and resumes it', async () => {
    expect((await run('vm', 'suspend', 'db')).result).to.include({status: 'paused', changed: true})
    expect((await run('vm', 'resume', 'db')).result).to.include({status: 'running', changed: true})
    expect((await run('vm', 'reset', 'db')).result).to.include({status: 'running', changed: true})
    expect((await run('vm', 'suspend', 'db', '--disk')).result).to.include({status: 'stopped', changed: true})
    expect((await run('vm', 'start', 'db')).result).to.include({status: 'running', changed: true})
  })
})

describe('power of several guests', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster({pveVersion: '9.2'})
  })

  afterEach(() => cluster.stop())

  const startup = (vmid: number, value: string) => {
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(vmid, {config: {...guests.get(vmid)!.config, startup: value}})
  }
  const posts = () =>
    cluster.requests.flatMap(({method, path}) => (method === 'POST' ? [Number(/\/(\d+)\//.exec(path)![1])] : []))
  const run = async (...argv: string[]) => {
    const {json, exitCode, stderr} = await cluster.run(['proxmox', ...argv, '--yes', '--json'])
    return {exitCode, result: json(), stderr}
  }

  it('stops by descending startup order, and starts by ascending order with the delays between', async () => {
    startup(100, 'order=1,up=1')
    startup(101, 'order=2')
    const plan = (await run('vm', 'stop', '--all', '--dry-run')).result
    expect(plan.map(({vmid, stage}: {vmid: number; stage: number}) => [stage, vmid])).to.deep.equal([
      ...[102, 103].map((vmid) => [1, vmid]),
      [2, 101],
      [3, 100],
    ])
    expect(posts()).to.deep.equal([])
    const order = (await run('vm', 'stop', '--all')).result
    expect(posts()).to.deep.equal([102, 101, 100])
    // What was stopped already needs no request, and the results are in the order of the guests.
    expect(order.results.map(({vmid}: {vmid: number}) => vmid)).to.deep.equal([100, 101, 102, 103])

    cluster.requests.length = 0
    const times: number[] = []
    cluster.meddle = ({method}) => {
      if (method === 'POST') times.push(Date.now())
      return undefined
    }
    const {stderr} = await run('vm', 'start', '--all', '--verbose')
    expect(posts().slice(0, 2)).to.deep.equal([100, 101])
    expect(posts().slice(2).sort()).to.deep.equal([102, 103])
    expect(times[1]! - times[0]!).to.be.at.least(1000)
    expect(stderr)
      .to.contain('startup order 1: 1')
      .and.to.contain('waiting 1s')
      .and.to.contain('without a startup order: 2')
  })

  it('waits for nothing that was running already, and asks no configuration with --no-order or of one', async () => {
    startup(100, 'order=1,up=600')
    expect((await run('vm', 'start', 'db', 'scratch')).result.summary).to.deep.equal({ok: 2, failed: 0})
    const configs = () => cluster.requests.filter(({path}) => path.endsWith('/config')).length
    expect(configs()).to.equal(2)
    await run('vm', 'stop', 'db', 'scratch', '--no-order')
    await run('vm', 'start', 'db')
    expect(configs()).to.equal(2)
  })

  it('begins no later group after a failure with --fail-fast', async () => {
    startup(100, 'order=1')
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(103, {config: {...guests.get(103)!.config, lock: 'backup'}})
    startup(103, 'order=0')
    await run('vm', 'stop', 'db')
    const {exitCode, result} = await run('vm', 'start', 'db', 'scratch', '--fail-fast')
    expect(exitCode).to.equal(9)
    expect(result.summary).to.deep.equal({ok: 0, failed: 1, skipped: 1})
  })

  it('prints what qm and pct would do instead, and does nothing', async () => {
    const {stdout, exitCode} = await cluster.run([
      ...['proxmox', 'vm', 'shutdown', 'db', 'git', '--grace', '90s', '--force', '--print-native'],
    ])
    expect(exitCode).to.equal(0)
    expect(stdout).to.equal(
      '# on pve1\nqm shutdown 100 --timeout 90 --forceStop 1\n# on pve2\nqm shutdown 101 --timeout 90 --forceStop 1\n',
    )
    const native = await run('lxc', 'stop', 'dns', '--print-native')
    expect(native.result).to.deep.equal({commands: [{node: 'pve1', command: 'pct stop 200'}]})
    expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
  })

  it('follows a guest that moves between the look and the call, and says where it is', async () => {
    const guests = cluster.simulator.world.store.of('guests')
    const move = (vmid: number, when: string) => {
      cluster.meddle = ({method, path}) => {
        if (`${method} ${path}` === when) guests.update(vmid, {node: 'pve1'})
        return undefined
      }
    }

    move(101, 'GET /nodes/pve2/qemu/101/status/current')
    expect((await run('vm', 'stop', 'git')).result).to.include({node: 'pve1', status: 'stopped', changed: true})
    move(103, 'POST /nodes/pve2/qemu/103/status/start')
    expect((await run('vm', 'start', 'scratch')).result).to.include({node: 'pve1', status: 'running', changed: true})
    move(201, 'POST /nodes/pve2/lxc/201/status/stop')
    expect((await run('lxc', 'stop', 'proxy')).result).to.include({node: 'pve1', status: 'stopped', changed: true})
  })

  it('takes it for done when somebody else was quicker', async () => {
    const guests = cluster.simulator.world.store.of('guests')
    cluster.meddle = ({method}) => {
      if (method === 'POST') guests.update(200, {run: undefined})
      return undefined
    }
    const {exitCode, result} = await run('lxc', 'stop', 'dns')
    expect(exitCode).to.equal(0)
    expect(result).to.include({status: 'stopped', changed: false})
  })
})

describe('power of a guest under HA', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster({speed: 60})
  })

  afterEach(() => cluster.stop())

  it('waits for the state, not for the task that only queues the wish', async function () {
    this.timeout(40_000)
    const run = async (...argv: string[]) => (await cluster.run(['proxmox', ...argv, '--json'])).json()
    await run('api', 'post', '/cluster/ha/resources', '-d', 'sid=vm:103', '-d', 'state=stopped')
    const started = await run('vm', 'start', 'scratch', '--poll-interval', '100ms')
    expect(started).to.include({status: 'running', changed: true})
    expect(started.task.upid).to.contain(':hastart:')
    expect((await run('api', 'get', '/nodes/pve2/qemu/103/status/current')).status).to.equal('running')
  })
})
