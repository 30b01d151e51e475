import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`migrate on ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })
    afterEach(() => cluster.stop())

    const move = async (noun: 'lxc' | 'vm', ...argv: string[]) => {
      const {json, exitCode} = await cluster.run(['proxmox', noun, 'migrate', ...argv, '--json'])
      return {exitCode, result: json()}
    }
    const writes = () => cluster.requests.filter(({method}) => method !== 'GET')

    it('moves a running VM, and leaves it where it is the second time', async () => {
      const {exitCode, result} = await move('vm', 'git', '--to', 'pve1')
      expect(exitCode).to.equal(0)
      expect(result).to.include({from: 'pve2', node: 'pve1', status: 'running', manner: 'online', changed: true})
      expect(result.task.outcome).to.equal('ok')
      const again = await move('vm', 'git', '--to', 'pve1')
      expect(again.result).to.include({node: 'pve1', changed: false})
    })

    it('moves what is stopped, and restarts containers only when told to', async () => {
      expect((await move('vm', 'scratch', '--to', 'pve1')).result).to.include({manner: 'offline', status: 'stopped'})
      const refused = await move('lxc', 'proxy', '--to', 'pve1')
      expect(refused.exitCode).to.equal(8)
      expect(refused.result.error.hint).to.contain('--restart')
      const {result} = await move('lxc', 'proxy', '--to', 'pve1', '--restart')
      expect(result).to.include({node: 'pve1', status: 'running', manner: 'restart'})
    })

    it('refuses before anything is sent, and says what to do', async () => {
      const refusals: readonly (readonly [number, string, string[]])[] = [
        [8, 'on local storage', ['db', '--to', 'pve2']],
        [8, 'nas is not on pve3', ['git', '--to', 'pve3']],
        [5, 'no node "pve9"', ['git', '--to', 'pve9']],
      ]
      for (const [code, message, argv] of refusals) {
        const {exitCode, result} = await move('vm', ...argv)
        expect(exitCode, message).to.equal(code)
        expect(result.error.message).to.contain(message)
      }

      expect(writes()).to.deep.equal([])
    })

    it('says which node is off, the one it is on or the one it should go to', async () => {
      await cluster.simulator.powerOff('pve2')
      const there = await move('vm', 'db', '--to', 'pve2')
      expect([there.exitCode, there.result.error.code]).to.deep.equal([8, 'node-offline'])
      expect(there.result.error.hint).to.contain('--to auto')
      // A node that is off for long tells no names any more.
      const here = await move('vm', '101', '--to', 'pve1')
      expect([here.exitCode, here.result.error.code]).to.deep.equal([8, 'node-offline'])
      expect(here.result.error.message).to.equal('VM 101 cannot move: its node pve2 is offline')
      expect(writes()).to.deep.equal([])
    })

    it('finds the best other node by itself, and says why', async () => {
      const sent = cluster.run(['proxmox', 'vm', 'migrate', 'git', '--json'])
      const {exitCode, json, stderr} = await sent
      expect(exitCode, stderr).to.equal(0)
      expect(json()).to.include({from: 'pve2', node: 'pve1', manner: 'online'})
      expect(stderr).to.contain('to pve1 (the only eligible node: pve3: storage nas is not there)')
    })

    it('says of each node why it is not, where none is', async () => {
      const {exitCode, result} = await move('vm', 'db', '--to', 'auto')
      expect(exitCode).to.equal(8)
      expect(result.error.message).to.contain('no other node can take').and.to.contain('pve2: scsi0 is on local-lvm')
      const {result: several} = await move('vm', 'db', 'git', '--to', 'auto', '--dry-run')
      expect(several[0].refused.code).to.equal('refused')
      expect(several[1]).to.include({to: 'pve1'})
      expect((await move('vm', 'git', '--to', 'auto', '--target-storage', 'nas')).exitCode).to.equal(2)
      expect(writes()).to.deep.equal([])
    })

    it('copies local disks when told to', async () => {
      const {exitCode, result} = await move('vm', 'db', '--to', 'pve2', '--with-local-disks')
      expect(exitCode).to.equal(0)
      expect(result).to.include({node: 'pve2', status: 'running'})
    })

    it('plans without sending, and says it in the words of qm', async () => {
      const {result} = await move('vm', 'git', '--to', 'pve1', '--dry-run')
      expect(result).to.deep.include({dryRun: true, node: 'pve2', to: 'pve1', running: true})
      const native = await move('vm', 'git', '--to', 'pve1', '--print-native')
      expect(native.result.commands).to.deep.equal([{node: 'pve2', command: 'qm migrate 101 pve1 --online 1'}])
      expect(writes()).to.deep.equal([])
    })

    it('moves what HA keeps stopped, and does not wait for it to run', async () => {
      const api = (...argv: string[]) => cluster.run(['proxmox', 'api', ...argv, '--json'])
      await api('post', '/cluster/ha/resources', '-d', 'sid=vm:103', '-d', 'state=stopped')
      for (let state = ''; state !== 'stopped';) {
        const rows: {sid?: string; state: string}[] = (await api('get', '/cluster/ha/status/current')).json()
        state = rows.find(({sid}) => sid === 'vm:103')?.state ?? ''
      }

      const {exitCode, result} = await move('vm', 'scratch', '--to', 'pve1', '--timeout', '20s')
      expect(exitCode, JSON.stringify(result)).to.equal(0)
      expect(result).to.include({from: 'pve2', node: 'pve1', status: 'stopped', manner: 'offline'})
    })

    it('takes a cloud-init drive along that is on local storage', async () => {
      const made = await cluster.run(['proxmox', 'vm', 'create', 'fresh', 'debian-12', '--node', 'pve1', '--start'])
      expect(made.exitCode, made.stderr).to.equal(0)
      const {exitCode, result} = await move('vm', 'fresh', '--to', 'pve2', '--with-local-disks')
      expect(exitCode, JSON.stringify(result)).to.equal(0)
      expect(result).to.include({node: 'pve2', manner: 'online'})
    })

    it('knows that local disks do not go along with snapshots, before a container is shut down for nothing', async () => {
      await cluster.run(['proxmox', 'snapshot', 'create', 'dns', 'before'])
      await cluster.run(['proxmox', 'snapshot', 'create', 'db', 'before'])
      cluster.requests.length = 0
      for (const [noun, name, ...argv] of [
        ['lxc', 'dns', '--restart'],
        ['vm', 'db', '--with-local-disks'],
      ] as const) {
        const {exitCode, result} = await move(noun, name, '--to', 'pve2', ...argv)
        expect([exitCode, result.error.code]).to.deep.equal([8, 'refused'])
        expect(result.error.message).to.contain('it has snapshots')
      }

      expect(writes()).to.deep.equal([])
    })

    it('waits for a guest under HA until it is there', async () => {
      const add = [
        'proxmox',
        'api',
        'post',
        '/cluster/ha/resources',
        '-d',
        'sid=vm:101',
        '-d',
        'state=started',
        '--json',
      ]
      const added = await cluster.run(add)
      expect(added.exitCode, added.stdout).to.equal(0)
      const {exitCode, result} = await move('vm', 'git', '--to', 'pve1')
      expect(exitCode).to.equal(0)
      expect(result).to.include({node: 'pve1', status: 'running'})
      expect(result.task.upid).to.contain(':hamigrate:')
    })

    it('finds the task when the answer is lost, and moves once', async () => {
      let lost = 0
      cluster.meddle = ({method, path}) =>
        method === 'POST' && path.endsWith('/migrate') && lost++ === 0 ? {drop: 'after'} : undefined
      const {exitCode, result} = await move('vm', 'git', '--to', 'pve1')
      expect(exitCode).to.equal(0)
      expect(result.node).to.equal('pve1')
      expect(cluster.requests.filter(({path}) => path.endsWith('/migrate')).length).to.be.at.most(2)
    })

    it('says what the task said when it fails', async () => {
      await cluster.simulator.faults.add({kind: 'task-fail', type: 'qmigrate', text: 'migration aborted'})
      const {exitCode, result} = await move('vm', 'git', '--to', 'pve1')
      expect(exitCode).to.equal(7)
      expect(result.error.upid).to.contain('qmigrate')
    })

    it('moves several, and names what did not', async () => {
      const {exitCode, result} = await move('vm', 'git', 'scratch', 'ci', '--to', 'pve1')
      expect(exitCode).to.equal(9)
      expect(result.summary).to.deep.equal({ok: 2, failed: 1})
    })
  })
}
