import {expect} from 'chai'
import {createHash} from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {fakeSsh, type FakeSsh} from '../helpers/fake-ssh.js'
import {thisMachine} from '../helpers/guest-system.js'
import {PtySession} from '../helpers/pty.js'

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const EVERY_BYTE = Buffer.from(Array.from({length: 256}, (_, i) => i))
const ALL_OF_THEM = createHash('sha256').update(EVERY_BYTE).digest('hex')

/** The built program, started by a shell on a pseudo-terminal. */
describe('exec on a real terminal', function () {
  this.timeout(60_000)

  let cluster: TestCluster
  let folder: string
  let ssh: FakeSsh
  let session: PtySession | undefined

  before(async () => {
    cluster = await startCluster({pveVersion: '9.2'})
    cluster.simulator.world.guestSystem = thisMachine
  })
  after(() => cluster.stop())
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-exec-'))
    fs.writeFileSync(path.join(folder, 'bytes'), EVERY_BYTE)
    ssh = fakeSsh()
  })
  afterEach(async () => {
    await session?.end()
    session = undefined
    ssh.remove()
    fs.rmSync(folder, {recursive: true, force: true})
  })

  /** `homelab` in the line is the program. */
  function type(line: string): PtySession {
    const home = {HOME: folder, HOMELAB_CONFIG_DIR: folder, NO_COLOR: '1', TERM: 'xterm'}
    const program = `homelab() { "${process.execPath}" "${RUN}" proxmox "$@"; }; cd "${folder}"; `
    session = new PtySession(program + line, {...home, ...cluster.env, ...ssh.env})
    return session
  }

  it('shows the output of a command in a VM, and ends with its exit code', async () => {
    const terminal = type(`homelab vm exec db -- sh -c 'echo from the guest; exit 41'; echo "EXIT=$?"`)
    // The terminal itself makes a new line of a line feed.
    await terminal.sees('from the guest\r\nEXIT=41\r\n')
  })

  it('passes every byte on unharmed through a pipe', async () => {
    const terminal = type(`{ homelab vm exec db -- cat ${folder}/bytes; echo "EXIT=$?" >&2; } | sha256sum`)
    await terminal.sees('EXIT=0')
    await terminal.sees(ALL_OF_THEM)
  })

  it('hands a piped stdin on, and not the terminal', async () => {
    const terminal = type(`homelab vm exec db -- cat < bytes | sha256sum; homelab vm exec db -- cat; echo "EXIT=$?"`)
    await terminal.sees(ALL_OF_THEM)
    await terminal.sees('EXIT=0')
  })

  it('stops waiting on Ctrl-C, and says that the command goes on', async () => {
    cluster.requests.length = 0
    const terminal = type(`trap : INT; homelab vm exec db -- sleep 20; echo "EXIT=$?"`)
    while (!cluster.requests.some((sent) => sent.path.includes('exec-status'))) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }

    terminal.type('\u0003')
    await terminal.sees('goes on in the guest')
    await terminal.sees('EXIT=130')
  })

  it('gives a command in a container the terminal, and passes bytes on where there is none', async () => {
    const terminal = type(
      `homelab lxc exec dns -- sh -c 'test -t 0 && test -t 1 && echo a terminal; exit 5'; echo "EXIT=$?"; homelab lxc exec dns -- cat ${folder}/bytes | sha256sum`,
    )
    await terminal.sees('a terminal\r\nEXIT=5\r\n')
    await terminal.sees(ALL_OF_THEM)
    expect(ssh.calls().map(([first]) => first)).to.deep.equal(['-t', '-T'])
  })
})
