import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

const UTF8 = {LANG: 'C.UTF-8', LC_ALL: '', TERM: 'xterm'}
const POINTS = {'8.4': {hour: 70, week: 70}, '9.2': {hour: 60, week: 336}} as const

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`stats on Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const run = async (...argv: string[]) => {
      const {exitCode, json} = await cluster.run(['proxmox', ...argv, '--json'])
      return {exitCode, result: json()}
    }

    it('tells what a guest uses now, in bytes and shares', async () => {
      const {exitCode, result} = await run('vm', 'stats', 'db')
      expect(exitCode).to.equal(0)
      expect(result).to.include({
        vmid: 100,
        name: 'db',
        node: 'pve1',
        status: 'running',
        cpus: 4,
        cpuUsage: 0.02,
        memoryBytes: 8 * 1024 ** 3,
        diskBytes: 64 * 1024 ** 3,
        netInBytesPerSecond: 64,
        netOutBytesPerSecond: 16,
        diskWriteBytesPerSecond: 128,
      })
      expect(result.ratesAt).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/)
      expect(result).not.to.have.any.keys('history', 'diskUsedBytes')
      expect('memoryHostBytes' in result).to.equal(pveVersion === '9.2')
      const container = await run('lxc', 'stats', 'proxy')
      expect(container.result).to.include({name: 'proxy', node: 'pve2', netInBytesPerSecond: 64})
      expect(container.result.diskUsedBytes).to.be.greaterThan(0)
    })

    it('tells what it used over time, with gaps where nothing was measured', async () => {
      const {result} = await run('vm', 'stats', 'db', '--history')
      expect(result.historySpan).to.equal('hour')
      expect(result.history).to.have.length(POINTS[pveVersion].hour)
      expect(result.history.at(-1)).to.include({cpuUsage: 0.02, netInBytesPerSecond: 64})
      // It has run for three days of this week.
      const week = await run('vm', 'stats', 'db', '--since', 'week')
      expect(week.result.history).to.have.length(POINTS[pveVersion].week)
      expect(Object.keys(week.result.history[0])).to.deep.equal(['time'])
      expect(week.result.history.at(-1).memoryUsedBytes).to.be.greaterThan(0)
      const wrong = await cluster.run(['proxmox', 'vm', 'stats', 'db', '--since', 'decade'])
      expect(wrong.exitCode).to.equal(2)
    })

    it('has no rates of what does not run', async () => {
      const {exitCode, result} = await run('vm', 'stats', 'scratch')
      expect(exitCode).to.equal(0)
      expect(result.status).to.equal('stopped')
      expect(result).not.to.have.any.keys('netInBytesPerSecond', 'ratesAt')
    })

    it('draws the history as wide as the terminal is', async () => {
      const {stdout} = await cluster.run(['proxmox', 'vm', 'stats', 'db', '--since', 'week'], {
        env: UTF8,
        terminalWidth: 70,
      })
      const lines = stdout.trimEnd().split('\n')
      expect(lines[0]).to.match(/^db \(VM 100\) on pve1: running, up 3d/)
      const cpu = lines.find((line) => line.startsWith('CPU'))!
      expect(cpu).to.match(/^CPU +2% of 4 +█+ +max 2%$/)
      expect(cpu.length).to.be.within(65, 70)
      expect(lines.at(-1)).to.match(/^the last week: .* blank where nothing was measured$/)
      const ascii = await cluster.run(['proxmox', 'vm', 'stats', 'db', '--history'], {env: {...UTF8, TERM: 'dumb'}})
      expect(ascii.stdout).to.match(/^CPU +2% of 4 +#+ +max 2%$/m)
      expect(ascii.stdout).to.match(/^[\n -~]*$/)
    })

    it('compares several guests', async () => {
      const {stdout} = await cluster.run(['proxmox', 'vm', 'stats', '--all', '--sort', 'memoryUsedBytes:desc'])
      expect(stdout.split('\n')[0]).to.match(/^VMID +NAME .*CPU +MEMORY USED .*NET IN/)
      expect(stdout.split('\n').map((line) => /^\s*\d+\s+(\w+)/.exec(line)?.[1])).to.deep.equal([
        undefined,
        'db',
        'git',
        'ci',
        'scratch',
        undefined,
      ])
      const {result} = await run('vm', 'stats', 'db', 'git')
      expect(result.summary).to.deep.equal({ok: 2, failed: 0})
      expect(result.results[1]).to.include({target: 'git', ok: true, node: 'pve2', netInBytesPerSecond: 64})
      const history = await cluster.run(['proxmox', 'vm', 'stats', 'db', 'git', '--history'], {env: UTF8})
      expect(history.stdout).to.match(/CPU HISTORY\n.*█{24}\n.*█{24}\n$/)
    })

    it('shows the others when one of several cannot be read', async () => {
      cluster.meddle = ({path}) => {
        if (path.includes('/101/status/current')) cluster.simulator.world.store.of('guests').delete(101)
        return undefined
      }
      const {exitCode, stderr, stdout} = await cluster.run(['proxmox', 'vm', 'stats', 'db', 'git'])
      expect(exitCode).to.equal(9)
      expect(stdout).to.contain('db').and.not.to.contain('git')
      expect(stderr).to.match(/^git: .*deleted meanwhile/)
    })
  })
}
