import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`renaming and unlocking guests (${pveVersion})`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const run = async (argv: string[], env: Record<string, string> = {}) => {
      const {json, exitCode, stderr} = await cluster.run(['proxmox', ...argv, '--json'], {env})
      return {exitCode, result: json(), stderr}
    }
    const onlyGets = () => cluster.requests.every(({method}) => method === 'GET')
    const lock = (vmid: number, kind: string) => {
      const guests = cluster.simulator.world.store.of('guests')
      guests.update(vmid, {config: {...guests.get(vmid)!.config, lock: kind}})
    }

    for (const [noun, name, vmid] of [
      ['vm', 'scratch', 103],
      ['lxc', 'playground', 202],
    ] as const) {
      it(`${noun}: renames, and says when another bears the name`, async () => {
        const {exitCode, result} = await run([noun, 'rename', name, 'attic'])
        expect(exitCode, JSON.stringify(result)).to.equal(0)
        expect(result).to.include({vmid, name: 'attic', previousName: name, changed: true})
        expect((await run([noun, 'show', 'attic'])).result.vmid).to.equal(vmid)
        expect((await run([noun, 'rename', 'attic', 'attic'])).result).to.include({changed: false})
        expect((await run([noun, 'rename', 'attic', 'db'])).stderr).to.contain('borne by 100 too')
      })

      it(`${noun}: plans a new name, and refuses an impossible one`, async () => {
        expect((await run([noun, 'rename', name, 'a_b'])).exitCode).to.equal(2)
        expect((await run([noun, 'rename', name, 'attic', '--dry-run'])).result).to.include({
          dryRun: true,
          name: 'attic',
        })
        const {stdout} = await cluster.run(['proxmox', noun, 'rename', name, 'attic', '--print-native'])
        expect(stdout).to.contain(noun === 'vm' ? 'qm set 103 --name attic' : 'pct set 202 --hostname attic')
        expect(onlyGets()).to.equal(true)
      })

      it(`${noun}: says what a lock means and how to take it away on the node`, async () => {
        expect((await run([noun, 'unlock', name])).result).to.include({changed: false})
        lock(vmid, 'backup')
        const {result} = await run([noun, 'unlock', name, '--yes'])
        expect(result.error.message)
          .to.contain('locked (backup)')
          .and.to.contain('a backup is under way, or was cut off')
        expect(result.error.hint).to.contain(noun === 'vm' ? 'qm unlock 103' : 'pct unlock 202')
        expect(result.error.code).to.equal(noun === 'vm' ? 'permission' : 'not-supported')
        const plan = (await run([noun, 'unlock', name, '--dry-run'])).result
        expect(plan).to.include({lock: 'backup', meaning: 'a backup is under way, or was cut off'})
      })
    }

    it('unlocks a VM for root@pam with its password', async () => {
      lock(103, 'backup')
      const root = {
        HOMELAB_TOKEN_ID: '',
        HOMELAB_TOKEN_SECRET: '',
        HOMELAB_USER: 'root@pam',
        HOMELAB_PASSWORD: 'demo-root-password',
      }
      const {exitCode, result} = await run(['vm', 'unlock', 'scratch', '--yes'], root)
      expect(exitCode, JSON.stringify(result)).to.equal(0)
      expect(result).to.include({changed: true, lock: 'backup'})
      expect(cluster.simulator.world.store.of('guests').get(103)!.config).not.to.have.property('lock')
    })

    it('leaves the lock of a task that runs, and that of a hibernated VM', async () => {
      lock(103, 'suspended')
      expect((await run(['vm', 'unlock', 'scratch', '--yes'])).result.error.hint).to.contain('vm resume')
      lock(103, 'backup')
      await cluster.simulator.faults.add({kind: 'task-hang', type: 'qmreboot'})
      const guests = cluster.simulator.world.store.of('guests')
      const upid = (await run(['api', 'post', '/nodes/pve1/qemu/100/status/reboot'])).result
      lock(100, 'backup')
      const {exitCode, result} = await run(['vm', 'unlock', 'db', '--yes'])
      expect(exitCode, JSON.stringify(result)).to.equal(8)
      expect(result.error.upid).to.equal(upid)
      expect(guests.get(100)!.config['lock']).to.equal('backup')
    })

    it('says why containers cannot be suspended', async () => {
      const {exitCode, result} = await run(['lxc', 'suspend', 'dns'])
      expect(exitCode).to.equal(8)
      expect(result.error.hint).to.contain('lxc shutdown')
      expect(cluster.requests).to.deep.equal([])
    })
  })
}
