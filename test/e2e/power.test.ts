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

  it('suspends a VM in memory and on disk, and resumes it', async () => {
    expect((await run('vm', 'suspend', 'db')).result).to.include({status: 'paused', changed: true})
    expect((await run('vm', 'resume', 'db')).result).to.include({status: 'running', changed: true})
    expect((await run('vm', 'reset', 'db')).result).to.include({status: 'running', changed: true})
    expect((await run('vm', 'suspend', 'db', '--disk')).result).to.include({status: 'stopped', changed: true})
    expect((await run('vm', 'start', 'db')).result).to.include({status: 'running', changed: true})
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
