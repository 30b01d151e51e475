import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {lab, RequestCounter} from '../helpers/lab.js'
import {clientOf} from '../helpers/simulator-client.js'

/** What a connection sends to an endpoint at once, at most (reference 2.4: four to eight per node). */
const MOST_REQUESTS = 8

const HANGING = [1010, 1077, 1123, 1200, 1299]
const LOCKED = [1005, 1105, 1205]
/** Gone before their turn comes. */
const VANISHING = [1280, 1290]

const QUICKLY = ['--parallel', '16', '--poll-interval', '50ms']

interface Row {
  target: string
  ok: boolean
  changed?: boolean
  error?: {code: string; message: string; upid?: string}
}

describe('three hundred guests', () => {
  let cluster: TestCluster
  let counter: RequestCounter

  beforeEach(() => {
    counter = new RequestCounter()
  })

  afterEach(() => cluster.stop())

  const open = async (options: Parameters<typeof lab>[1], pveVersion: '8.4' | '9.2' = '8.4') => {
    cluster = await startCluster({fixture: lab(300, options), pveVersion})
    cluster.meddle = (request) => counter.watch(request)
  }

  const troubled: Parameters<typeof lab>[1] = (guest) => {
    const {shutdownSeconds: _never, ...deaf} = guest
    if (HANGING.includes(guest.vmid)) return deaf
    return LOCKED.includes(guest.vmid) ? {...guest, config: {...guest.config, lock: 'backup'}} : guest
  }

  for (const pveVersion of ['8.4', '9.2'] as const) {
    it(`shuts them down, and names each that hangs, is locked or vanishes meanwhile (${pveVersion})`, async function () {
      this.timeout(30_000)
      await open(troubled, pveVersion)
      const {ask, exitStatus} = clientOf(cluster.simulator)
      let rival: Promise<void> | undefined
      const deleteSome = async () => {
        for (const vmid of VANISHING) {
          const at = `/nodes/${cluster.simulator.world.store.of('guests').get(vmid)!.node}/qemu/${vmid}`
          await exitStatus((await ask('POST', `${at}/status/stop`)).data)
          expect(await exitStatus((await ask('DELETE', at)).data)).to.equal('OK')
        }
      }

      let ours = true
      cluster.meddle = (request) => {
        if (!ours) return undefined
        if (request.method === 'POST' && rival === undefined) {
          ours = false
          rival = deleteSome().finally(() => {
            ours = true
          })
          return counter.watch(request, () => rival!)
        }

        return counter.watch(request)
      }

      const {exitCode, json} = await cluster.run([
        'proxmox',
        'vm',
        'shutdown',
        '-l',
        'tag=lab',
        '--parallel',
        '16',
        '--poll-interval',
        '50ms',
        '--grace',
        '10s',
        '--yes',
        '--json',
      ])
      const {results, summary}: {results: Row[]; summary: object} = json()
      expect(exitCode).to.equal(9)
      expect(summary).to.deep.equal({ok: 290, failed: 10})
      expect(results.map(({target}) => target)).to.deep.equal(
        Array.from({length: 300}, (_, index) => `lab-${1000 + index}`),
      )
      const failed = (code: string) =>
        results.filter(({error}) => error?.code === code).map(({target}) => Number(target.slice(4)))
      expect(failed('task-failed')).to.deep.equal(HANGING)
      expect(failed('locked')).to.deep.equal(LOCKED)
      expect(failed('not-found')).to.deep.equal(VANISHING)
      for (const {error, ok, target} of results) if (!ok) expect(error?.message).to.contain(target)

      const left = [...cluster.simulator.world.store.of('guests').values()].filter(({run}) => run !== undefined)
      expect(left.map(({vmid}) => vmid).sort()).to.deep.equal([...HANGING, ...LOCKED].sort())
    })
  }

  it('never has more requests at once at a node than the bound, and uses it', async function () {
    this.timeout(30_000)
    await open((guest) => guest)
    const {exitCode} = await cluster.run(['proxmox', 'vm', 'stop', '--all', ...QUICKLY, '--yes', '--json'])
    expect(exitCode).to.equal(0)
    expect(counter.most.get('pve1')).to.be.within(MOST_REQUESTS / 2, MOST_REQUESTS)
    for (const [node, most] of counter.most) expect(most, node).to.be.at.most(MOST_REQUESTS)
  })

  it('has no more guests in hand than --parallel says', async function () {
    this.timeout(30_000)
    await open((guest, index) => (index < 40 ? guest : {...guest, config: {...guest.config, tags: 'other'}}))
    await cluster.run(['proxmox', 'vm', 'stop', '-l', 'tag=lab', '--parallel', '3', '--yes', '--json'])
    const together = [...counter.most].reduce((sum, [, most]) => sum + most, 0)
    expect(counter.most.get('pve1')).to.equal(3)
    expect(together).to.be.at.most(3 * counter.most.size)
  })

  it('waits for guests under HA among others', async function () {
    this.timeout(30_000)
    await open((guest, index) => (index < 24 ? guest : {...guest, config: {...guest.config, tags: 'other'}}))
    const {ask} = clientOf(cluster.simulator)
    const managed = [1002, 1004, 1011]
    for (const vmid of managed)
      expect((await ask('POST', '/cluster/ha/resources', {sid: `vm:${vmid}`, state: 'started'})).status).to.equal(200)
    const {exitCode, json} = await cluster.run([
      ...['proxmox', 'vm', 'shutdown', '-l', 'tag=lab', ...QUICKLY, '--yes', '--json'],
    ])
    const {results, summary} = json()
    expect(exitCode).to.equal(0)
    expect(summary).to.deep.equal({ok: 24, failed: 0})
    const queued = results.filter(({task}: {task: {upid: string}}) => task.upid.includes(':hastop:'))
    expect(queued.map(({vmid}: {vmid: number}) => vmid)).to.deep.equal(managed)
    const guests = cluster.simulator.world.store.of('guests')
    for (let index = 0; index < 24; index++)
      expect(guests.get(1000 + index)!.run, `${1000 + index}`).to.equal(undefined)
    expect(guests.get(1024)!.run).not.to.equal(undefined)
  })

  it('says on Ctrl-C what goes on and what was not begun', async function () {
    this.timeout(30_000)
    await open(({shutdownSeconds: _never, ...deaf}) => deaf)
    const running = cluster.run(['proxmox', 'vm', 'shutdown', '--all', ...QUICKLY, '--yes', '--json'])
    let sent = 0
    cluster.meddle = ({method}) => {
      if (method === 'POST' && ++sent === 16) setTimeout(() => running.signal('SIGINT'), 200)
      return undefined
    }
    const {exitCode, json, stderr} = await running
    expect(exitCode).to.equal(130)
    const {results, summary}: {results: Row[]; summary: object} = json()
    expect(summary).to.deep.equal({ok: 0, failed: 16, skipped: 284})
    for (const {error} of results) {
      expect(error).to.deep.include({code: 'interrupted'})
      expect(error?.upid).to.match(/^UPID:pve\d:.*:qmshutdown:/)
      expect(stderr).to.contain(error!.upid!)
    }

    expect(stderr).to.contain('homelab proxmox task wait UPID:')
  })
})
