import {expect} from 'chai'
import http from 'node:http'
import type {AddressInfo} from 'node:net'
import os from 'node:os'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

const QUICK = ['--poll-interval', '5ms']

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`wait on Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const guests = () => cluster.simulator.world.store.of('guests')
    const run = async (...argv: string[]) => {
      const {exitCode, json} = await cluster.run(['proxmox', ...argv, '--json'])
      return {exitCode, result: json()}
    }
    /** Calls back at the n-th question about a guest's state, before it is answered. */
    const atQuestion = (vmid: number, n: number, change: () => void) => {
      let asked = 0
      cluster.meddle = ({path}) => {
        if (path.includes(`/${vmid}/status/current`) && ++asked === n) change()
        return undefined
      }
    }
    const start = (node: string, type: string, vmid: number) => {
      const {router, world} = cluster.simulator
      const path = `/nodes/${node}/${type}/${vmid}/status/start`
      void router.handle(world, {method: 'POST', path, params: {}, user: 'root@pam', via: node})
    }

    it('is over at once when it is so', async () => {
      const {exitCode, result} = await run('vm', 'wait', 'db', '--for', 'running', '--for', 'agent', '--for', 'ip4')
      expect(exitCode).to.equal(0)
      expect(result).to.include({vmid: 100, name: 'db', status: 'running', node: 'pve1'})
      expect(result.conditions).to.deep.equal([
        {condition: 'running', met: true, lastSeen: 'running'},
        {condition: 'agent', met: true, lastSeen: 'it answers'},
        {condition: 'ip4', met: true, lastSeen: '10.0.0.101'},
      ])
    })

    it('goes on until somebody has started the VM', async () => {
      atQuestion(103, 3, () => start('pve2', 'qemu', 103))
      const {exitCode, result} = await run('vm', 'wait', 'scratch', '--for', 'running', '--for', 'agent', ...QUICK)
      expect(exitCode).to.equal(0)
      expect(result.conditions.every(({met}: {met: boolean}) => met)).to.equal(true)
      const questions = cluster.requests.filter(({path}) => path.includes('/103/status/current'))
      expect(questions.length).to.be.at.least(4)
      // The inside of a stopped VM is nobody's business.
      const inside = cluster.requests.findIndex(({path}) => path.includes('/103/agent/'))
      expect(cluster.requests.slice(0, inside).filter((request) => questions.includes(request)).length).to.be.at.least(
        3,
      )
    })

    it('waits for the address of a container that starts', async () => {
      atQuestion(202, 2, () => start('pve3', 'lxc', 202))
      const {exitCode, result} = await run('lxc', 'wait', 'playground', '--for', 'ip4', ...QUICK)
      expect(exitCode).to.equal(0)
      expect(result.conditions[0].lastSeen).to.match(/^192\.0\.2\.\d+$/)
    })

    it('says what is missing when the time is up: exit 124', async () => {
      const argv = ['vm', 'wait', 'scratch', '--for', 'running', '--for', 'lock-free', '--timeout', '60ms', ...QUICK]
      const {exitCode, result} = await run(...argv)
      expect(exitCode).to.equal(124)
      expect(result.error.code).to.equal('timeout')
      expect(result.error.message).to.contain('running (last seen: stopped)').and.not.to.contain('lock-free')
      expect(result.error.details.conditions).to.deep.equal([
        {condition: 'running', met: false, lastSeen: 'stopped'},
        {condition: 'lock-free', met: true, lastSeen: 'not locked'},
      ])
    })

    it('waits for a lock to go', async () => {
      const {config} = guests().get(100)!
      guests().update(100, {config: {...config, lock: 'backup'}})
      atQuestion(100, 2, () => guests().update(100, {config}))
      expect((await run('vm', 'wait', 'db', '--for', 'lock-free', ...QUICK)).exitCode).to.equal(0)
    })

    it('can no longer come true once the guest was deleted: exit 10', async () => {
      atQuestion(103, 2, () => guests().delete(103))
      const {exitCode, result} = await run('vm', 'wait', 'scratch', '--for', 'running', ...QUICK)
      expect(exitCode).to.equal(10)
      expect(result.error.code).to.equal('check-failed')
      expect(result.error.details.reason).to.equal('deleted')
      expect((await run('vm', 'wait', 'scratch', '--for', 'running')).exitCode).to.equal(5)
    })

    it('can never come true without an agent: exit 10, without waiting', async () => {
      guests().update(100, {config: {...guests().get(100)!.config, agent: '0'}})
      const {exitCode, result} = await run('vm', 'wait', 'db', '--for', 'agent')
      expect(exitCode).to.equal(10)
      expect(result.error.message).to.contain('not switched on')
    })

    it('goes on after a broken connection and to another node', async () => {
      let asked = 0
      cluster.meddle = ({path}) => {
        if (!path.includes('/101/status/current')) return undefined
        asked += 1
        if (asked === 4) guests().update(101, {node: 'pve1'})
        if (asked === 6) guests().update(101, {run: undefined})
        return asked === 2 || asked === 3 ? {drop: 'before'} : undefined
      }
      const {exitCode, result} = await run('vm', 'wait', 'git', '--for', 'stopped', ...QUICK)
      expect(exitCode).to.equal(0)
      expect(result).to.include({node: 'pve1', status: 'stopped'})
    })

    it('asks cloud-init through the agent', async () => {
      const says = (text: string) => {
        const {behaviour} = guests().get(100)!
        guests().update(100, {
          behaviour: {...behaviour, agent: {exec: {'cloud-init status --long': {'out-data': text}}}},
        })
      }
      says('status: running\n')
      atQuestion(100, 3, () => says('status: done\nextended_status: done\n'))
      expect((await run('vm', 'wait', 'db', '--for', 'cloud-init', ...QUICK)).exitCode).to.equal(0)
      says("status: error\nerrors:\n\t- ('runcmd', RuntimeError('failed'))\n")
      const {exitCode, result} = await run('vm', 'wait', 'db', '--for', 'cloud-init', ...QUICK)
      expect(exitCode).to.equal(10)
      expect(result.error.message).to.contain("('runcmd', RuntimeError('failed'))")
    })

    it('has nothing to wait for where cloud-init is not installed', async () => {
      const {exitCode, result} = await run('vm', 'wait', 'db', '--for', 'cloud-init', ...QUICK)
      expect(exitCode).to.equal(10)
      expect(result.error.message).to.contain('cloud-init is not installed in the guest')
    })

    it('waits for a new VM of a cloud image until it is set up', async () => {
      await run('vm', 'create', 'web', 'ubuntu-22.04', ...QUICK)
      const argv = ['vm', 'start', 'web', '--wait-for', 'cloud-init', '--wait-for', 'ip4', ...QUICK]
      const {exitCode, result} = await run(...argv)
      expect(exitCode).to.equal(0)
      expect(result.conditions[0]).to.deep.equal({condition: 'cloud-init', met: true, lastSeen: 'done'})
    })

    it('explains what containers do not have: exit 8, before anything is sent to them', async () => {
      const {exitCode, result} = await run('lxc', 'wait', 'dns', '--for', 'cloud-init')
      expect(exitCode).to.equal(8)
      expect(result.error.code).to.equal('not-supported')
      expect(cluster.requests.some(({path}) => path.includes('/lxc/200'))).to.equal(false)
    })

    it('is content with any of several conditions', async () => {
      const argv = ['vm', 'wait', 'scratch', '--any', '--for', 'running', '--for', 'stopped']
      const {exitCode, result} = await run(...argv)
      expect(exitCode).to.equal(0)
      expect(result.conditions.map(({met}: {met: boolean}) => met)).to.deep.equal([false, true])
    })

    it('waits for several guests at the same time, and says what came of each', async () => {
      const argv = ['vm', 'wait', 'scratch', 'db', 'git', '--for', 'running', '--timeout', '60ms', ...QUICK]
      const {exitCode, result} = await run(...argv)
      expect(exitCode).to.equal(9)
      expect(result.summary).to.deep.equal({ok: 2, failed: 1})
      expect(result.results[0]).to.deep.include({target: 'scratch', ok: false})
      expect(result.results[0].error.exitCode).to.equal(124)
      expect(result.results[1]).to.include({target: 'db', ok: true, status: 'running'})
      expect((await run('vm', 'wait', '-l', 'status=running', '--for', 'agent')).exitCode).to.equal(0)
    })

    it('ends on Ctrl-C with what was missing: exit 130', async () => {
      for (const names of [['scratch'], ['scratch', 'db']]) {
        const running = cluster.run(['proxmox', 'vm', 'wait', ...names, '--for', 'running', '--json', ...QUICK])
        atQuestion(103, 2, () => running.signal('SIGINT'))
        const {exitCode, stdout} = await running
        expect(exitCode, names.join(' ')).to.equal(130)
        expect(stdout).to.contain('still missing: running (last seen: stopped)')
      }
    })

    it('starts and then waits', async () => {
      const argv = ['vm', 'start', 'scratch', '--wait-for', 'agent', '--wait-for', 'ip4', ...QUICK]
      const {exitCode, result} = await run(...argv)
      expect(exitCode).to.equal(0)
      expect(result).to.include({status: 'running', changed: true})
      expect(result.conditions.map(({condition}: {condition: string}) => condition)).to.deep.equal(['agent', 'ip4'])
      const container = await run('lxc', 'start', 'playground', '--wait-for', 'ip4', ...QUICK)
      expect(container.result.conditions[0].met).to.equal(true)
    })

    it('starts nothing when what is waited for cannot come true', async () => {
      guests().update(103, {config: {...guests().get(103)!.config, agent: '0'}})
      const {exitCode, result} = await run('vm', 'start', 'scratch', '--wait-for', 'agent')
      expect(exitCode).to.equal(10)
      expect(result.error.message).to.contain('nothing was started')
      expect((await run('lxc', 'start', 'playground', '--wait-for', 'agent')).exitCode).to.equal(8)
      expect((await run('vm', 'start', 'scratch', '--wait-for', 'running', '--no-wait')).exitCode).to.equal(2)
      expect(cluster.requests.some(({method}) => method !== 'GET')).to.equal(false)
    })

    it('is told when a VM that it has started stops again', async () => {
      guests().update(103, {behaviour: {shutdownSeconds: 1}})
      atQuestion(103, 4, () => guests().update(103, {run: undefined}))
      const {exitCode, result} = await run('vm', 'start', 'scratch', '--wait-for', 'agent', ...QUICK)
      expect(exitCode).to.equal(10)
      expect(result.error.message).to.match(/^started, but .*it has stopped again/)
    }).timeout(10_000)
  })
}

describe('wait for an address', () => {
  let cluster: TestCluster
  let server: http.Server
  let statuses: number[]

  beforeEach(async () => {
    cluster = await startCluster()
    server = http.createServer((_, response) => {
      response.writeHead(statuses.length > 1 ? statuses.shift()! : statuses[0]!, {connection: 'close'})
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, resolve))
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
    await cluster.stop()
  })

  it('asks it from here until the answer is good', async () => {
    statuses = [503, 503, 200]
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`
    const done = await cluster.run(['proxmox', 'vm', 'wait', 'db', '--for', url, '--json', ...QUICK])
    expect(done.exitCode).to.equal(0)
    expect(done.json().conditions).to.deep.equal([{condition: url, met: true, lastSeen: `${url} answers 200`}])
    statuses = [500]
    const late = await cluster.run(['proxmox', 'vm', 'wait', 'db', '--for', url, '--timeout', '40ms', ...QUICK])
    expect(late.exitCode).to.equal(124)
    expect(late.stderr).to.contain(`(last seen: ${url} answers 500)`)
  })

  it("connects to the guest's address from here", async function () {
    const own = Object.values(os.networkInterfaces()).flatMap((found) => found ?? [])
    const address = own.find(({family, internal}) => family === 'IPv4' && !internal)?.address
    // Loopback is never a guest's address, so without a network there is nothing to connect to.
    if (address === undefined) this.skip()
    statuses = [204]
    const guests = cluster.simulator.world.store.of('guests')
    const card = {name: 'eth0', 'ip-addresses': [{'ip-address': address, 'ip-address-type': 'ipv4', prefix: 24}]}
    guests.update(100, {behaviour: {agent: {'network-get-interfaces': [card]}}})
    const {port} = server.address() as AddressInfo
    const conditions = ['--for', `tcp:${port}`, '--for', `http:${port}/health`]
    const done = await cluster.run(['proxmox', 'vm', 'wait', 'db', ...conditions, '--json', ...QUICK])
    expect(done.exitCode).to.equal(0)
    expect(done.json().conditions.map(({lastSeen}: {lastSeen: string}) => lastSeen)).to.deep.equal([
      `${address}:${port} accepts connections`,
      `http://${address}:${port}/health answers 204`,
    ])
    const elsewhere = ['--for', `tcp:${port}`, '--cidr', '198.51.100.0/24', '--timeout', '40ms', ...QUICK]
    const missed = await cluster.run(['proxmox', 'vm', 'wait', 'db', ...elsewhere])
    expect(missed.exitCode).to.equal(124)
    expect(missed.stderr).to.contain('it has no address')
  })
})
