import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {PtySession} from '../helpers/pty.js'

const PROGRAM = fileURLToPath(new URL('../../bin/dev.js', import.meta.url))

describe('draining at a terminal', function () {
  this.timeout(60_000)

  let cluster: TestCluster
  let folder: string
  let session: PtySession | undefined

  before(async () => {
    cluster = await startCluster()
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-drain-terminal-'))
  })

  afterEach(async () => {
    await session?.end()
    session = undefined
  })

  after(async () => {
    await cluster.stop()
    fs.rmSync(folder, {recursive: true, force: true})
  })

  const open = (argv: string): PtySession => {
    const home = {PATH: process.env.PATH ?? '', HOME: folder, HOMELAB_CONFIG_DIR: folder, HOMELAB_STATE_DIR: folder}
    const env = {...home, NO_COLOR: '1', TERM: 'xterm', ...cluster.env}
    session = new PtySession(`"${process.execPath}" "${PROGRAM}" ${argv}; echo "EXIT=$?"`, env)
    return session
  }

  it('shows the plan and asks, then what is under way, and leaves one line', async () => {
    const no = open('proxmox node drain pve2')
    await no.sees('git (VM 101): pve2 -> pve1, online')
    await no.sees('Drain pve2?')
    no.type('n\r')
    await no.sees('EXIT=8')
    await no.end()

    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    cluster.meddle = ({method, path: to}) =>
      method === 'GET' && /:qmigrate:101:.*\/status$/.test(decodeURIComponent(to))
        ? {holdAnswer: () => held}
        : undefined
    const yes = open('proxmox node drain pve2')
    await yes.sees('Drain pve2?')
    yes.type('y\r')
    await yes.sees('drain of pve2: 1 of 2 50%')
    release()
    await yes.sees('no guest runs on pve2: 2 guests moved away, 0 shut down')
    await yes.sees('EXIT=0')
    expect(yes.output).not.to.contain('undefined')
  })
})
