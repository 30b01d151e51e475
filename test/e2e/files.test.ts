import {expect} from 'chai'
import {createHash} from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {fakeSsh, type FakeSsh} from '../helpers/fake-ssh.js'
import {thisMachine} from '../helpers/guest-system.js'

const EVERY_BYTE = Buffer.from(Array.from({length: 256}, (_, i) => i))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes without a pattern. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0, x = 1; i < length; i++) {
    x = (x * 1_103_515_245 + 12_345) % 2_147_483_648
    bytes[i] = x >> 16
  }

  return bytes
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`files on ${pveVersion}`, () => {
    let cluster: TestCluster
    let ssh: FakeSsh
    let folder: string

    before(async () => {
      cluster = await startCluster({pveVersion})
      cluster.simulator.world.guestSystem = thisMachine
    })
    after(() => cluster.stop())
    beforeEach(() => {
      cluster.meddle = undefined
      cluster.requests.length = 0
      ssh = fakeSsh()
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-files-'))
      fs.mkdirSync(path.join(folder, 'here'))
      fs.mkdirSync(path.join(folder, 'guest'))
    })
    afterEach(() => {
      ssh.remove()
      fs.rmSync(folder, {recursive: true})
    })

    const here = (name: string) => path.join(folder, 'here', name)
    const guest = (name: string) => path.join(folder, 'guest', name)
    const run = (args: readonly string[], stdin?: Uint8Array) =>
      cluster.run(['proxmox', ...args], {env: ssh.env, cwd: path.join(folder, 'here'), ...(stdin && {stdin})})
    const files = () => fs.readdirSync(path.join(folder, 'guest')).concat(fs.readdirSync(path.join(folder, 'here')))

    for (const [kind, name] of [
      ['vm', 'db'],
      ['lxc', 'dns'],
    ] as const) {
      describe(kind, () => {
        it('copies every byte in and out again', async () => {
          fs.writeFileSync(here('a'), EVERY_BYTE)
          const pushed = await run([kind, 'file', 'push', name, 'a', guest('b'), '--json'])
          expect(pushed.exitCode, pushed.stderr).to.equal(0)
          expect(pushed.json()).to.include({name, local: 'a', remote: guest('b'), bytes: 256})
          expect(fs.readFileSync(guest('b')).equals(EVERY_BYTE)).to.equal(true)
          const pulled = await run([kind, 'file', 'pull', name, guest('b'), 'c', '--json'])
          expect(pulled.json()).to.include({bytes: 256, local: here('c')})
          expect(fs.readFileSync(here('c')).equals(EVERY_BYTE)).to.equal(true)
        })

        it('reads stdin and writes stdout for -, and into folders', async () => {
          expect(await run([kind, 'file', 'push', name, '-', guest('in')], Buffer.from('text\n'))).to.include({
            exitCode: 0,
          })
          expect(await run([kind, 'file', 'pull', name, guest('in'), '-'])).to.include({stdout: 'text\n', exitCode: 0})
          await run([kind, 'file', 'pull', name, guest('in'), '.'])
          expect(fs.readFileSync(here('in'), 'utf8')).to.equal('text\n')
          expect(await run([kind, 'file', 'push', name, 'in', `${guest('')}/`])).to.include({exitCode: 0})
          expect(await run([kind, 'file', 'push', name, '-', `${guest('')}/`])).to.include({exitCode: 2})
        })

        it('copies large files, and empty ones, and those with odd names', async () => {
          const large = noise(200_000)
          for (const [file, content] of [
            ['large', large],
            ['empty', Buffer.alloc(0)],
            ["it's — ünïcode $HOME", large.subarray(0, 100)],
          ] as const) {
            fs.writeFileSync(here('source'), content)
            const pushed = await run([kind, 'file', 'push', name, 'source', guest(file)])
            expect(pushed.exitCode, pushed.stderr).to.equal(0)
            expect(sha256(fs.readFileSync(guest(file)))).to.equal(sha256(content))
            await run([kind, 'file', 'pull', name, guest(file), 'target'])
            expect(sha256(fs.readFileSync(here('target')))).to.equal(sha256(content))
          }

          expect(files().filter((file) => file.includes('.homelab-'))).to.deep.equal([])
        })

        it('keeps the mode of what is there already, here and there', async () => {
          fs.writeFileSync(guest('x'), 'old', {mode: 0o600})
          fs.writeFileSync(here('x'), noise(50_000))
          await run([kind, 'file', 'push', name, 'x', guest('x')])
          expect(fs.statSync(guest('x')).mode & 0o777).to.equal(0o600)
          fs.writeFileSync(here('y'), 'old', {mode: 0o640})
          await run([kind, 'file', 'pull', name, guest('x'), 'y'])
          expect(fs.statSync(here('y')).mode & 0o777).to.equal(0o640)
        })

        it('leaves the local file alone when there is nothing to pull', async () => {
          fs.writeFileSync(here('x'), 'old')
          const failed = await run([kind, 'file', 'pull', name, guest('none'), 'x', '--json'])
          expect(failed.exitCode).to.equal(5)
          expect(failed.json().error.details).to.include({reason: 'no-such-file'})
          expect(files()).to.deep.equal(['x'])
          expect(fs.readFileSync(here('x'), 'utf8')).to.equal('old')
        })

        it('says what is wrong with paths before anything is asked', async () => {
          expect(await run([kind, 'file', 'push', name, 'nothing', '/tmp/x'])).to.include({exitCode: 5})
          expect(await run([kind, 'file', 'push', name, '.', '/tmp/x'])).to.include({exitCode: 2})
          expect(await run([kind, 'file', 'pull', name, 'etc/hosts', 'x'])).to.include({exitCode: 2})
          expect(await run([kind, 'file', 'pull', name, '/etc/hosts', '-', '--json'])).to.include({exitCode: 2})
          expect(cluster.requests).to.deep.equal([])
        })

        it('says that a folder of the guest is missing', async () => {
          fs.writeFileSync(here('x'), noise(60_000))
          const failed = await run([kind, 'file', 'push', name, 'x', guest('no/such/file'), '--json'])
          expect(failed.exitCode).to.equal(5)
        })
      })
    }

    it('refuses to push more than the agent can take, before anything is sent', async () => {
      fs.writeFileSync(here('x'), '')
      fs.truncateSync(here('x'), 16 * 2 ** 20 + 1)
      const failed = await run(['vm', 'file', 'push', 'db', 'x', guest('x'), '--json'])
      expect(failed.json().error).to.nested.include({exitCode: 8, 'details.reason': 'file-too-large'})
      expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
    })

    it('refuses a file that the agent cuts off, and leaves nothing of it', async () => {
      fs.writeFileSync(guest('x'), '')
      fs.truncateSync(guest('x'), 16 * 2 ** 20 + 1)
      const failed = await run(['vm', 'file', 'pull', 'db', guest('x'), 'x', '--json'])
      expect(failed.json().error).to.nested.include({exitCode: 8, 'details.reason': 'file-too-large'})
      expect(files()).to.deep.equal(['x'])
    })

    it('sends one request for what fits into one, and pieces for the rest', async () => {
      const writes = () =>
        cluster.requests.filter(({method}) => method === 'POST').map((sent) => sent.path.split('/').at(-1))
      fs.writeFileSync(here('x'), noise(42 * 1024))
      await run(['vm', 'file', 'push', 'db', 'x', guest('x')])
      expect(writes()).to.deep.equal(['file-write'])
      cluster.requests.length = 0
      fs.writeFileSync(here('x'), noise(42 * 1024 + 1))
      const pushed = await run(['vm', 'file', 'push', 'db', 'x', guest('x'), '--json'])
      expect(pushed.json()).to.include({via: 'exec', sha256: sha256(fs.readFileSync(here('x')))})
      expect(writes()).to.deep.equal(['exec', 'exec', 'exec', 'exec'])
    })

    it('leaves the old file and nothing else when a piece is lost', async () => {
      fs.writeFileSync(guest('x'), 'old')
      fs.writeFileSync(here('x'), noise(100_000))
      let count = 0
      cluster.meddle = ({method}) => (method === 'POST' && ++count === 3 ? {drop: 'before'} : undefined)
      const failed = await run(['vm', 'file', 'push', 'db', 'x', guest('x'), '--json'])
      expect(failed.exitCode).to.equal(12)
      expect(fs.readFileSync(guest('x'), 'utf8')).to.equal('old')
      expect(fs.readdirSync(path.join(folder, 'guest'))).to.deep.equal(['x'])
    })
  })
}
