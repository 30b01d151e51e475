import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  for (const [noun, name] of [
    ['vm', 'scratch'],
    ['lxc', 'playground'],
  ] as const) {
    describe(`${noun} tag, Proxmox VE ${pveVersion}`, () => {
      let cluster: TestCluster

      beforeEach(async () => {
        cluster = await startCluster({pveVersion})
        await run('set', name, 'b,a')
      })

      afterEach(() => cluster.stop())

      const run = async (...argv: string[]) => {
        const {json, ...rest} = await cluster.run(['proxmox', noun, 'tag', ...argv, '--json'])
        return {...rest, result: json()}
      }
      const tags = async () => (await run('list', name)).result.map(({tag}: {tag: string}) => tag)
      const writes = () => cluster.requests.filter(({method}) => method !== 'GET').length

      it('adds, removes and replaces, and does nothing twice', async () => {
        const added = await run('add', name, 'c', 'b')
        expect(added.exitCode).to.equal(0)
        expect(added.result.changes).to.deep.equal([{key: 'tags', before: 'a;b', after: 'a;b;c'}])
        const sent = writes()
        for (const words of [
          ['add', name, 'c', 'a'],
          ['remove', name, 'never'],
          ['set', name, 'c,b,a'],
        ]) {
          expect((await run(...words)).result, words.join(' ')).to.deep.include({changed: false, changes: []})
        }

        expect(writes()).to.equal(sent)
        await run('remove', name, 'a', 'b')
        expect(await tags()).to.deep.equal(['c'])
        await run('set', name, '--none')
        expect(await tags()).to.deep.equal([])
      })

      it('knows that the server may spell a tag in small letters', async () => {
        expect((await run('add', name, 'A')).result).to.include({changed: false})
        expect(await tags()).to.deep.equal(['a', 'b'])
      })

      it('works on a selection, where every word is a tag', async () => {
        const {exitCode, result} = await run('add', '-l', 'status=running', 'x,y', 'z')
        expect(exitCode).to.equal(0)
        expect(result.summary.failed).to.equal(0)
        expect(result.results.length).to.be.greaterThan(1)
        const uses = (await run('list')).result
        expect(uses.find(({tag}: {tag: string}) => tag === 'z').guests).to.deep.equal(
          result.results.map(({target}: {target: string}) => target),
        )
      })

      it('renames a tag wherever it is, and there alone', async () => {
        await run('add', '-l', 'status=running', 'a')
        if (noun === 'vm') expect((await run('add', '9000', 'a')).exitCode).to.equal(0)
        const before = (await run('list')).result.find(({tag}: {tag: string}) => tag === 'a')
        const {exitCode, result} = await run('rename', 'a', 'b')
        expect(exitCode).to.equal(0)
        expect(result.summary).to.deep.equal({ok: before.count, failed: 0})
        expect((await run('list')).result.some(({tag}: {tag: string}) => tag === 'a')).to.equal(false)
        expect(await tags()).to.deep.equal(['b'])
        const none = await cluster.run(['proxmox', noun, 'tag', 'rename', 'a', 'b'])
        expect(none.exitCode).to.equal(0)
        expect(none.stderr).to.contain('has the tag a')
      })

      it('plans without changing anything', async () => {
        const sent = writes()
        const {result} = await run('add', name, 'c', '--dry-run')
        expect(result).to.include({dryRun: true, name})
        expect(result.changes).to.deep.equal([{key: 'tags', before: 'a;b', after: 'a;b;c'}])
        expect(writes()).to.equal(sent)
      })

      it('is made anew when another change was quicker, and loses neither', async () => {
        const guest = [...cluster.simulator.world.store.of('guests').values()].find(
          ({config}) => (config['name'] ?? config['hostname']) === name,
        )!
        let rivals = 0
        cluster.meddle = ({method}) => {
          if (method !== 'PUT' || rivals++ >= 2) return undefined
          const guests = cluster.simulator.world.store.of('guests')
          const now = guests.get(guest.vmid)!
          guests.update(guest.vmid, {config: {...now.config, tags: `${now.config['tags']};rival${rivals}`}})
          return undefined
        }
        const {exitCode} = await run('add', name, 'mine')
        expect(exitCode).to.equal(0)
        expect(rivals).to.equal(3)
        expect(await tags()).to.have.members(['a', 'b', 'mine', 'rival1', 'rival2'])
      })

      for (const words of [
        ['add', name],
        ['add', name, 'not!'],
        ['set', name],
        ['set', name, 'a', '--none'],
        ['rename', 'a'],
        ['rename', 'a', 'b', 'c'],
        ['add'],
      ]) {
        it(`refuses: ${words.join(' ')}`, async () => {
          const sent = writes()
          const {exitCode, result} = await run(...words)
          expect(exitCode).to.equal(2)
          expect(result.error.code).to.equal('usage')
          expect(writes()).to.equal(sent)
        })
      }
    })
  }
}
