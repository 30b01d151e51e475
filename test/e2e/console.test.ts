import {expect} from 'chai'

import type {RawStreams} from '../../src/cli/runtime.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import type {RunningCommand, RunOptions} from '../helpers/run-command.js'

/** Somebody at a terminal who types one thing after the other has been shown. */
class Typist implements RawStreams {
  isTerminal = true
  shown = ''
  isRaw = false
  pauses = 0
  #take: ((bytes: Uint8Array | undefined) => Promise<void>) | undefined
  #seen = 0
  readonly #script: [wait: string, then: string | undefined][]

  constructor(...script: [wait: string, then: string | undefined][]) {
    this.#script = script
  }

  raw(): () => void {
    this.isRaw = true
    return () => {
      this.isRaw = false
    }
  }

  onInput(take: (bytes: Uint8Array | undefined) => Promise<void>): () => void {
    this.#take = take
    this.#look()
    return () => {
      this.#take = undefined
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    this.shown += Buffer.from(bytes).toString('utf8')
    this.pauses++
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#look()
        resolve()
      })
    })
  }

  size(): {columns: number; rows: number} {
    return {columns: 90, rows: 33}
  }

  onResize(): () => void {
    return () => {}
  }

  async sees(text: string): Promise<void> {
    while (!this.shown.includes(text)) await new Promise(setImmediate)
  }

  #look(): void {
    const [next] = this.#script
    if (!next || !this.#take) return
    const at = this.shown.indexOf(next[0], this.#seen)
    if (at === -1) return
    this.#seen = at + next[0].length
    this.#script.shift()
    void this.#take(next[1] === undefined ? undefined : Buffer.from(next[1]))
    this.#look()
  }
}

const LEAVE = '\u001D'
const ROOT = {HOMELAB_TOKEN_ID: '', HOMELAB_USER: 'root@pam', HOMELAB_PASSWORD: 'demo-root-password'}

describe('console', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster({pveVersion: '9.2', speed: 1})
  })

  afterEach(() => cluster.stop())

  function sit(typist: RawStreams, argv: readonly string[], options: RunOptions = {}): RunningCommand {
    return cluster.run(['proxmox', ...argv], {...options, runtime: {rawStreams: () => typist}})
  }

  const posts = (): string[] => cluster.requests.flatMap(({method, path}) => (method === 'GET' ? [] : [path]))

  /** The same with and without --json, but for the console's own refusal of it. */
  async function fails(argv: readonly string[], code: number, kind: string, options: RunOptions = {}) {
    const typist = new Typist()
    const {exitCode, stderr, stdout} = await sit(typist, argv, options)
    expect(exitCode, stderr).to.equal(code)
    expect(stdout + typist.shown).to.equal('')
    expect(stderr).to.match(/^error: /m)
    expect(typist.isRaw).to.equal(false)
    expect(kind).to.be.a('string')
    return stderr
  }

  const configure = (vmid: number, config: object, pending?: object): void => {
    const guests = cluster.simulator.world.store.of('guests')
    const guest = guests.get(vmid)!
    const changed = {...guest.config, ...config}
    guests.update(vmid, {
      config: changed,
      ...(guest.run && {run: {...guest.run, config: changed}}),
      ...(pending && {pending: {...pending}}),
    })
  }

  it('shows a container and nothing else on stdout, at the size of the screen', async () => {
    const typist = new Typist(['login: ', 'root\r'], ['Password: ', 'x\r'], ['# ', 'stty size\r'], ['33 90\r\n', LEAVE])
    const {exitCode, stderr, stdout} = await sit(typist, ['lxc', 'console', 'dns'])
    expect(exitCode, stderr).to.equal(0)
    expect(stdout).to.equal('')
    expect(stderr).to.equal(
      'connected to the console of dns (container 200). Leave it with Ctrl-]. Press Enter if nothing shows\n\r\nthe console of dns (container 200): left; what runs there goes on\n',
    )
    expect(posts()).to.deep.equal(['/nodes/pve1/lxc/200/termproxy'])
    const tasks = [...cluster.simulator.world.store.of('tasks').values()]
    const [task] = tasks.filter(({type}) => type === 'vncproxy')
    await cluster.simulator.world.tasks.ended(task!.upid)
    expect(cluster.simulator.world.tasks.get(task!.upid)?.status).to.equal('OK')
  })

  it('goes to the node that was asked for a guest of another one', async () => {
    const typist = new Typist(['proxy login: ', LEAVE])
    const {exitCode, stderr} = await sit(typist, ['lxc', 'console', 'proxy'])
    expect(exitCode, stderr).to.equal(0)
  })

  it('pastes more than the server takes at once', async () => {
    const text = 'x'.repeat(200_000)
    const typist = new Typist(
      ['login: ', 'root\r'],
      ['Password: ', 'x\r'],
      ['# ', 'cat\r'],
      ['cat\r\n', `${text}\r`],
      [`${text}\r\n${text}\r\n`, LEAVE],
    )
    const {exitCode, stderr} = await sit(typist, ['lxc', 'console', 'dns'])
    expect(exitCode, stderr).to.equal(0)
    expect(typist.pauses).to.be.greaterThan(5)
  })

  it('uses the serial port of a VM', async () => {
    configure(100, {serial0: '/dev/ttyS0', serial1: 'socket'})
    const typist = new Typist(['serial1\r\n', '\r'], ['db login: ', LEAVE])
    const {exitCode, stderr} = await sit(typist, ['vm', 'console', 'db'])
    expect(exitCode, stderr).to.equal(0)
    expect(stderr).to.contain('Press Enter if nothing shows')
  })

  it('types what is piped in, and leaves when nothing more is shown', async () => {
    const typist = new Typist(
      ['login: ', 'root\r'],
      ['Password: ', 'x\r'],
      ['# ', `echo ${LEAVE}1\r`],
      ['1\r\n', undefined],
    )
    typist.isTerminal = false
    const argv = ['lxc', 'console', 'dns', '--stdin', '--linger', '100ms', '--no-input']
    const {exitCode, stderr} = await sit(typist, argv)
    expect(exitCode, stderr).to.equal(0)
    expect(typist.shown).to.contain('root@dns:~# ')
    expect(stderr).to.contain('left at the end of the input')
    expect(stderr).not.to.contain('Leave it with')
  })

  it('is over when the guest stops, or its task is stopped', async () => {
    const {world} = cluster.simulator
    const typist = new Typist()
    const running = sit(typist, ['lxc', 'console', 'dns'])
    await typist.sees('login: ')
    world.store.of('guests').update(200, {run: undefined})
    const stopped = await running
    expect(stopped.exitCode, stopped.stderr).to.equal(0)
    expect(stopped.stderr).to.contain('the console of dns (container 200): ended')
    const other = new Typist()
    const killed = sit(other, ['lxc', 'console', 'proxy'])
    await other.sees('login: ')
    world.tasks.stop([...world.store.of('tasks').values()].find(({id}) => id === '201')!.upid)
    const {exitCode, stderr} = await killed
    expect(exitCode, stderr).to.equal(7)
    expect(stderr).to.contain('the console of proxy (container 201) was ended: received interrupt')
  })

  describe('refuses', () => {
    it('to sit where nobody can type', async () => {
      const nobody = new Typist()
      nobody.isTerminal = false
      for (const [streams, flags, reason] of [
        [nobody, [], 'stdin is none'],
        [new Typist(), ['--no-input'], '--no-input forbids it'],
      ] as const) {
        const {exitCode, stderr} = await sit(streams, ['lxc', 'console', 'dns', ...flags])
        expect(exitCode).to.equal(2)
        expect(stderr).to.contain(`a console wants a terminal to type at, and ${reason}`)
        expect(stderr).to.contain('--stdin')
      }

      const {exitCode, json} = await sit(new Typist(), ['lxc', 'console', 'dns', '--json'])
      expect(exitCode).to.equal(2)
      expect(json().error.code).to.equal('usage')
      expect(await fails(['lxc', 'console', 'dns', '--escape', 'x'], 2, 'usage')).to.contain('--escape: "x" is no key')
      expect(cluster.requests).to.deep.equal([])
    })

    it('a VM without a serial port, before anything is opened', async () => {
      const none = await fails(['vm', 'console', 'db'], 8, 'refused')
      expect(none).to.contain('db (VM 100) has no serial port for a console')
      expect(none).to.contain('homelab proxmox vm config set db serial0=socket')
      configure(100, {}, {serial0: 'socket'})
      const pending = await fails(['vm', 'console', '100'], 8, 'refused')
      expect(pending).to.contain('at the next start only')
      expect(pending).to.contain('homelab proxmox vm reboot db')
      configure(100, {serial0: '/dev/ttyS0'})
      expect(await fails(['vm', 'console', 'db', '--serial', 'serial0'], 8, 'refused')).to.contain('serial1=socket')
      expect(posts()).to.deep.equal([])
    })

    it('what does not run', async () => {
      cluster.simulator.world.store.of('guests').update(200, {run: undefined})
      expect(await fails(['lxc', 'console', 'dns'], 8, 'refused')).to.contain('homelab proxmox lxc start dns')
      expect(await fails(['vm', 'console', 'ubuntu-22.04'], 8, 'refused')).to.contain('is a template')
      expect(await fails(['lxc', 'console', 'dnss'], 5, 'not-found')).to.contain('dnss')
      expect(posts()).to.deep.equal([])
    })

    it('a node that is unknown or off', async () => {
      expect(await fails(['node', 'console', 'pve22'], 5, 'not-found', {env: ROOT})).to.contain('Did you mean pve2?')
      await cluster.simulator.powerOff('pve3')
      await cluster.simulator.advance(10)
      expect(await fails(['node', 'console', 'pve3'], 8, 'node-offline', {env: ROOT})).to.contain('is offline')
    })

    it("a token for a node's shell", async () => {
      const text = await fails(['node', 'console', 'pve1'], 4, 'permission')
      expect(text).to.contain('homelab auth login URL --user NAME@REALM')
    })
  })

  it('says what is wrong with a token before 9.x, and takes a password', async () => {
    await cluster.stop()
    cluster = await startCluster({pveVersion: '8.4', speed: 1})
    const text = await fails(['lxc', 'console', 'dns', '--debug'], 4, 'authentication')
    expect(text).to.contain('the console of dns (container 200) did not take the ticket it was opened with')
    expect(text).to.contain('homelab auth login URL --user NAME@REALM')
    expect(text).not.to.match(/PVEVNC:[\dA-F]{8}/)
    const typist = new Typist(['login: ', LEAVE])
    const {exitCode, stderr} = await sit(typist, ['lxc', 'console', 'dns', '--debug'], {env: ROOT})
    expect(exitCode, stderr).to.equal(0)
    expect(stderr).to.contain('vncticket=[redacted]')
    expect(stderr).not.to.match(/PVEVNC:[\dA-F]{8}|demo-root-password/)
  })

  it('says what the server says of a websocket it does not open', async () => {
    const answer = (status: number, reason: string) => ({status, reason, body: ''})
    for (const [interruption, code] of [
      [{answer: answer(401, 'permission denied - invalid PVEVNC ticket')}, 4],
      [{answer: answer(403, 'Permission check failed (/vms/200, VM.Console)')}, 4],
      [{answer: answer(200, 'OK')}, 3],
      [{drop: 'before'}, 3],
    ] as const) {
      cluster.meddle = ({path}) => (path.includes('vncwebsocket') ? interruption : undefined)
      const {exitCode, stderr} = await sit(new Typist(), ['lxc', 'console', 'dns'])
      expect(exitCode, stderr).to.equal(code)
      expect(stderr).to.contain('Cannot join the console of dns (container 200)')
    }
  })
})
