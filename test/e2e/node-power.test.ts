import {expect} from 'chai'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`switching nodes of Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster
    let folder: string

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
      folder = mkdtempSync(path.join(tmpdir(), 'homelab-power-'))
    })
    afterEach(async () => {
      await cluster.stop()
      rmSync(folder, {force: true, recursive: true})
    })

    const node = (...argv: string[]) =>
      cluster.run(['proxmox', 'node', ...argv, '--poll-interval', '20ms', '--json'], {
        env: {HOMELAB_STATE_DIR: folder},
      })
    const asked = () =>
      cluster.requests.filter(({method}) => method !== 'GET').map((one) => `${one.method} ${one.path}`)

    it('refuses while guests run there, and when quorum would be lost', async () => {
      const refused = await node('reboot', 'pve3', '--yes')
      expect([refused.exitCode, refused.json().error.code]).to.deep.equal([8, 'refused'])
      expect(refused.json().error.details.guests).to.deep.equal([102])
      await cluster.run(['proxmox', 'vm', 'stop', '102', '--yes'])
      await cluster.simulator.faults.add({kind: 'node-offline', node: 'pve2'})
      const lonely = await node('shutdown', 'pve3', '--yes')
      expect([lonely.exitCode, lonely.json().error.code]).to.deep.equal([8, 'no-quorum'])
      expect(asked().filter((request) => request.includes('/nodes/pve3/status'))).to.deep.equal([])
    })

    it('asks the node once, and shows that it goes', async () => {
      const done = await node('reboot', 'pve3', '--force', '--no-wait', '--yes')
      expect(done.exitCode, done.stdout).to.equal(0)
      expect(done.json()).to.include({node: 'pve3', state: 'asked', changed: true})
      expect(asked()).to.deep.equal(['POST /nodes/pve3/status'])
    })
  })
}
