import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type {Json} from '../../src/simulator/kernel/pve-error.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {fakeSsh, type FakeSsh} from '../helpers/fake-ssh.js'
import {thisMachine} from '../helpers/guest-system.js'
import {runCommand, type RunOptions} from '../helpers/run-command.js'

const EVERY_BYTE = Buffer.from(Array.from({length: 256}, (_, i) => i))

/** A runtime whose outputs are kept as bytes. */
function collect() {
  const chunks: Record<'stderr' | 'stdout', Uint8Array[]> = {stdout: [], stderr: []}
  const stream = (name: 'stderr' | 'stdout') => ({
    isTTY: false,
    write: (data: Uint8Array | string) => void chunks[name].push(Buffer.from(data as Uint8Array)),
  })
  return {
    runtime: {stdout: stream('stdout'), stderr: stream('stderr')},
    stdout: () => Buffer.concat(chunks.stdout),
    stderr: () => Buffer.concat(chunks.stderr),
  }
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`vm exec on ${pveVersion}`, () => {
    let cluster: TestCluster

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    after(() => cluster.stop())
    beforeEach(() => {
      cluster.meddle = undefined
      cluster.simulator.world.guestSystem = thisMachine
    })

    const exec = ['proxmox', 'vm', 'exec']
    const program = (answers: {[command: string]: Json}): void => {
      const {world} = cluster.simulator
      world.guestSystem = undefined
      world.store.of('guests').update(100, {behaviour: {agent: {exec: answers}}})
    }

    it('passes the output and the exit code on', async () => {
      const done = await cluster.run([...exec, 'db', '--', 'sh', '-c', 'echo out; echo err >&2; exit 41'])
      expect(done).to.include({stdout: 'out\n', stderr: 'err\n', exitCode: 41})
    })

    it('passes every byte on unharmed, from stdin to stdout and stderr', async () => {
      const {runtime, stdout, stderr} = collect()
      const done = await cluster.run(
        [...exec, 'db', '--shell', '--', 'f=$(mktemp); cat >$f; cat $f; cat $f >&2; rm $f'],
        {stdin: EVERY_BYTE, runtime},
      )
      expect(done.exitCode).to.equal(0)
      expect(stdout().equals(EVERY_BYTE)).to.equal(true)
      expect(stderr().equals(EVERY_BYTE)).to.equal(true)
    })

    it('hands any argument on as it is', async () => {
      const words = ['', ' ', "it's", '"', '$HOME', '`id`', '\n', '\\', '%s', '-n', '--json', 'é', '—✓', '😀', 'a;b|c']
      const show = ['sh', '-c', String.raw`for word do printf '%s\0' "$word"; done`, 'show']
      const {runtime, stdout} = collect()
      const done = await cluster.run([...exec, 'db', '--', ...show, ...words], {runtime})
      expect(done.exitCode).to.equal(0)
      expect(stdout().toString()).to.equal(words.map((word) => `${word}\0`).join(''))
    })

    it('needs no shell for plain words, and has one on request', async () => {
      expect(await cluster.run([...exec, 'db', '--', 'echo', '$((1+1))'])).to.include({stdout: '$((1+1))\n'})
      expect(await cluster.run([...exec, 'db', '--shell', '--', 'echo $((1+1)) | cat'])).to.include({stdout: '2\n'})
    })

    it('prints one document under --json, with the same exit code', async () => {
      const done = await cluster.run([...exec, 'db', '--json', '--', 'sh', '-c', 'echo ok; exit 3'])
      expect(done.exitCode).to.equal(3)
      expect(done.json()).to.include({vmid: 100, name: 'db', node: 'pve1', exitCode: 3, stdout: 'ok\n', stderr: ''})
      const binary = await cluster.run([...exec, 'db', '--json', '--', 'cat'], {stdin: EVERY_BYTE})
      expect(Buffer.from(binary.json().stdoutBase64, 'base64').equals(EVERY_BYTE)).to.equal(true)
    })

    it('tells a signal as a shell does', async () => {
      const done = await cluster.run([...exec, 'db', '--json', '--', 'sh', '-c', 'kill -9 $$'])
      expect(done.exitCode).to.equal(137)
      expect(done.json()).to.include({signal: 9}).and.not.have.property('exitCode')
    })

    it('leaves stdin alone when asked to', async () => {
      expect(await cluster.run([...exec, 'db', '--no-stdin', '--', 'cat'], {stdin: 'x'})).to.include({stdout: ''})
    })

    it('says what it waits for when nobody ends stdin', async () => {
      let end = (): void => {}
      const open = new Promise<void>((resolve) => {
        end = resolve
      })
      const stdin = {
        isTTY: false,
        async *[Symbol.asyncIterator]() {
          yield 'first '
          await open
          yield 'last'
        },
      }
      const said = collect()
      const running = cluster.run([...exec, 'db', '--', 'cat'], {runtime: {...said.runtime, stdin}})
      await waitUntil(() => said.stderr().includes('--no-stdin'))
      end()
      expect((await running).exitCode).to.equal(0)
      expect(said.stdout().toString()).to.equal('first last')
    })

    it('refuses more input than the agent takes, before anything is sent', async () => {
      cluster.requests.length = 0
      const done = await cluster.run([...exec, 'db', '--json', '--', 'cat'], {stdin: 'x'.repeat(65_537)})
      expect(done.exitCode).to.equal(2)
      expect(done.json().error.message).to.contain('64 KiB')
      expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
    })

    it('takes 64 KiB of any bytes', async () => {
      const most = Buffer.alloc(65_536, 0xff)
      const {runtime, stdout} = collect()
      await cluster.run([...exec, 'db', '--', 'cat'], {stdin: most, runtime})
      expect(stdout().equals(most)).to.equal(true)
    })

    it('says that a program is missing, and that none was named', async () => {
      const missing = await cluster.run([...exec, 'db', '--json', '--', 'no-such-program'])
      expect(missing.exitCode).to.equal(5)
      expect(missing.json().error.details).to.include({reason: 'no-such-program'})
      expect(await cluster.run([...exec, 'db'])).to.include({exitCode: 2})
    })

    it('tells a VM that does not run from an agent that is not there', async () => {
      const stopped = await cluster.run([...exec, 'scratch', '--json', '--', 'true'])
      expect(stopped.exitCode).to.equal(6)
      expect(stopped.json().error).to.nested.include({'details.reason': 'not-running'})
      expect(stopped.json().error.hint).to.contain('homelab proxmox vm start scratch')
      cluster.simulator.world.store.of('guests').update(102, {behaviour: {}})
      const silent = await cluster.run([...exec, 'ci', '--json', '--', 'true'])
      expect(silent.json().error).to.nested.include({'details.reason': 'agent-not-answering'})
    })

    it('warns of output that the agent cut off', async () => {
      program({dump: {'out-data': 'begin', 'out-truncated': 1}})
      const done = await cluster.run([...exec, 'db', '--', 'dump'])
      expect(done).to.include({stdout: 'begin', exitCode: 0})
      expect(done.stderr).to.contain('warning: the output was longer')
      const json = (await cluster.run([...exec, 'db', '--json', '--', 'dump'])).json()
      expect(json).to.include({stdoutTruncated: true})
    })

    it('stops waiting, and says that the command goes on, with its process id', async () => {
      program({sleep: {seconds: 3600}})
      const late = await cluster.run([...exec, 'db', '--json', '--timeout', '200ms', '--', 'sleep', '3600'])
      expect(late.exitCode).to.equal(124)
      expect(late.json().error.details.pid).to.be.a('number')
      cluster.requests.length = 0
      const running = cluster.run([...exec, 'db', '--', 'sleep', '3600'])
      await waitUntil(() => cluster.requests.at(-1)?.path.includes('exec-status') === true)
      running.signal('SIGINT')
      const stopped = await running
      expect(stopped.exitCode).to.equal(130)
      expect(stopped.stderr).to.match(/goes on in the guest[^]*kill \d+/)
    })

    it('asks again when a question is lost', async () => {
      program({make: {exitcode: 7}})
      let cut = 0
      cluster.meddle = ({path}) => (path.includes('exec-status') && cut++ === 0 ? {drop: 'before'} : undefined)
      expect(await cluster.run([...exec, 'db', '--', 'make'])).to.include({exitCode: 7})
      expect(cut).to.be.greaterThan(1)
    })

    it('does not know how a command ended when the one answer that tells is lost', async () => {
      program({make: {exitcode: 7}})
      let cut = 0
      cluster.meddle = ({path}) => (path.includes('exec-status') && cut++ === 0 ? {drop: 'after'} : undefined)
      const done = await cluster.run([...exec, 'db', '--json', '--', 'make'])
      expect(done.exitCode).to.equal(12)
      expect(done.json().error.details.pid).to.be.a('number')
    })
  })
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`lxc exec on ${pveVersion}`, () => {
    let cluster: TestCluster
    let ssh: FakeSsh

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    after(() => cluster.stop())
    beforeEach(() => {
      ssh = fakeSsh()
    })
    afterEach(() => ssh.remove())

    const exec = (args: readonly string[], options: RunOptions = {}) =>
      cluster.run(['proxmox', 'lxc', 'exec', ...args], {...options, env: {...ssh.env, ...options.env}})

    it('goes over ssh to the node, and passes the output and the exit code on', async () => {
      const done = await exec(['dns', '--', 'sh', '-c', 'echo out; echo err >&2; exit 41'])
      expect(done).to.include({stdout: 'out\n', stderr: 'err\n', exitCode: 41})
      const [call] = ssh.calls()
      expect(call?.slice(0, -1)).to.deep.equal(['-T', '-l', 'root', '--', '127.0.0.1'])
      expect(ssh.pctCalls()).to.deep.equal([['exec', '200', '--', 'sh', '-c', 'echo out; echo err >&2; exit 41']])
    })

    it('passes every byte and every argument on unharmed', async () => {
      const bytes = collect()
      await exec(['dns', '--', 'cat'], {stdin: EVERY_BYTE, runtime: bytes.runtime})
      expect(bytes.stdout().equals(EVERY_BYTE)).to.equal(true)
      const words = ['', "it's", '$HOME', '`id`', '\n', '\\', '-n', '--json', 'é—✓😀', '~', '*']
      const shown = collect()
      const show = ['sh', '-c', String.raw`for word do printf '%s\0' "$word"; done`, 'show']
      await exec(['dns', '--', ...show, ...words], {runtime: shown.runtime})
      expect(shown.stdout().toString()).to.equal(words.map((word) => `${word}\0`).join(''))
    })

    it('prints one document under --json', async () => {
      const done = await exec(['proxy', '--json', '--', 'sh', '-c', 'echo ok; exit 3'])
      expect(done.exitCode).to.equal(3)
      expect(done.json()).to.deep.equal({
        vmid: 201,
        name: 'proxy',
        type: 'lxc',
        node: 'pve2',
        exitCode: 3,
        stdout: 'ok\n',
        stderr: '',
      })
    })

    it('uses the address, user, port and key of the configuration', async () => {
      const {HOMELAB_ENDPOINTS, HOMELAB_FINGERPRINT, ...token} = cluster.env
      const configDir = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-config-'))
      fs.writeFileSync(
        path.join(configDir, 'config.yaml'),
        `contexts:
  lab:
    endpoints: ${HOMELAB_ENDPOINTS}
    fingerprint: "${HOMELAB_FINGERPRINT}"
    ssh: {user: admin, port: 2222, identityFile: /keys/lab, hosts: {pve1: pve1.lan}}
`,
      )
      const env = {...token, ...ssh.env}
      const done = await runCommand(['proxmox', 'lxc', 'exec', 'dns', '--no-input', '--', 'echo', 'hi'], {
        configDir,
        env,
      })
      expect(done).to.include({stdout: 'hi\n', exitCode: 0})
      expect(ssh.calls()[0]).to.deep.equal(
        ['-T', '-o', 'BatchMode=yes', '-l', 'admin', '-p', '2222', '-i', '/keys/lab', '--', 'pve1.lan'].concat(
          'sudo pct exec 200 -- echo hi',
        ),
      )
      fs.rmSync(configDir, {recursive: true})
    })

    it('never switches the check of host keys off', async () => {
      await exec(['dns', '--', 'true'])
      expect(ssh.calls().flat().join(' ')).to.not.match(/StrictHostKeyChecking|UserKnownHostsFile/i)
    })

    it('is unreachable where ssh fails, and explains it', async () => {
      const done = await exec(['dns', '--json', '--', 'sh', '-c', 'echo Connection refused >&2; exit 255'])
      expect(done.exitCode).to.equal(3)
      expect(done.json().error).to.include({code: 'unreachable'})
      expect(done.json().error.message).to.contain('ssh to root@127.0.0.1 (pve1) ended with 255').and.contain('refused')
      expect(done.json().error.hint).to.contain('identityFile')
    })

    it('says that ssh is missing, and that a container does not run, before anything is tried', async () => {
      const none = await exec(['dns', '--json', '--', 'true'], {env: {PATH: '/nonexistent'}})
      expect(none.json().error).to.include({code: 'not-supported', exitCode: 8})
      const stopped = await exec(['playground', '--json', '--', 'true'])
      expect(stopped.json().error).to.nested.include({exitCode: 6, 'details.reason': 'not-running'})
      expect(ssh.calls()).to.deep.equal([])
    })
  })
}

async function waitUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
