import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`making templates of guests (${pveVersion})`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const run = async (...argv: string[]) => {
      const {json, exitCode} = await cluster.run(['proxmox', ...argv, '--json'])
      return {exitCode, result: json()}
    }
    const posts = () => cluster.requests.filter(({method}) => method === 'POST')

    for (const [noun, stopped, running, task] of [
      ['vm', 'scratch', 'git', 'qmtemplate'],
      ['lxc', 'playground', 'proxy', 'vztemplate'],
    ] as const) {
      it(`${noun}: converts, reads back, and does nothing twice`, async () => {
        expect((await run(noun, 'template', stopped)).exitCode).to.equal(2)
        expect(posts()).to.deep.equal([])
        const {exitCode, result} = await run(noun, 'template', stopped, '--yes')
        expect(exitCode, JSON.stringify(result)).to.equal(0)
        expect(result).to.include({name: stopped, status: 'template', changed: true})
        expect(result.task.upid).to.contain(`:${task}:`)
        expect(result.task.outcome).to.equal('ok')
        expect((await run('template', 'list')).result.map(({name}: {name: string}) => name)).to.include(stopped)
        const again = await run(noun, 'template', stopped)
        expect(again.exitCode).to.equal(0)
        expect(again.result).to.include({status: 'template', changed: false})
        expect(posts()).to.have.length(1)
      })

      it(`${noun}: refuses one that runs, has snapshots or is locked before anything is sent`, async () => {
        const {exitCode, result} = await run(noun, 'template', running, '--yes')
        expect(exitCode).to.equal(6)
        expect(result.error.hint).to.contain(`homelab proxmox ${noun} shutdown`)
        const guests = cluster.simulator.world.store.of('guests')
        const guest = [...guests.values()].find(({config}) => [config.name, config.hostname].includes(stopped))!
        guests.update(guest.vmid, {config: {...guest.config, lock: 'backup'}})
        expect((await run(noun, 'template', stopped, '--yes')).result.error.code).to.equal('locked')
        guests.update(guest.vmid, {config: guest.config})
        const kind = noun === 'vm' ? 'qemu' : 'lxc'
        await run(
          'api',
          'post',
          `/nodes/${guest.node}/${kind}/${guest.vmid}/snapshot`,
          '-d',
          'snapname=before',
          '--wait',
        )
        cluster.requests.length = 0
        const kept = await run(noun, 'template', stopped, '--yes')
        expect(kept.exitCode).to.equal(6)
        expect(kept.result.error.message).to.contain('before')
        expect(posts()).to.deep.equal([])
      })
    }

    it('converts several, and says what became of each', async () => {
      const {exitCode, result} = await run('vm', 'template', 'scratch', 'git', 'ubuntu-22.04', '--yes')
      expect(exitCode).to.equal(9)
      expect(result.results[0]).to.include({target: 'scratch', ok: true, changed: true})
      expect(result.results[1].error.code).to.equal('conflict')
      expect(result.results[2]).to.include({target: 'ubuntu-22.04', ok: true, changed: false})
    })
  })
}
