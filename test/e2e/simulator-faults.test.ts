import {expect} from 'chai'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import {type Simulator, startSimulator} from '../../src/simulator/start-simulator.js'
import {runCommand, type RunOutcome} from '../helpers/run-command.js'
import {clientOf, request} from '../helpers/simulator-client.js'

describe('simulator fault commands', () => {
  let configDir: string

  before(async () => {
    configDir = mkdtempSync(path.join(tmpdir(), 'homelab-faults-'))
    expect((await simulator('start', '--speed', 'instant')).exitCode).to.equal(0)
  })

  afterEach(() => simulator('reset'))

  after(async () => {
    await simulator('stop', '--purge')
    rmSync(configDir, {force: true, recursive: true})
  })

  const run = (...argv: string[]): PromiseLike<RunOutcome> => runCommand(argv, {configDir})
  const simulator = (verb: string, ...argv: string[]) =>
    run('simulator', ...verb.split(' '), '--name', 'test', '--json', ...argv)
  const status = () => run('proxmox', 'cluster', 'status', '--json')

  it('makes requests of a running simulator go wrong, and ends it', async () => {
    const added = await simulator('fault add', 'fail', '--path', '/cluster/status', '--text', 'no luck', '--always')
    expect(added.json()).to.deep.equal({
      id: 'f1',
      kind: 'fail',
      state: 'armed',
      path: '/cluster/status',
      text: 'no luck',
      times: 'always',
      matched: 0,
      hits: 0,
    })
    const failed = await status()
    expect(failed.exitCode).to.equal(1)
    expect(failed.json().error.message).to.contain('no luck')
    const [listed] = (await simulator('fault list')).json()
    expect(listed).to.include({id: 'f1', state: 'armed'})
    expect(listed.hits).to.be.above(0)
    const table = await run('simulator', 'fault', 'list', '--name', 'test')
    expect(table.stdout).to.match(/^f1 .* \/cluster\/status text=no luck times=always$/m)

    const cleared = await simulator('fault clear')
    expect(cleared.json().cleared.map(({id}: {id: string}) => id)).to.deep.equal(['f1'])
    expect((await status()).exitCode).to.equal(0)
  })

  it('changes the certificate, and gives the old one back with a reset', async () => {
    await simulator('fault add', 'certificate')
    const refused = await status()
    expect(refused.exitCode).to.equal(3)
    expect(refused.json().error.code).to.equal('certificate-changed')
    await simulator('reset')
    expect((await status()).exitCode).to.equal(0)
    expect((await simulator('fault list')).json()).to.deep.equal([])
  })

  it('refuses what is not possible with the exit code of its kind', async () => {
    const exits = [
      await simulator('fault add', 'lock', '--vmid', '999999'),
      await simulator('fault add', 'lock'),
      await simulator('fault add', 'nonsense'),
      await simulator('fault clear', 'f9'),
    ].map(({exitCode}) => exitCode)
    expect(exits).to.deep.equal([5, 2, 2, 5])
    expect((await simulator('fault clear', 'f9')).json().error.hint).to.contain('fault list --name test')
    expect((await run('simulator', 'fault', 'list', '--name', 'nobody')).exitCode).to.equal(5)
  })

  it('undoes after kill -9 what a fault did to the cluster', async () => {
    await simulator('fault add', 'node-offline', '--node', 'pve2')
    expect((await simulator('status')).json().nodes).to.have.keys('pve1', 'pve3')
    process.kill((await simulator('status')).json().pid, 'SIGKILL')
    while ((await simulator('status')).json().status !== 'crashed');
    expect((await simulator('start')).json().nodes).to.have.keys('pve1', 'pve2', 'pve3')
  })
})

describe('simulator faults over HTTPS', () => {
  let simulator: Simulator
  beforeEach(async () => {
    simulator = await startSimulator({fixture: 'recorded', speed: 'instant'})
  })
  afterEach(() => simulator.stop())

  const broken = (asking: Promise<unknown>): Promise<boolean> =>
    asking.then(
      () => false,
      () => true,
    )

  it('acts on what it does not answer only when it is told to', async () => {
    const {ask} = clientOf(simulator)
    const pools = async () => (await ask('GET', '/pools')).data.map(({poolid}: {poolid: string}) => poolid)
    await simulator.faults.add({kind: 'drop', method: 'POST', path: '/pools'})
    await simulator.faults.add({kind: 'drop', method: 'POST', path: '/pools', when: 'after', nth: 2})
    expect(await broken(ask('POST', '/pools', {poolid: 'one'}))).to.equal(true)
    expect(await broken(ask('POST', '/pools', {poolid: 'two'}))).to.equal(true)
    expect(await pools()).to.deep.equal(['two'])
    await simulator.faults.add({kind: 'fail', status: 596, method: 'POST', when: 'after'})
    const answer = await ask('POST', '/pools', {poolid: 'three'})
    expect(answer).to.include({status: 596, reason: 'Connection timed out', text: ''})
    expect(await pools()).to.have.members(['two', 'three'])
  })

  it('breaks off an answer in the middle', async () => {
    const {ask} = clientOf(simulator)
    await simulator.faults.add({kind: 'truncate'})
    expect(await broken(ask('GET', '/access/roles'))).to.equal(true)
    expect((await ask('GET', '/access/roles')).status).to.equal(200)
  })

  it('makes tickets worthless and leaves tokens alone', async () => {
    const {ask} = clientOf(simulator)
    const login = await ask('POST', '/access/ticket', {username: 'root@pam', password: 'rootpw123'})
    const headers = {Cookie: `PVEAuthCookie=${encodeURIComponent(login.data.ticket)}`}
    const withTicket = () => request({url: simulator.url, headers}, 'GET', '/version')
    expect((await withTicket()).status).to.equal(200)
    expect(await simulator.faults.add({kind: 'tickets-expired'})).to.include({state: 'done'})
    expect(await withTicket()).to.include({status: 401, reason: 'permission denied - invalid PVE ticket'})
    expect((await ask('GET', '/version')).status).to.equal(200)
    expect(simulator.faults.list()).to.deep.equal([])
  })
})
