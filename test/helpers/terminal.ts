import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {startCluster, type TestCluster} from './cluster.js'
import {PtySession} from './pty.js'

const PROGRAM = fileURLToPath(new URL('../../bin/dev.js', import.meta.url))

/** For a suite whose commands run at a terminal, against a cluster and with a home of their own; both are gone after it. */
export function useTerminal(): {readonly cluster: () => TestCluster; readonly open: (argv: string) => PtySession} {
  let cluster: TestCluster
  let folder: string
  let session: PtySession | undefined

  before(async () => {
    cluster = await startCluster()
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-terminal-'))
  })

  afterEach(async () => {
    await session?.end()
    session = undefined
  })

  after(async () => {
    await cluster.stop()
    fs.rmSync(folder, {recursive: true, force: true})
  })

  return {
    cluster: () => cluster,
    open(argv) {
      const home = {HOME: folder, HOMELAB_CONFIG_DIR: folder, HOMELAB_STATE_DIR: folder, NO_COLOR: '1', TERM: 'xterm'}
      const env = {PATH: process.env.PATH ?? '', ...home, ...cluster.env}
      session = new PtySession(`"${process.execPath}" "${PROGRAM}" ${argv}; echo "EXIT=$?"`, env)
      return session
    },
  }
}
