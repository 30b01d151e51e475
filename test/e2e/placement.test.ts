import {expect} from 'chai'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {demo} from '../../src/simulator/fixtures/demo.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

interface Ranked {
  readonly node: string
  readonly score: number
  readonly parts: readonly {part: string; points: number}[]
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`placement explain, Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    const folder = mkdtempSync(path.join(tmpdir(), 'homelab-placement-'))

    before(async () => {
      cluster = await startCluster({pveVersion})
    })

    after(async () => {
      await cluster.stop()
      rmSync(folder, {recursive: true})
    })

    const explain = async (...argv: string[]) => {
      const done = await cluster.run(['proxmox', 'placement', 'explain', ...argv, '--json'])
      return {...done, result: done.json()}
    }
    const api = (verb: string, where: string, ...data: string[]) =>
      cluster.run(['proxmox', 'api', verb, where, ...data.flatMap((one) => ['-d', one]), '--json'])

    it('names each node, with points or with the reason', async () => {
      const {exitCode, result} = await explain('git')
      expect(exitCode).to.equal(0)
      const {guest, ranked, rejected} = result
      expect(guest).to.include({vmid: 101, node: 'pve2', type: 'qemu'})
      expect([...ranked, ...rejected].map(({node}: {node: string}) => node).sort()).to.deep.equal([
        'pve1',
        'pve2',
        'pve3',
      ])
      expect(rejected).to.deep.equal([{node: 'pve3', reason: 'storage nas is not there'}])
      for (const {parts, score} of ranked as Ranked[])
        expect(parts.reduce((sum, {points}) => sum + points, 0)).to.be.closeTo(score, 0.01)
      const scores = (ranked as Ranked[]).map(({score}) => score)
      expect(scores).to.deep.equal([...scores].sort((a, b) => b - a))
      expect(cluster.requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
      const named = await cluster.run(['proxmox', 'placement', 'explain', 'git', '-o', 'name'])
      expect(named.stdout).to.equal('pve2\n')
    })

    it('says what holds a guest, and that copying its disks frees it', async () => {
      const held = await explain('db')
      expect(held.result.node).to.equal('pve1')
      expect(held.result.rejected[0].reason).to.equal(
        'scsi0 is on local-lvm, local to pve1, and local disks are not to be moved',
      )
      const free = await explain('db', '--with-local-disks')
      expect(free.result.ranked.map(({node}: Ranked) => node)).to.include('pve2')
    })

    it('honours a node or fails', async () => {
      expect((await explain('git', '--to', 'pve1')).result).to.include({node: 'pve1', reason: 'asked for with --to'})
      const refused = await explain('git', '--to', 'pve3')
      expect(refused.exitCode).to.equal(8)
      expect(refused.result.error.details).to.include({node: 'pve3', reason: 'storage nas is not there'})
      const full = await explain('git', '--to', 'pve1', '--memory-ceiling', '10')
      expect(full.result.error).to.include({code: 'no-capacity', exitCode: 8})
      expect((await explain('git', '--to', 'pve9')).exitCode).to.equal(5)
    })

    it('knows what HA wants', async () => {
      await api('post', '/cluster/ha/resources', 'sid=vm:101', ...(pveVersion === '8.4' ? [] : ['failback=1']))
      if (pveVersion === '8.4') {
        await api('post', '/cluster/ha/groups', 'group=home', 'nodes=pve2', 'restricted=1')
        await api('put', '/cluster/ha/resources/vm:101', 'group=home')
      } else {
        await api(
          'post',
          '/cluster/ha/rules',
          'rule=home',
          'type=node-affinity',
          'resources=vm:101',
          'nodes=pve2',
          'strict=1',
        )
      }

      const {result} = await explain('git')
      expect(result.rejected.find(({node}: Ranked) => node === 'pve1')?.reason).to.equal(
        'HA rule home keeps it on pve2',
      )
      await api('delete', '/cluster/ha/resources/vm:101')
    })

    it('says what making a guest would do', async () => {
      const file = path.join(folder, 'web.yaml')
      writeFileSync(file, 'name: web\ntemplate: ubuntu-22.04\nmemory: 2048\n')
      const {result} = await explain('-f', file)
      const plan = await cluster.run(['proxmox', 'vm', 'create', '-f', file, '--dry-run', '--json'])
      expect(result).to.deep.equal([{name: 'web', ...plan.json().placement}])
      expect((await explain(file)).result).to.deep.equal(result)
      expect((await explain('-f', file, '--to', 'pve3')).exitCode).to.equal(8)
      const shown = await cluster.run(['proxmox', 'placement', 'explain', '-f', file])
      expect(shown.stdout)
        .to.match(/^NODE +SCORE +MEMORY/)
        .and.to.contain(`web: on ${result[0].node} (`)
    })

    it('puts one guest of a class on each node, as many as the class says', async () => {
      const withClass = (more: string) =>
        writeFileSync(
          path.join(folder, 'homelab.yaml'),
          `machineClasses:\n  cp: {storage: local-lvm, memory: 512, ${more}}\n`,
        )
      const create = async (...argv: string[]) => {
        const words = ['proxmox', 'vm', 'create', 'cp', '--empty', '--class', 'cp', '--dry-run', '--json', ...argv]
        const done = await cluster.run(words, {cwd: folder})
        return {exitCode: done.exitCode, result: done.json()}
      }
      withClass('count: 3, spread: true')
      const {result} = await create()
      expect(result.map(({node}: Ranked) => node).sort()).to.deep.equal(['pve1', 'pve2', 'pve3'])
      const many = await create('--count', '4')
      expect(many.exitCode).to.equal(8)
      expect(many.result.error.message).to.match(/^there is room for 3 of 4 only: .*they are spread over nodes/)
      withClass('node: pve3')
      expect((await create()).result).to.include({node: 'pve3'})
    })

    it('picks VMIDs from the range of a class, and makes no more guests than it has numbers', async () => {
      const classes = 'machineClasses:\n  cp: {storage: local-lvm, memory: 512, vmids: 8000-8001}\n'
      writeFileSync(path.join(folder, 'homelab.yaml'), classes)
      const create = async (name: string, ...argv: string[]) => {
        const words = ['proxmox', 'vm', 'create', name, '--empty', '--class', 'cp', '--json', ...argv]
        const done = await cluster.run(words, {cwd: folder})
        return {exitCode: done.exitCode, result: done.json()}
      }
      const {result} = await create('cp', '--count', '2', '--dry-run')
      expect(result.map(({vmid}: {vmid: number}) => vmid)).to.deep.equal([8000, 8001])
      const many = await create('cp', '--count', '3')
      expect(many.exitCode).to.equal(8)
      expect(many.result.error.message).to.match(/^there is room for 2 of 3 only: .*no VMID from 8000 to 8001 is free/)
      expect((await create('one')).result).to.include({vmid: 8000})
      expect((await create('two')).result).to.include({vmid: 8001})
      const full = await create('three')
      expect(full.result.error).to.include({code: 'no-capacity', exitCode: 8})
      // Who names one is not bound to the range.
      expect((await create('four', '--vmid', '900')).result).to.include({vmid: 900})
      for (const vmid of ['8000', '8001', '900']) await cluster.run(['proxmox', 'vm', 'delete', vmid, '--yes'])
    })

    it('counts memory for new guests as for those that move', async () => {
      const create = (...argv: string[]) =>
        cluster.run(['proxmox', 'vm', 'create', 'big', 'ubuntu-22.04', '--dry-run', '--json', ...argv])
      const refused = await create('--memory-ceiling', '10')
      expect(refused.exitCode).to.equal(8)
      expect(refused.json().error.message).to.contain('of memory left below 10%')
      expect(refused.json().error.hint).to.contain('--memory-ceiling')
      expect((await create('--memory', '60GiB')).exitCode).to.equal(8)
      expect((await create('--memory', '60GiB', '--memory-ceiling', '500')).exitCode).to.equal(0)
    })

    it('wants one guest or a file', async () => {
      expect((await explain()).exitCode).to.equal(2)
      expect((await explain('git', '-f', 'x.yaml')).exitCode).to.equal(2)
      expect((await explain('nobody')).exitCode).to.equal(5)
    })
  })
}

describe('placement explain, on Proxmox VE 9.2 that still has the HA groups of older nodes', () => {
  const groups = [{group: 'home', nodes: 'pve2', restricted: 1}]
  let cluster: TestCluster

  before(async () => {
    cluster = await startCluster({pveVersion: '9.2', fixture: {...demo, haGroups: groups}})
    await cluster.run(['proxmox', 'api', 'post', '/cluster/ha/resources', '-d', 'sid=vm:101', '-d', 'group=home'])
  })
  after(() => cluster.stop())

  it('knows what HA wants', async () => {
    const {exitCode, json} = await cluster.run(['proxmox', 'placement', 'explain', 'git', '--json'])
    expect(exitCode).to.equal(0)
    expect(json().rejected.find(({node}: Ranked) => node === 'pve1').reason).to.equal('HA rule home keeps it on pve2')
  })

  it('moves nothing against it', async () => {
    cluster.requests.length = 0
    const {exitCode, json} = await cluster.run(['proxmox', 'vm', 'migrate', 'git', '--to', 'auto', '--json'])
    expect(exitCode).to.equal(8)
    expect(json().error.message).to.contain('HA rule home keeps it on pve2')
    expect(cluster.requests.filter(({method}) => method !== 'GET')).to.deep.equal([])
  })

  it('says so where somebody asks for the rules', async () => {
    const {exitCode, json} = await cluster.run(['proxmox', 'api', 'get', '/cluster/ha/rules', '--json'])
    expect([exitCode, json().error.code]).to.deep.equal([8, 'not-supported'])
    expect(json().error.message).to.contain('ha groups have not been migrated yet')
  })
})
