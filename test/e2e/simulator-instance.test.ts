import {expect} from 'chai'
import {existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import {runCommand, type RunOutcome} from '../helpers/run-command.js'

describe('simulator commands', () => {
  let configDir: string

  beforeEach(() => {
    configDir = mkdtempSync(path.join(tmpdir(), 'homelab-instance-'))
  })

  afterEach(async () => {
    await simulator('stop', '--purge')
    rmSync(configDir, {force: true, recursive: true})
  })

  const run = (...argv: string[]): PromiseLike<RunOutcome> => runCommand(argv, {configDir})
  const simulator = (verb: string, ...argv: string[]) => run('simulator', verb, '--name', 'test', '--json', ...argv)
  const start = (...argv: string[]) => simulator('start', '--speed', 'instant', ...argv)
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  it('starts, leads a context to it, and stops without a trace', async () => {
    const {json, exitCode} = await start()
    expect(exitCode).to.equal(0)
    const started = json()
    expect(started).to.include({name: 'test', context: 'test', tokenId: 'automation@pve!homelab', resumed: false})
    expect(started.url).to.match(/^https:\/\/127\.0\.0\.1:\d+$/)
    expect(isAlive(started.pid)).to.equal(true)
    const nodes = (await run('proxmox', 'node', 'list', '--json')).json()
    expect(nodes.map(({node}: {node: string}) => node)).to.have.members(['pve1', 'pve2', 'pve3'])
    expect((await simulator('status')).json()).to.deep.equal({...started, status: 'running'})

    expect((await simulator('stop')).json()).to.deep.equal({name: 'test', stopped: true, purged: false})
    expect(isAlive(started.pid)).to.equal(false)
    expect((await run('context', 'list', '--json')).json()).to.deep.equal([])
    expect((await simulator('stop')).json()).to.include({stopped: false})
  })

  it('goes on after kill -9 at the same address, with the same certificate', async () => {
    const first = (await start()).json()
    process.kill(first.pid, 'SIGKILL')
    while ((await simulator('status')).json().status !== 'crashed');
    const second = (await start('--fixture', 'recorded')).json()
    expect(second).to.include({url: first.url, fingerprint: first.fingerprint, fixture: 'demo', resumed: true})
    expect((await run('proxmox', 'node', 'list', '--json')).json()).to.have.length(3)
  })

  it('is fresh after a clean stop only when a fixture is asked for', async () => {
    await start()
    await simulator('stop')
    expect((await start()).json()).to.include({fixture: 'demo', resumed: true})
    await simulator('stop')
    expect((await start('--fixture', 'empty')).json()).to.include({fixture: 'empty', resumed: false})
  })

  it('is left alone by a second start, and refuses to become another', async () => {
    const first = (await start()).json()
    expect((await start()).json()).to.deep.equal(first)
    const other = await start('--fixture', 'recorded')
    expect(other.exitCode).to.equal(6)
    expect(other.json().error.hint).to.equal('homelab simulator reset --name test --fixture recorded')
    expect((await start('--fixture', 'nonsense')).exitCode).to.equal(2)
    for (const [flag, value] of [
      ['--pve-version', '9.2'],
      ['--speed', '5'],
      ['--offline', 'pve2'],
    ] as const) {
      const {exitCode, json} = await simulator('start', flag, value)
      expect(exitCode, flag).to.equal(6)
      expect(json().error.hint, flag).to.match(/homelab simulator (stop|fault add node-offline) --name test/)
    }

    expect((await simulator('start', '--pve-version', '8.4', '--speed', 'instant')).json()).to.deep.equal(first)
    await simulator('stop')
    expect((await start('--offline', 'pve2')).json().error.hint).to.contain(
      'fault add node-offline --name test --node pve2',
    )
  })

  it('is not what a start left that failed', async () => {
    const {url} = (await start()).json()
    const other = (...argv: string[]) => run('simulator', 'start', '--name', 'other', '--json', ...argv)
    expect((await other('--port', new URL(url).port)).exitCode).to.equal(1)
    const started = (await other('--pve-version', '9.2', '--fixture', 'empty')).json()
    await run('simulator', 'stop', '--name', 'other', '--purge')
    expect((await other('--port', new URL(url).port)).exitCode).to.equal(1)
    expect((await other('--offline', 'nope')).json().error.message).to.contain("no node 'nope'")
    await run('simulator', 'stop', '--name', 'other', '--purge')
    expect(started).to.include({pveVersion: '9.2', fixture: 'empty', resumed: false})
  })

  it('says nothing of a file that is no fixture', async () => {
    const file = path.join(configDir, 'secret.txt')
    writeFileSync(file, 'hunter2\n')
    const {exitCode, json} = await start('--fixture', file)
    expect(exitCode).to.equal(2)
    expect(json().error.message).to.equal(`${file}: a fixture is a JSON file, and this is none`)
  })

  it('goes to another fixture in place', async () => {
    const first = (await start()).json()
    const reset = (await simulator('reset', '--fixture', 'recorded')).json()
    expect(reset).to.include({url: first.url, fingerprint: first.fingerprint, pid: first.pid, tokenId: 'root@pam!t1'})
    expect((await run('proxmox', 'node', 'list', '--json')).json()).to.have.length(1)
  })

  it('keeps its files private and free of the secrets it was told', async () => {
    await start('--no-context')
    const directory = path.join(configDir, 'state', 'simulators', 'test')
    expect(statSync(directory).mode & 0o777).to.equal(0o700)
    const record = path.join(directory, 'instance.json')
    expect(statSync(record).mode & 0o777).to.equal(0o600)
    const state = readFileSync(path.join(directory, 'state', 'journal-0.jsonl'), 'utf8')
    for (const secret of ['aaaaaaaa-0000-4000-8000-000000000001', 'demo-root-password']) {
      expect(state + readFileSync(record, 'utf8')).to.not.contain(secret)
    }

    expect((await run('context', 'list', '--json')).json()).to.deep.equal([])
    await simulator('stop', '--purge')
    expect(existsSync(directory)).to.equal(false)
  })

  it('says why it cannot start', async () => {
    const {json, exitCode} = await start('--offline', 'nope')
    expect(exitCode).to.equal(1)
    expect(json().error.message).to.contain("the fixture has no node 'nope'")
  })
})
