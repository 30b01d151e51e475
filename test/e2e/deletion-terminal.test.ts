import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {PtySession} from '../helpers/pty.js'

const PROGRAM = fileURLToPath(new URL('../../bin/dev.js', import.meta.url))

describe('deleting at a terminal', function () {
  this.timeout(60_000)

  let cluster: TestCluster
  let folder: string
  let session: PtySession | undefined

  before(async () => {
    cluster = await startCluster()
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-deletion-'))
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
    const home = {PATH: process.env.PATH ?? '', HOME: folder, HOMELAB_CONFIG_DIR: folder, NO_COLOR: '1', TERM: 'xterm'}
    session = new PtySession(`"${process.execPath}" "${PROGRAM}" ${argv}; echo "EXIT=$?"`, {...home, ...cluster.env})
    return session
  }
  const deletions = () => cluster.requests.filter(({method}) => method === 'DELETE').length

  it('wants the name of one guest to be typed', async () => {
    const wrong = open('proxmox vm delete scratch')
    await wrong.sees('scsi0: nas:103/vm-103-disk-0.qcow2, 8 GiB')
    await wrong.sees('Type scratch to go on:')
    wrong.type('y\r')
    await wrong.sees('EXIT=8')
    expect(wrong.output).to.contain('nothing was deleted')
    expect(deletions()).to.equal(0)
    await wrong.end()

    const right = open('proxmox vm delete scratch')
    await right.sees('Type scratch to go on:')
    right.type('scratch\r')
    await right.sees('EXIT=0')
    expect(deletions()).to.equal(1)
  })

  it('wants the number of several to be typed', async () => {
    const both = open('proxmox lxc delete dns proxy --force')
    await both.sees('Type 2 to go on:')
    both.type('2\r')
    await both.sees('EXIT=0')
    expect(deletions()).to.equal(3)
  })
})
