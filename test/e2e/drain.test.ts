import {expect} from 'chai'
import {mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

type Row = {vmid: number; node: string; status: string; template?: boolean}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`draining nodes of Proxmox VE ${pveVersion}`, function () {
    this.timeout(20_000)
    let cluster: TestCluster
    let folder: string

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'homelab-drain-'))
    })
    afterEach(async () => {
      cluster.meddle = undefined
      await cluster.simulator.faults.clear()
      await cluster.simulator.reset()
      rmSync(folder, {force: true, recursive: true})
    })
    after(() => cluster.stop())

    const node = (...argv: string[]) =>
      cluster.run(['proxmox', 'node', ...argv, '--json'], {env: {HOMELAB_STATE_DIR: folder}})
    const where = async (): Promise<Record<number, string>> => {
      const rows: Row[] = [
        ...(await cluster.run(['proxmox', 'vm', 'list', '--json'])).json(),
        ...(await cluster.run(['proxmox', 'lxc', 'list', '--json'])).json(),
      ]
      return Object.fromEntries(rows.map((row) => [row.vmid, `${row.node} ${row.status}`]))
    }
    const journals = (): string[] => readdirSync(path.join(folder, 'drains'))

    const migrations = () =>
      cluster.requests.filter(({method, path: to}) => method === 'POST' && to.endsWith('/migrate')).length

    it('plans without touching anything, moves VMs and containers, and brings them home', async () => {
      const before = await where()
      const plan = await node('drain', 'pve2', '--dry-run')
      expect(plan.exitCode).to.equal(0)
      const {moves, possible} = plan.json()
      expect(possible).to.equal(true)
      expect(moves.map(({manner, vmid}: {manner: string; vmid: number}) => [vmid, manner])).to.deep.equal([
        [101, 'online'],
        [201, 'restart'],
      ])
      expect(await where()).to.deep.equal(before)

      const drained = await node('drain', 'pve2')
      expect(drained.json()).to.include({node: 'pve2', changed: true, empty: true})
      expect(drained.stderr).to.contain('To move:')
      const after = await where()
      for (const {to, vmid} of moves as {vmid: number; to: string}[]) expect(after[vmid]).to.equal(`${to} running`)
      expect(journals()).to.have.lengthOf(1)
      expect((await node('drain', 'pve2', '--yes')).json()).to.include({changed: false, empty: true})

      const home = await node('return', 'pve2')
      expect(home.json()).to.include({changed: true, complete: true})
      expect(await where()).to.deep.equal(before)
      expect(journals()).to.deep.equal([])
      expect((await node('return', 'pve2')).json()).to.include({changed: false, complete: true})
    })

    it('brings all home to a node that was fuller than guests may make it', async () => {
      const nodes = cluster.simulator.world.store.of('nodes')
      // Of 5 GiB the guests that run there take all, and the node itself needs some.
      nodes.update('pve2', {memoryBytes: 5 * 1024 ** 3, baseMemoryBytes: 1024 ** 3})
      const before = await where()
      expect((await node('drain', 'pve2')).exitCode).to.equal(0)
      const kept = await node('return', 'pve2', '--memory-ceiling', '90')
      expect(kept.exitCode, kept.stdout).to.equal(9)
      expect(kept.json().blocked[0].reason).to.contain('of memory left below 90%')
      const home = await node('return', 'pve2')
      expect(home.json(), home.stdout).to.include({complete: true})
      expect(await where()).to.deep.equal(before)
    })

    it('moves guests that are stopped when told to, names those that cannot, and goes on so', async () => {
      await cluster.run(['proxmox', 'vm', 'stop', '101', '--yes'])
      const before = await where()
      expect((await node('drain', 'pve2', '--dry-run')).json().moves.map(({vmid}: Row) => vmid)).to.deep.equal([201])
      const plan = (await node('drain', 'pve2', '--dry-run', '--with-stopped')).json()
      expect(plan).to.include({possible: true, withStopped: true})
      expect(plan.moves.map(({manner, vmid}: {manner: string; vmid: number}) => [vmid, manner])).to.deep.include([
        101,
        'offline',
      ])
      // The first move is refused, so the drain stops with a journal; the next one needs not be told again.
      cluster.meddle = ({method, path: to}) =>
        method === 'POST' && to.endsWith('/201/migrate')
          ? {answer: {status: 500, reason: 'not now', contentType: 'application/json', body: '{"data":null}'}}
          : undefined
      expect((await node('drain', 'pve2', '--with-stopped', '--parallel', '1', '--yes')).exitCode).to.equal(8)
      cluster.meddle = undefined
      const drained = await node('drain', 'pve2', '--yes')
      expect(drained.json()).to.include({node: 'pve2', changed: true, empty: true})
      const after = await where()
      expect(after[101]).to.match(/^pve[13] stopped$/)
      expect(after[201]).to.match(/^pve[13] running$/)
      expect((await node('return', 'pve2')).json()).to.include({complete: true})
      expect(await where()).to.deep.equal(before)
    })

    it('leaves nothing behind where the login may not move guests', async () => {
      const login = (...argv: string[]) => cluster.run(['proxmox', 'api', ...argv, '--json'])
      await login('post', '/access/users', '-d', 'userid=viewer@pve')
      const token = await login('post', '/access/users/viewer@pve/token/look', '-d', 'privsep=0')
      await login('put', '/access/acl', '-d', 'path=/', '-d', 'roles=PVEAuditor', '-d', 'users=viewer@pve')
      const env = {
        HOMELAB_STATE_DIR: folder,
        HOMELAB_TOKEN_ID: 'viewer@pve!look',
        HOMELAB_TOKEN_SECRET: token.json().value,
      }
      const drained = await cluster.run(['proxmox', 'node', 'drain', 'pve2', '--parallel', '1', '--json'], {env})
      expect([drained.exitCode, drained.json().error.code]).to.deep.equal([4, 'permission'])
      expect(drained.json().error.message).to.contain('stopped with 0 guests away, 2 not begun')
      expect((await node('return', 'pve2')).json()).to.include({changed: false, complete: true})
    })

    it('names what cannot move before anything does, and shuts it down only when told to', async () => {
      const before = await where()
      const refused = await node('drain', 'pve1', '--yes')
      expect(refused.exitCode).to.equal(8)
      expect(refused.json().error.details.blocked.map(({vmid}: Row) => vmid)).to.include(100)
      expect(await where()).to.deep.equal(before)

      const drained = await node('drain', 'pve1', '--blocked', 'shutdown', '--yes')
      expect(drained.json().shutDown.map(({vmid}: Row) => vmid)).to.include(100)
      expect((await where())[100]).to.equal('pve1 stopped')
      const home = await node('return', 'pve1')
      expect(home.json()).to.include({complete: true})
      expect(await where()).to.deep.equal(before)
    })

    it('saves a plan, and carries out that one or none', async () => {
      const file = path.join(folder, 'plan.json')
      expect((await node('drain', 'pve2', '--dry-run', '--plan', file)).exitCode).to.equal(0)
      expect((await node('drain', 'pve3', '--plan', file, '--yes')).exitCode).to.equal(8)
      const moved = await cluster.run(['proxmox', 'vm', 'stop', '101', '--yes'])
      expect(moved.exitCode).to.equal(0)
      await cluster.run(['proxmox', 'vm', 'start', '103'])
      const stale = await node('drain', 'pve2', '--plan', file, '--yes')
      expect(stale.exitCode).to.equal(8)
      expect(stale.json().error.message).to.contain('103')
      await cluster.run(['proxmox', 'vm', 'stop', '103', '--yes'])
      expect((await node('drain', 'pve2', '--plan', file, '--yes')).exitCode).to.equal(0)
      expect((await node('drain', 'pve2', '--plan', path.join(folder, 'none'), '--yes')).exitCode).to.equal(5)
      expect((await node('drain', 'pve2', '--plan', folder, '--yes')).exitCode).to.equal(2)
    })

    it('stops with exit 8 when quorum is lost in the middle, and goes on from there', async () => {
      cluster.meddle = ({method, path: to}) => {
        if (method !== 'POST' || !to.endsWith('/migrate')) return
        cluster.meddle = undefined
        return cluster.simulator.faults.add({kind: 'no-quorum'}).then(() => undefined) as never
      }
      const stopped = await node('drain', 'pve2', '--parallel', '1', '--yes')
      expect([stopped.exitCode, stopped.json().error.code]).to.deep.equal([8, 'no-quorum'])
      expect(stopped.json().error.hint).to.contain('homelab proxmox node drain pve2')
      expect((await node('drain', 'pve2', '--yes')).exitCode).to.equal(8)
      await cluster.simulator.faults.clear()
      const resumed = await node('drain', 'pve2', '--yes')
      expect(resumed.exitCode, resumed.stdout).to.equal(0)
      expect(resumed.json().empty).to.equal(true)
    })

    // One release is enough: it takes as long as a ring of nodes that closes again.
    if (pveVersion === '9.2')
      it('stops when a target dies under a move: exit 8 or 12, and says where to go from there', async () => {
        const [{to}] = (await node('drain', 'pve2', '--dry-run')).json().moves
        cluster.meddle = ({method, path: asked}) => {
          if (method !== 'POST' || !asked.endsWith('/migrate')) return
          cluster.meddle = undefined
          return cluster.simulator.faults.add({kind: 'node-offline', node: to}).then(() => undefined) as never
        }
        const stopped = await node('drain', 'pve2', '--parallel', '1', '--yes')
        expect([8, 12], stopped.stdout).to.include(stopped.exitCode)
        expect(stopped.json().error.hint).to.contain('node return pve2')
      })

    it('stops where somebody else moves a guest in the middle', async () => {
      const [, second] = (await node('drain', 'pve2', '--dry-run')).json().moves
      const other = second.to === 'pve1' ? 'pve3' : 'pve1'
      const sent = migrations()
      cluster.meddle = ({method, path: to}) => {
        if (method !== 'POST' || !to.endsWith('/migrate')) return
        cluster.meddle = undefined
        cluster.simulator.world.store.of('guests').update(String(second.vmid), {node: other})
        return
      }
      const stopped = await node('drain', 'pve2', '--parallel', '1', '--yes')
      expect(stopped.exitCode, stopped.stdout).to.equal(8)
      expect(stopped.json().error.details).to.include({reason: 'moved-by-others', vmid: second.vmid, node: other})
      expect(migrations() - sent).to.equal(1)
    })
  })
}

describe('draining a server that stands alone', () => {
  let cluster: TestCluster

  before(async () => {
    cluster = await startCluster({fixture: 'empty'})
  })
  after(() => cluster.stop())

  it('says that there is no other node, and that there is nothing to bring home', async () => {
    const refused = await cluster.run(['proxmox', 'node', 'drain', '--json'])
    expect(refused.exitCode).to.equal(8)
    expect(refused.json().error.message).to.contain('there is no other node')
    const home = await cluster.run(['proxmox', 'node', 'return'])
    expect([home.exitCode, home.stdout.trim()]).to.deep.equal([
      0,
      'No drain of pve1 is on record here: nothing to bring home',
    ])
  })
})
