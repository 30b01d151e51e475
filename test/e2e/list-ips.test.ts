import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

interface Row {
  readonly name: string
  readonly ipAddresses?: readonly string[]
}

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`addresses in lists on Proxmox VE ${pveVersion}`, () => {
    let cluster: TestCluster

    beforeEach(async () => {
      cluster = await startCluster({pveVersion})
    })

    afterEach(() => cluster.stop())

    const addresses = (rows: readonly Row[]) =>
      Object.fromEntries(
        rows.flatMap(({name, ipAddresses}) => (ipAddresses === undefined ? [] : [[name, ipAddresses]])),
      )

    it('are shown for running guests, which alone are asked', async () => {
      const vms = await cluster.run(['proxmox', 'vm', 'list', '--ips', '--json'])
      expect(vms.exitCode).to.equal(0)
      expect(addresses(vms.json())).to.deep.equal({db: ['10.0.0.101'], git: ['10.0.0.102'], ci: ['10.0.0.103']})
      expect(vms.stderr).to.equal('')
      expect(cluster.requests.some(({path}) => /\/qemu\/(?:103|900\d)\b/.test(path))).to.equal(false)
      const containers = await cluster.run(['proxmox', 'lxc', 'list', '--ips', '--json'])
      expect(addresses(containers.json())).to.deep.equal({dns: ['192.0.2.2'], proxy: ['192.0.2.3']})
    })

    it('are not asked for unless wanted', async () => {
      const {json, stdout} = await cluster.run(['proxmox', 'vm', 'list', '--json'])
      expect(addresses(json())).to.deep.equal({})
      expect(stdout).not.to.contain('ipAddresses')
      expect(cluster.requests).to.have.length(1)
    })

    it('stay away with a remark where a guest does not tell them', async () => {
      const guests = cluster.simulator.world.store.of('guests')
      guests.update(101, {behaviour: {}})
      guests.update(102, {config: {...guests.get(102)!.config, agent: '0'}})
      const done = await cluster.run(['proxmox', 'vm', 'list', '--ips'])
      expect(done.exitCode).to.equal(0)
      expect(done.stdout).to.match(/STATUS +ADDRESSES/)
      expect(done.stdout).to.match(/\bdb .*running +10\.0\.0\.101/)
      expect(done.stdout).to.match(/\bgit .*running +- /)
      expect(done.stderr).to.equal(
        'the addresses of 2 running VMs are not known: git (its guest agent does not answer), ci (its guest agent is not switched on)\n',
      )
      const quiet = await cluster.run(['proxmox', 'vm', 'list', '--ips', '--json', '--quiet'])
      expect(quiet.stderr).to.equal('')
      expect(addresses(quiet.json())).to.deep.equal({db: ['10.0.0.101']})
    })

    it('are shown of one guest too', async () => {
      const {json} = await cluster.run(['proxmox', 'vm', 'show', 'db', '--ips', '--json'])
      expect(json()).to.deep.include({name: 'db', ipAddresses: ['10.0.0.101']})
      const stopped = await cluster.run(['proxmox', 'vm', 'show', 'scratch', '--ips', '--json'])
      expect(stopped.json()).not.to.have.property('ipAddresses')
      expect(stopped.stderr).to.equal('')
      const text = await cluster.run(['proxmox', 'lxc', 'show', 'dns', '--ips'])
      expect(text.stdout).to.match(/^Addresses +192\.0\.2\.2$/m)
    })
  })
}
