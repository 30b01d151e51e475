import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`what nodes tell, on ${pveVersion}`, () => {
    let cluster: TestCluster

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    after(() => cluster.stop())

    const node = async (...argv: string[]) => {
      const {json, exitCode} = await cluster.run(['proxmox', 'node', ...argv, '--json'])
      return {exitCode, result: json()}
    }

    it('shows a node', async () => {
      const {exitCode, result} = await node('show', 'pve1')
      expect(exitCode).to.equal(0)
      expect(result).to.include({node: 'pve1', cpus: 8, cpuSockets: 1, memoryBytes: 32 * 2 ** 30})
      expect(result.version).to.match(new RegExp(`^${pveVersion.replace('.', '\\.')}\\.`))
      expect(result.loadAverage).to.have.length(3)
      expect(result.cpuUsage).to.be.within(0, 1)
    })

    it('lists services, and those that are down', async () => {
      const {result} = await node('services', 'pve1')
      expect(result.map(({service}: {service: string}) => service)).to.include.members(['pveproxy', 'corosync'])
      expect((await node('services', 'pve1', '--down')).result).to.deep.equal([])
      await cluster.run(['proxmox', 'api', 'post', 'nodes/pve1/services/cron/stop', '--json'])
      expect((await node('services', 'pve1', '--down')).result).to.deep.include({
        service: 'cron',
        description: 'Regular background program processing daemon',
        state: 'dead',
        activeState: 'inactive',
        unitState: 'enabled',
      })
    })

    it('shows the log', async () => {
      await cluster.run(['proxmox', 'vm', 'start', 'scratch', '--json'])
      const {result} = await node('syslog', 'pve2', '--limit', '50')
      expect(result.lines.join('\n')).to.contain('qmstart:103')
    })

    it('shows the last lines of the log, of what is filtered the first', async () => {
      await cluster.run(['proxmox', 'vm', 'stop', 'scratch', '--yes', '--json'])
      const last = (await node('syslog', 'pve2', '--limit', '1')).result.lines
      expect(last).to.have.length(1)
      expect(last[0]).to.contain('end task').and.to.contain('qmstop:103')
      const first = (await node('syslog', 'pve2', '--limit', '1', '--since', '2020-01-01')).result.lines
      expect(first[0]).to.contain('starting task').and.to.not.contain('qmstop')
      const refused = await node('syslog', 'pve2', '--since', 'yesterday')
      expect([refused.exitCode, refused.result.error.message]).to.deep.equal([2, '--since: "yesterday" is no time'])
    })

    it('does not say that there are no nodes where none may be looked at', async () => {
      const {exitCode, stderr} = await cluster.run(['proxmox', 'node', 'stats'], {
        env: {
          HOMELAB_TOKEN_ID: 'automation@pve!separated',
          HOMELAB_TOKEN_SECRET: 'aaaaaaaa-0000-4000-8000-000000000003',
        },
      })
      expect(exitCode).to.equal(4)
      expect(stderr).to.contain('pve1: Cannot read the status').and.to.not.contain('no nodes found')
    })

    it('names things by what sets them apart', async () => {
      const names = async (...argv: string[]) =>
        (await cluster.run(['proxmox', ...argv, '-o', 'name'])).stdout.trim().split('\n')
      expect(await names('node', 'certificates', 'pve1')).to.include('pve-ssl.pem')
      expect(await names('node', 'disk', 'list', 'pve1')).to.include('/dev/sda')
      const ids = await names('cluster', 'resources')
      expect(ids).to.include.members(['qemu/100', 'storage/pve1/local', 'storage/pve2/local'])
      expect(new Set(ids).size).to.equal(ids.length)
    })

    it('lists updates, after a look where asked', async () => {
      const {exitCode, result} = await node('updates', 'pve1', '--refresh')
      expect(exitCode).to.equal(0)
      expect(result).to.be.an('array')
      const tasks = await cluster.run(['proxmox', 'task', 'list', '--node', 'pve1', '--type', 'aptupdate', '--json'])
      expect(tasks.json()).to.have.length(1)
    })

    it('lists certificates with the days they have left', async () => {
      const {result} = await node('certificates', 'pve1')
      const shown = result.find(({file}: {file: string}) => file === 'pve-ssl.pem')
      expect(shown.fingerprint).to.equal(cluster.simulator.fingerprint)
      expect(shown.daysLeft).to.be.within(700, 732)
      expect(shown.notAfter).to.match(/Z$/)
    })

    it('tells time, subscription and use', async () => {
      expect((await node('time', 'pve1')).result).to.include({timezone: 'Europe/Berlin'})
      expect((await node('subscription', 'pve1')).result).to.include({status: 'notfound'})
      const {result} = await node('stats', 'pve1', '--history')
      expect(result).to.include({node: 'pve1', historySpan: 'hour'})
      expect(result.history.length).to.be.greaterThan(50)
      const all = await node('stats')
      expect(all.result.summary).to.deep.equal({ok: 3, failed: 0})
    })

    it('names a node that is unknown or down before it is asked', async () => {
      const unknown = await node('show', 'pve11')
      expect(unknown.exitCode).to.equal(5)
      expect(unknown.result.error.hint).to.contain('Did you mean "pve1"?')
    })
  })
}

describe('what nodes tell, when one is down', () => {
  it('leaves it out of all, and refuses it by name', async () => {
    const cluster = await startCluster({speed: 'stepped'})
    try {
      await cluster.simulator.faults.add({kind: 'node-offline', node: 'pve3'})
      await cluster.simulator.advance(30)
      const {exitCode, json} = await cluster.run(['proxmox', 'node', 'stats', '--json'])
      expect(exitCode).to.equal(0)
      expect(json().results.map(({target}: {target: string}) => target)).to.deep.equal(['pve1', 'pve2'])
      const down = await cluster.run(['proxmox', 'node', 'services', 'pve3', '--json'])
      expect(down.exitCode).to.equal(8)
      expect(down.json().error.message).to.contain('pve3 cannot be asked: offline')
    } finally {
      await cluster.stop()
    }
  })
})
