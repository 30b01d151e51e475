import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

interface Move {
  readonly vmid: number
  readonly from: string
  readonly to: string
  readonly manner: string
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`rebalance on ${pveVersion}`, function () {
    this.timeout(60_000)
    let cluster: TestCluster

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    beforeEach(async () => {
      // What could have stayed on pve2 crowds pve1.
      const moved = await cluster.run(['proxmox', 'vm', 'migrate', 'git', '--to', 'pve1'])
      expect(moved.exitCode, moved.stderr).to.equal(0)
    })
    afterEach(async () => {
      await cluster.simulator.faults.clear()
      await cluster.simulator.reset()
    })
    after(() => cluster.stop())

    const rebalance = (...argv: string[]) => cluster.run(['proxmox', 'rebalance', ...argv, '--json'])
    const nodeOf = async (noun: 'lxc' | 'vm', vmid: number): Promise<string> =>
      (await cluster.run(['proxmox', noun, 'show', String(vmid), '--json'])).json().node
    const moved = (moves: readonly Move[]) => moves.map(({from, to, vmid}) => ({vmid, from, to}))
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET').length

    /** So full that one move is not enough, where disks may be copied. */
    const crowd = async () => {
      const argv = ['proxmox', 'vm', 'migrate', 'ci', '--to', 'pve1', '--with-local-disks']
      expect((await cluster.run(argv)).exitCode).to.equal(0)
    }

    it('plans without sending, moves what it planned, and finds nothing more to do', async () => {
      const sent = writes()
      const plan = await rebalance('--dry-run')
      expect(plan.exitCode, plan.stdout).to.equal(0)
      const {balanced, dryRun, imbalanceAfter, imbalanceBefore, moves, nodes} = plan.json()
      expect({balanced, dryRun}).to.deep.equal({balanced: false, dryRun: true})
      expect(moved(moves)).to.deep.equal([{vmid: 101, from: 'pve1', to: 'pve2'}])
      expect(moves[0].manner).to.equal('online')
      expect(imbalanceAfter).to.be.lessThan(imbalanceBefore)
      const [{afterBytes, beforeBytes, node}] = nodes
      expect([node, beforeBytes - afterBytes]).to.deep.equal(['pve1', 4 * 1024 ** 3])
      expect(writes()).to.equal(sent)

      const done = await rebalance('--yes')
      expect(done.exitCode, done.stdout).to.equal(0)
      expect(done.json()).to.deep.include({changed: true, moves})
      expect(await nodeOf('vm', 101)).to.equal('pve2')

      const again = await rebalance('--yes')
      expect(again.exitCode).to.equal(0)
      expect(again.json()).to.deep.include({balanced: true, changed: false, moves: []})
      expect((await cluster.run(['proxmox', 'rebalance'])).stdout).to.contain('balanced: ')
    })

    it('shows the plan before it asks, and names --yes where nobody can be asked', async () => {
      const sent = writes()
      const asked = await cluster.run(['proxmox', 'rebalance', '--no-input'])
      expect(asked.exitCode).to.equal(2)
      expect(asked.stderr).to.match(/101 +git .*pve1 +pve2 +online/)
      expect(asked.stderr).to.contain('TAKEN AFTER').and.to.contain('--yes')
      expect(writes()).to.equal(sent)
    })

    it('moves no more guests than it may', async () => {
      await crowd()
      const all: {moves: Move[]} = (await rebalance('--dry-run', '--with-local-disks')).json()
      expect(all.moves.length).to.be.greaterThan(1)
      const one = (await rebalance('--dry-run', '--with-local-disks', '--max-moves', '1')).json()
      expect(one.moves).to.have.lengthOf(1)
    })

    it('stops at the first failure: with its own code, or as partial once something has moved', async () => {
      await cluster.simulator.faults.add({kind: 'task-fail', type: 'qmigrate', text: 'migration aborted'})
      const first = await rebalance('--yes')
      expect(first.exitCode, first.stdout).to.equal(8)
      expect(first.json().error.message).to.contain('no guest was moved')
      expect(first.json().error.details.left).to.deep.equal([{vmid: 101, from: 'pve1', to: 'pve2'}])
      expect(await nodeOf('vm', 101)).to.equal('pve1')

      await cluster.simulator.faults.clear()
      await crowd()
      const argv = ['--with-local-disks', '--parallel', '1']
      const [done, ...left]: Move[] = (await rebalance('--dry-run', ...argv)).json().moves
      const [next] = left
      let seen = 0
      cluster.meddle = ({method, path}) => {
        if (method !== 'POST' || !path.endsWith('/migrate') || ++seen < 2) return
        cluster.meddle = undefined
        return cluster.simulator.faults
          .add({kind: 'task-fail', type: 'qmigrate', text: 'migration aborted'})
          .then(() => undefined) as never
      }
      const second = await rebalance('--yes', ...argv)
      cluster.meddle = undefined
      expect(second.exitCode, second.stdout).to.equal(9)
      const {details} = second.json().error
      expect(details.moved).to.deep.equal(moved(done === undefined ? [] : [done]))
      expect(details.left[0].vmid).to.equal(next?.vmid)
    })
  })
}

describe('rebalance of a server that stands alone', () => {
  it('says that there is nowhere to move to', async () => {
    const cluster = await startCluster({fixture: 'empty'})
    const refused = await cluster.run(['proxmox', 'rebalance', '--json'])
    expect(refused.exitCode).to.equal(8)
    expect(refused.json().error.message).to.contain('nowhere to move to')
    await cluster.stop()
  })
})
