import {expect} from 'chai'

import {demo} from '../../src/simulator/fixtures/demo.js'
import type {Fixture} from '../../src/simulator/fixtures/fixture.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

const host = '192.0.2.9:5403'
/** Two nodes with a third vote from elsewhere. */
const pair: Fixture = {
  ...demo,
  nodes: demo.nodes.slice(0, 2),
  guests: demo.guests!.filter(({node}) => node !== 'pve3').map((guest) => ({...guest, running: false})),
  volumes: [],
  quorumDevice: {host},
}
const alone = {...pair, quorumDevice: {host, connected: false}}
const lastMan: Fixture = {
  ...demo,
  guests: demo.guests!.map((guest) => ({...guest, running: false})),
  quorumDevice: {host, algorithm: 'lms'},
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`a quorum device of Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    afterEach(() => cluster.stop())

    const start = async (fixture: Fixture) => {
      cluster = await startCluster({pveVersion, fixture})
    }
    const status = async () => (await cluster.run(['proxmox', 'cluster', 'status', '--json'])).json()
    const off = (node: string) =>
      cluster.run(['proxmox', 'node', 'shutdown', node, '--no-wait', '--yes', '--json'], {
        env: {HOMELAB_STATE_DIR: '/nonexistent'},
      })

    it('counts as one vote that splits a tie', async () => {
      await start(pair)
      expect(await status()).to.deep.include({
        quorate: true,
        votes: {total: 3, online: 3, needed: 2},
        quorumDevice: {host, algorithm: 'Fifty-Fifty split', state: 'Connected', connected: true, votes: 1},
        remarks: [],
      })
      const {stdout} = await cluster.run(['proxmox', 'cluster', 'status'])
      expect(stdout).to.contain('cluster demo: quorate, 3 of 3 votes (2 needed)')
      expect(stdout).to.contain('quorum device 192.0.2.9:5403: connected, 1 vote (Fifty-Fifty split)')
    })

    it('lets one of two nodes go', async () => {
      await start(pair)
      const done = await off('pve2')
      expect(done.exitCode, done.stdout).to.equal(0)
      const after = await status()
      expect(after).to.deep.include({quorate: true, votes: {total: 3, online: 2, needed: 2}})
      expect(after.remarks).to.deep.equal(['one more node or the quorum device lost would end the quorum'])
      const next = await cluster.run(['proxmox', 'vm', 'start', 'db', '--json'])
      expect(next.exitCode, next.stdout).to.equal(0)
    })

    it('is expected also where nobody reaches it', async () => {
      await start(alone)
      const {quorumDevice, remarks, votes} = await status()
      expect(votes).to.deep.equal({total: 3, online: 2, needed: 2})
      expect(quorumDevice).to.include({state: 'Connect failed', connected: false})
      expect(remarks).to.deep.equal([
        'one more node lost would end the quorum',
        'the quorum device is not connected (Connect failed): its vote is missing',
      ])
      const refused = await off('pve2')
      expect([refused.exitCode, refused.json().error.code]).to.deep.equal([8, 'no-quorum'])
      expect(refused.json().error.details).to.include({votesLeft: 1, votes: 3})
      await cluster.simulator.powerOff('pve2')
      expect((await status()).quorate).to.equal(false)
    })

    it('keeps the last node quorate where it counts for the others', async () => {
      await start(lastMan)
      expect((await status()).quorumDevice).to.include({algorithm: 'LMS', votes: 2})
      await cluster.simulator.powerOff('pve3')
      const last = await off('pve2')
      expect(last.exitCode, last.stdout).to.equal(0)
      expect(await status()).to.deep.include({quorate: true, votes: {total: 5, online: 3, needed: 3}})
    })

    it('is none for a login that may not read it', async () => {
      await start(pair)
      cluster.meddle = ({path}) =>
        path === '/cluster/config/qdevice'
          ? {
              answer: {
                status: 403,
                reason: 'Permission check failed (/, Sys.Audit)',
                contentType: 'application/json',
                body: '{"data":null}',
              },
            }
          : undefined
      const told = await status()
      expect(told.votes).to.deep.equal({total: 2, online: 2, needed: 2})
      expect(told).to.not.have.any.keys('quorumDevice')
    })
  })
}
