import {expect} from 'chai'
import {spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {PtySession} from '../helpers/pty.js'

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const LEAVE = '\u001D'

describe('consoles on a real terminal', function () {
  this.timeout(60_000)

  let cluster: TestCluster
  let folder: string
  let session: PtySession | undefined

  beforeEach(async () => {
    cluster = await startCluster({pveVersion: '9.2', speed: 1})
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-console-'))
  })

  afterEach(async () => {
    await session?.end()
    session = undefined
    await cluster.stop()
    fs.rmSync(folder, {recursive: true, force: true})
  })

  /** Runs the built program, and says afterwards how it ended and whether the terminal is as it was. */
  function open(
    argv: string,
    {before = '', env = {}}: {before?: string; env?: Record<string, string>} = {},
  ): PtySession {
    const program = `"${process.execPath}" "${RUN}"`
    const line = `cd ${folder}; ${before} stty -a | tail -n +2 > was; sh -c 'echo $$ > pid; exec ${program} ${argv}'; echo "EXIT=$?"; stty -a | tail -n +2 > is; cmp was is && echo SAME`
    const home = {PATH: process.env.PATH ?? '', HOME: folder, HOMELAB_CONFIG_DIR: folder, NO_COLOR: '1', TERM: 'xterm'}
    session = new PtySession(line, {...home, ...cluster.env, ...env})
    return session
  }

  async function endsWith(code: number): Promise<void> {
    await session!.sees(`EXIT=${code}\r\n`)
    await session!.sees('SAME\r\n')
    expect(await session!.exited).to.equal(0)
  }

  async function logIn(): Promise<void> {
    await session!.sees('dns login: ')
    session!.type('root\r')
    await session!.sees('Password: ')
    session!.type('hunter2\r')
    expect(await session!.sees('root@dns:~# ')).not.to.contain('hunter2')
  }

  it('take keys and sizes to a container and are left as they were', async () => {
    const pipe = path.join(folder, 'resize')
    expect(spawnSync('mkfifo', [pipe]).status).to.equal(0)
    const tty = open('proxmox lxc console dns', {before: `(read go < ${pipe}; stty rows 41 cols 121 < /dev/tty) &`})
    await tty.sees('connected to the console of dns (container 200). Leave it with Ctrl-].')
    await logIn()
    tty.type('echo grüße; \u001B[A\r')
    await tty.sees('grüße; ^[[A\r\n')
    tty.type('cat\rnever\u0003')
    await tty.sees('never^C\r\n')
    tty.type('stty size\r')
    await tty.sees('30 100\r\n')
    fs.writeFileSync(pipe, 'go\n')
    for (let seen = ''; seen !== '41 121';) {
      tty.type('stty size\r')
      seen = /(\d+ \d+)\r\n$/.exec(await tty.sees(/\d+ \d+\r\n/))![1]!
      expect(seen).to.be.oneOf(['30 100', '41 121'])
    }

    tty.type(`half a line${LEAVE}`)
    const last = await tty.sees('left; what runs there goes on\r\n')
    expect(last).to.contain('half a line')
    // The size has changed, so that only the rest can be the same.
    await tty.sees('EXIT=0\r\n')
    await tty.sees('SAME\r\n')
  })

  it('come back to where they were left, with another key to leave', async () => {
    open('proxmox lxc console 200')
    await logIn()
    session!.type(LEAVE)
    await endsWith(0)
    const again = open('proxmox ct console dns --escape ^A')
    await again.sees('Leave it with Ctrl-A. Press Enter if nothing shows\n\r')
    again.type(`${LEAVE}x\r`)
    await again.sees('command not found\r\n')
    again.type('whoami\r')
    await again.sees('whoami\r\nroot\r\n')
    again.type('\u0001')
    await endsWith(0)
  })

  it('end with the shell of a node', async () => {
    const env = {HOMELAB_TOKEN_ID: '', HOMELAB_USER: 'root@pam', HOMELAB_PASSWORD: 'demo-root-password'}
    const tty = open('proxmox node console pve2', {env})
    await tty.sees('root@pve2:~# ')
    tty.type('hostname; \rexit\r')
    await tty.sees('logout\r\n')
    await tty.sees('the shell of node pve2: ended\r\n')
    await endsWith(0)
  })

  it('give the terminal back when the connection breaks', async () => {
    open('proxmox lxc console dns')
    await logIn()
    await cluster.simulator.powerOff('pve1')
    await session!.sees('error: the connection to the console of dns (container 200) broke\r\n')
    await endsWith(3)
  })

  it('give the terminal back when they are told to stop', async () => {
    open('proxmox lxc console dns')
    await logIn()
    process.kill(Number(fs.readFileSync(path.join(folder, 'pid'), 'utf8')), 'SIGTERM')
    await endsWith(143)
  })
})
