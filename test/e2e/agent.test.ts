import {expect} from 'chai'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`vm agent on ${pveVersion}`, () => {
    let cluster: TestCluster

    before(async () => {
      cluster = await startCluster({pveVersion})
    })
    after(() => cluster.stop())

    const agent = (...args: string[]) => cluster.run(['proxmox', 'vm', 'agent', ...args])
    const about = {vmid: 100, name: 'db', node: 'pve1'}

    it('answers a ping', async () => {
      expect(await agent('ping', 'db')).to.include({exitCode: 0, stdout: 'the guest agent of db answers\n'})
      expect((await agent('ping', 'db', '--json')).json()).to.deep.equal({...about, answering: true})
    })

    it('fails in three ways, each with its remedy', async () => {
      const {store} = cluster.simulator.world
      const {config} = store.of('guests').get(101)!
      store.of('guests').update(101, {config: {...config, agent: '0'}})
      store.of('guests').update(102, {behaviour: {}})
      const error = async (name: string) => {
        const failed = await agent('ping', name, '--json')
        expect(failed.exitCode).to.equal(6)
        const {details, hint} = failed.json().error
        return `${details.reason}: ${hint}`
      }
      expect(await error('git')).to.match(/^agent-not-configured: .*vm config set git agent=1/)
      expect(await error('ci')).to.match(/^agent-not-answering: .*systemctl restart qemu-guest-agent/)
      expect(await error('scratch')).to.match(/^not-running: .*vm start scratch/)
    })

    it('tells what it is and what it may', async () => {
      const info = (await agent('info', 'db', '--json')).json()
      expect(info).to.include({...about, version: '9.2.0'})
      expect(info.enabled).to.include.members(['exec', 'file-read', 'ping'])
      expect(info.disabled).to.deep.equal([])
    })

    it('tells about the guest, in our words', async () => {
      expect((await agent('osinfo', 'db', '--json')).json().os).to.include({
        id: 'debian',
        versionId: '12',
        machine: 'x86_64',
      })
      expect(await agent('hostname', 'db')).to.include({stdout: 'db\n'})
      expect((await agent('timezone', 'db', '--json')).json()).to.deep.equal({...about, zone: 'UTC', offsetSeconds: 0})
      const time = (await agent('time', 'db', '--json')).json()
      expect(new Date(time.time).toISOString()).to.equal(time.time)
      expect(time.aheadSeconds).to.be.a('number')
    })

    it('lists file systems, processors and users', async () => {
      const [root] = (await agent('fsinfo', 'db', '--json')).json()
      expect(root).to.deep.include({mountpoint: '/', type: 'ext4', disks: ['/dev/sda1']})
      expect(root.totalBytes).to.equal(64 * 2 ** 30)
      expect((await agent('fsinfo', 'db')).stdout).to.match(/MOUNTPOINT .*USED +SIZE\n\/ .*64 GiB/)
      expect((await agent('vcpus', 'db', '--json')).json()).to.have.length(4)
      expect((await agent('users', 'db', '--json')).json()).to.deep.equal([])
      expect((await agent('users', 'db')).stderr).to.equal('nobody is logged in\n')
      cluster.simulator.world.store.of('guests').update(100, {
        behaviour: {agent: {'get-users': [{user: 'ada', 'login-time': 1_700_000_000.5}]}},
      })
      expect((await agent('users', 'db', '--json')).json()).to.deep.equal([
        {user: 'ada', loginTime: '2023-11-14T22:13:20.500Z'},
      ])
    })

    it('freezes and thaws, once', async () => {
      const state = async () => (await agent('fsfreeze', 'status', 'db', '--jq', '.frozen')).stdout.trim()
      expect(await state()).to.equal('false')
      const frozen = await agent('fsfreeze', 'freeze', 'db', '--json')
      expect(frozen.json()).to.deep.equal({...about, frozen: true, changed: true, fileSystems: 1})
      expect(frozen.stderr).to.contain('homelab proxmox vm agent fsfreeze thaw db')
      expect((await agent('fsfreeze', 'freeze', 'db', '--json')).json()).to.include({changed: false})
      expect(await state()).to.equal('true')
      expect((await agent('fsfreeze', 'thaw', 'db', '--json')).json()).to.include({frozen: false, changed: true})
      expect((await agent('fsfreeze', 'thaw', 'db')).stdout).to.contain('thawed already')
    })

    it('trims', async () => {
      cluster.simulator.world.store.of('guests').update(100, {
        behaviour: {
          agent: {
            fstrim: {
              paths: [
                {path: '/', trimmed: 1024},
                {path: '/boot/efi', error: 'not supported'},
              ],
            },
          },
        },
      })
      expect((await agent('fstrim', 'db', '--json')).json()).to.deep.equal({
        ...about,
        trimmedBytes: 1024,
        paths: [
          {path: '/', trimmedBytes: 1024},
          {path: '/boot/efi', error: 'not supported'},
        ],
      })
    })

    it('asks for a shutdown without waiting for it', async () => {
      expect((await agent('shutdown', 'db', '--json')).json()).to.deep.equal({...about, requested: true})
    })
  })
}
