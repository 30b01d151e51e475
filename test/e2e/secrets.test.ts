import {expect} from 'chai'
import {execFile, spawn} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

const RUN = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const PASSWORD = 'correct-horse-battery'
const WRONG_SECRET = '99999999-9999-4999-8999-999999999999'

interface Ran {
  readonly output: string
  readonly argv: string
  readonly exitCode: number | null
}

describe('secrets', () => {
  let cluster: TestCluster
  let folder: string

  beforeEach(async () => {
    cluster = await startCluster({speed: 'instant'})
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-secrets-'))
  })

  afterEach(async () => {
    await cluster.stop()
    fs.rmSync(folder, {recursive: true, force: true})
  })

  /** Runs the built program as people do, and looks at its command line as other users of the machine can. */
  function homelab(argv: readonly string[], env: Readonly<Record<string, string>> = {}, input = ''): Promise<Ran> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [RUN, ...argv], {
        env: {PATH: process.env.PATH, HOME: folder, HOMELAB_CONFIG_DIR: path.join(folder, 'config'), ...env},
      })
      let output = ''
      let seen = ''
      execFile('ps', ['-eo', 'args'], (_error, list) => {
        seen = list
      })
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
      child.stdin.end(input)
      child.on('close', (exitCode) => resolve({output, argv: seen, exitCode}))
    })
  }

  function filesBelow(at: string): string[] {
    return fs
      .readdirSync(at, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
  }

  it('appear in no output, no process list and no file but the one that keeps them', async function () {
    this.timeout(60_000)
    const {simulator, env} = cluster
    const secret = simulator.tokenSecret
    const create = ['proxmox', 'vm', 'create', 'web', 'ubuntu-22.04', '--debug']
    const runs = [
      await homelab(
        [
          'auth',
          'login',
          simulator.url,
          '--fingerprint',
          simulator.fingerprint,
          '--token-id',
          simulator.tokenId,
          '--name',
          'lab',
          '--secret-stdin',
          '--debug',
        ],
        {},
        `${secret}\n`,
      ),
      await homelab(create),
      await homelab([...create, '--json']),
      await homelab(['config', 'show', '--debug']),
      await homelab(['context', 'show', 'lab', '--json', '--debug']),
      await homelab(['proxmox', 'vm', 'create', 'web', 'nothing', '--debug']),
      await homelab(create, {...env, HOMELAB_TOKEN_SECRET: WRONG_SECRET}),
      await homelab(create, {...env, HOMELAB_FINGERPRINT: simulator.fingerprint.replace(/^../, '00')}),
      await homelab(create, {...env, HOMELAB_ENDPOINTS: 'https://127.0.0.1:1'}),
      await homelab(
        ['proxmox', 'api', 'put', '/access/password', '-d', 'userid=nobody@pve', '-d', 'password=@-', '--debug'],
        {},
        PASSWORD,
      ),
    ]
    expect(runs[0]!.exitCode, runs[0]!.output).to.equal(0)
    expect(runs[1]!.exitCode, runs[1]!.output).to.equal(0)
    const secrets = [secret, WRONG_SECRET, PASSWORD]
    for (const {output, argv} of runs) {
      for (const word of secrets) {
        expect(output).not.to.contain(word)
        expect(argv).not.to.contain(word)
      }
    }

    expect(runs[1]!.output, 'the trace is there').to.contain('/cluster/resources')
    const keepers = filesBelow(folder).filter((file) => fs.readFileSync(file, 'utf8').includes(secret))
    expect(keepers).to.have.length(1)
    expect(fs.statSync(keepers[0]!).mode & 0o777).to.equal(0o600)
  })

  it('do not show in the simulator, neither in its process nor in its files beyond its own', async function () {
    this.timeout(60_000)
    const started = await homelab(['simulator', 'start', '--name', 's', '--speed', 'instant', '--json', '--debug'])
    try {
      expect(started.exitCode, started.output).to.equal(0)
      const listed = await homelab(['proxmox', 'vm', 'list', '--debug'])
      expect(listed.exitCode, listed.output).to.equal(0)
      const [keeper, ...others] = filesBelow(path.join(folder, 'config', 'secrets'))
      expect(others).to.deep.equal([])
      const secret = fs.readFileSync(keeper!, 'utf8').trim()
      expect(secret).to.match(/^[0-9a-f-]{36}$/)
      for (const {output, argv} of [started, listed]) {
        expect(output).not.to.contain(secret)
        expect(argv).not.to.contain(secret)
      }
    } finally {
      await homelab(['simulator', 'stop', '--name', 's', '--purge'])
    }
  })
})
