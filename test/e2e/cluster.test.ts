import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`the cluster as a whole, on ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion, speed: 'stepped'})
    })
    afterEach(() => cluster.stop())

    const ask = async (...argv: string[]) => {
      const {json, exitCode} = await cluster.run(['proxmox', 'cluster', ...argv, '--json'])
      return {exitCode, result: json()}
    }

    it('says how it is, and what one more loss would mean', async () => {
      const {exitCode, result} = await ask('status')
      expect(exitCode).to.equal(0)
      expect(result).to.deep.include({quorate: true, standalone: false, votes: {total: 3, online: 3, needed: 2}})
      expect(result.remarks).to.deep.equal([])
      await cluster.simulator.faults.add({kind: 'node-offline', node: 'pve3'})
      await cluster.simulator.advance(30)
      const after = await ask('status')
      expect(after.result.votes.online).to.equal(2)
      expect(after.result.remarks).to.include('one more node lost would end the quorum')
    })

    it('fits onto a terminal', async () => {
      const {stdout} = await cluster.run(['proxmox', 'cluster', 'status'], {terminalWidth: 80})
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).to.be.at.most(80)
    })

    it('lists everything there is', async () => {
      const {result} = await ask('resources')
      const ids = result.map(({id}: {id: string}) => id)
      expect(ids).to.include.members(['qemu/100', 'lxc/200', 'node/pve1', 'storage/pve1/local-lvm'])
      const storages = await ask('resources', '--type', 'storage')
      expect(new Set(storages.result.map(({type}: {type: string}) => type))).to.deep.equal(new Set(['storage']))
    })

    it('shows its log and its options', async () => {
      await cluster.run(['proxmox', 'vm', 'rename', 'scratch', 'scratch2', '--json'])
      await cluster.run(['proxmox', 'api', 'put', '/cluster/options', '-d', 'keyboard=de', '--json'])
      expect((await ask('options')).result).to.include({keyboard: 'de'})
      expect((await ask('log')).result).to.be.an('array')
    })
  })
}

describe('a server that stands alone', () => {
  it('is told to be one', async () => {
    const cluster = await startCluster({fixture: 'empty'})
    try {
      const {json} = await cluster.run(['proxmox', 'cluster', 'status', '--json'])
      expect(json()).to.deep.include({standalone: true, quorate: true, remarks: []})
      const text = await cluster.run(['proxmox', 'cluster', 'status'])
      expect(text.stdout).to.match(/^standalone server, no cluster\n/)
    } finally {
      await cluster.stop()
    }
  })
})
