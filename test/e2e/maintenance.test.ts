import {expect} from 'chai'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {fakeSsh, type FakeSsh} from '../helpers/fake-ssh.js'

describe('maintenance of a node', () => {
  let cluster: TestCluster
  let ssh: FakeSsh
  let folder: string

  before(async () => {
    cluster = await startCluster()
    ssh = fakeSsh()
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-ha-'))
  })
  after(async () => {
    ssh.remove()
    fs.rmSync(folder, {recursive: true, force: true})
    await cluster.stop()
  })

  const run = async (...argv: string[]) => {
    const {json, exitCode} = await cluster.run(['proxmox', 'node', 'maintenance', ...argv, '--json'], {
      env: {PATH: `${folder}${path.delimiter}${ssh.env.PATH}`},
    })
    return {exitCode, result: json()}
  }
  const haManager = (text: string): void =>
    fs.writeFileSync(path.join(folder, 'ha-manager'), `#!/bin/sh\n${text}\n`, {mode: 0o755})

  it('is switched by ha-manager on the node', async () => {
    haManager('exit 0')
    const line = 'ha-manager crm-command node-maintenance enable pve1'
    const planned = await run('on', 'pve1', '--dry-run')
    expect(planned.result).to.deep.equal({node: 'pve1', maintenance: true, command: line, dryRun: true})
    expect(ssh.calls()).to.deep.equal([])
    expect(await run('on', 'pve1')).to.deep.equal({
      exitCode: 0,
      result: {node: 'pve1', maintenance: true, command: line},
    })
    expect(ssh.calls().at(-1)?.at(-1)).to.equal(line)
    expect((await run('off', 'pve1')).result).to.include({maintenance: false})
  })

  it('fails with what ha-manager says, and for a node that is not there', async () => {
    haManager('echo "unable to send crm command" >&2; exit 2')
    const failed = await run('on', 'pve1')
    expect(failed.exitCode).to.equal(7)
    expect(failed.result.error.message).to.contain('unable to send crm command')
    expect((await run('on', 'pve9')).exitCode).to.equal(5)
  })
})
