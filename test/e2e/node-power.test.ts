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
      const refused = await node('reboot', 'pve3')
      expect([refused.exitCode, refused.json().error.code]).to.deep.equal([8, 'refused'])
      expect(refused.json().error.details.guests).to.deep.equal([102])
      await cluster.run(['proxmox', 'vm', 'stop', '102', '--yes'])
      await cluster.simulator.faults.add({kind: 'node-offline', node: 'pve2'})
      const lonely = await node('shutdown', 'pve3', '--yes')
      expect([lonely.exitCode, lonely.json().error.code]).to.deep.equal([8, 'no-quorum'])
      expect(asked().filter((request) => request.includes('/nodes/pve3/status'))).to.deep.equal([])
    })

    it('asks the node once, and shows that it goes', async () => {
      const done = await node('reboot', 'pve3', '--force', '--no-wait')
      expect(done.exitCode, done.stdout).to.equal(0)
      expect(done.json()).to.include({node: 'pve3', state: 'asked', changed: true})
      expect(asked()).to.deep.equal(['POST /nodes/pve3/status'])
    })

    it('plans without asking for anything, and refuses what it would refuse', async () => {
      const planned = await node('reboot', 'pve3', '--force', '--dry-run')
      expect([planned.exitCode, planned.json()]).to.deep.equal([
        0,
        {node: 'pve3', verb: 'reboot', changed: true, dryRun: true},
      ])
      expect((await node('shutdown', 'pve3', '--dry-run')).exitCode).to.equal(8)
      expect((await node('wake', 'pve3', '--dry-run')).json()).to.include({changed: false, dryRun: true})
      expect(asked()).to.deep.equal([])
    })

    it('has nothing to switch off where a node is off, and nothing to reboot', async () => {
      await cluster.simulator.powerOff('pve3')
      const off = await node('shutdown', 'pve3')
      expect([off.exitCode, off.json()]).to.deep.equal([
        0,
        {node: 'pve3', verb: 'shutdown', state: 'off', changed: false, seconds: 0},
      ])
      const refused = await node('reboot', 'pve3')
      expect([refused.exitCode, refused.json().error.code]).to.deep.equal([8, 'node-offline'])
      expect(refused.json().error.hint).to.contain('node wake pve3')
      expect(asked()).to.deep.equal([])
    })

    describe('on again', () => {
      beforeEach(async () => {
        await cluster.run(['proxmox', 'api', 'put', '/nodes/pve3/config', '-d', 'wakeonlan=BC:24:11:00:00:03'])
        cluster.requests.length = 0
      })

      it('wakes a node that is off, and waits until it is a member again and reports figures', async () => {
        await cluster.simulator.powerOff('pve3')
        const woken = await node('wake', 'pve3', '--timeout', '20s')
        expect(woken.exitCode, woken.stdout).to.equal(0)
        expect(woken.json()).to.include({node: 'pve3', verb: 'wake', state: 'back', changed: true})
        expect(asked()).to.deep.equal(['POST /nodes/pve3/wakeonlan'])
        const list = await cluster.run(['proxmox', 'node', 'list', '--json'])
        expect(list.json().map((one: {status: string}) => one.status)).to.deep.equal(['online', 'online', 'online'])
      })

      it('sends the packet and leaves it at that with --no-wait', async () => {
        await cluster.simulator.powerOff('pve3')
        const woken = await cluster.run(['proxmox', 'node', 'wake', 'pve3', '--no-wait'])
        expect([woken.exitCode, woken.stdout]).to.deep.equal([0, 'pve3 was asked; nobody waits for it\n'])
        expect(asked()).to.deep.equal(['POST /nodes/pve3/wakeonlan'])
      })

      it('has nothing to do where a node is online', async () => {
        const woken = await node('wake', 'pve3')
        expect([woken.exitCode, asked()]).to.deep.equal([0, []])
        expect(woken.json()).to.deep.equal({node: 'pve3', verb: 'wake', state: 'online', changed: false, seconds: 0})
      })

      it('knows no other nodes than those of the cluster', async () => {
        const {exitCode, json} = await node('wake', 'pve9')
        expect([exitCode, json().error.code]).to.deep.equal([5, 'not-found'])
        expect(json().error).to.include({message: 'there is no node "pve9"', hint: 'Nodes: pve1, pve2, pve3'})
        expect(asked()).to.deep.equal([])
      })

      it('needs an address of the card, and says how it is set', async () => {
        await cluster.simulator.powerOff('pve2')
        const {exitCode, json} = await node('wake', 'pve2')
        expect([exitCode, json().error.code]).to.deep.equal([8, 'refused'])
        expect(json().error.message).to.contain("No wake on LAN MAC address defined for 'pve2'!")
        expect(json().error.hint).to.contain('homelab proxmox api put /nodes/pve2/config -d wakeonlan=MAC')
      })

      it('stops to wait for a machine that does not hear the packet', async () => {
        await cluster.simulator.powerOff('pve3')
        const sent = {status: 200, reason: 'OK', contentType: 'application/json', body: '{"data":"BC:24:11:00:00:03"}'}
        cluster.meddle = ({path}) => (path === '/nodes/pve3/wakeonlan' ? {answer: sent} : undefined)
        const {exitCode, json} = await node('wake', 'pve3', '--timeout', '1s')
        expect([exitCode, json().error.code]).to.deep.equal([124, 'timeout'])
        expect(json().error.hint).to.equal('It was asked for, and goes on. See: homelab proxmox node list')
      })

      it('says what goes on when it is interrupted', async () => {
        await cluster.simulator.powerOff('pve3')
        const sent = {status: 200, reason: 'OK', contentType: 'application/json', body: '{"data":"BC:24:11:00:00:03"}'}
        let looks = 0
        cluster.meddle = ({path}) => {
          if (path === '/nodes/pve3/wakeonlan') return {answer: sent}
          if (path === '/cluster/status' && asked().length > 0 && ++looks === 3) running.signal('SIGINT')
          return undefined
        }
        const running = node('wake', 'pve3')
        const {exitCode, json} = await running
        expect([exitCode, json().error.code]).to.deep.equal([130, 'interrupted'])
        expect(json().error.message).to.equal('interrupted while waiting for pve3 to come back')
        expect(json().error.hint).to.contain('goes on')
      })

      it('cannot be sent while nobody else is there to send it', async () => {
        for (const one of ['pve1', 'pve2', 'pve3']) await cluster.simulator.powerOff(one)
        const {exitCode, json} = await node('wake', 'pve3', '--timeout', '5s')
        expect([exitCode, json().error.code]).to.deep.equal([3, 'unreachable'])
      })

      it('may not be sent by whoever may only look', async () => {
        await cluster.simulator.powerOff('pve3')
        const {exitCode, json} = await cluster.run(['proxmox', 'node', 'wake', 'pve3', '--json'], {
          env: {
            HOMELAB_TOKEN_ID: 'auditor@pve!readonly',
            HOMELAB_TOKEN_SECRET: 'aaaaaaaa-0000-4000-8000-000000000002',
          },
        })
        expect([exitCode, json().error.code]).to.deep.equal([4, 'permission'])
        expect(json().error.hint).to.contain('Sys.PowerMgmt')
      })
    })
  })
}
