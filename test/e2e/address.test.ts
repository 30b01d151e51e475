import {expect} from 'chai'
import type {Json} from '../../src/simulator/kernel/pve-error.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

const MAC = 'BC:24:11:00:01:00'
const address = (text: string, prefix: number) => ({
  'ip-address': text,
  'ip-address-type': text.includes(':') ? 'ipv6' : 'ipv4',
  prefix,
})
const INSIDE: Json = [
  {name: 'lo', 'hardware-address': '00:00:00:00:00:00', 'ip-addresses': [address('127.0.0.1', 8)]},
  {name: 'docker0', 'hardware-address': '02:42:00:00:00:01', 'ip-addresses': [address('172.17.0.1', 16)]},
  {name: 'wg0', 'ip-addresses': [address('198.51.100.2', 24)]},
  {
    name: 'ens18',
    'hardware-address': MAC.toLowerCase(),
    'ip-addresses': [address('fe80::1', 64), address('2001:db8::100', 64), address('192.0.2.100', 24)],
  },
  {name: 'down0', 'hardware-address': '02:00:00:00:00:09'},
]

for (const pveVersion of ['8.4', '9.2'] as const) {
  describe(`the address of a guest on ${pveVersion}`, () => {
    let cluster: TestCluster

    before(async () => {
      cluster = await startCluster({pveVersion})
      cluster.simulator.world.store.of('guests').update(100, {behaviour: {agent: {'network-get-interfaces': INSIDE}}})
    })
    after(() => cluster.stop())

    const vm = (...args: string[]) => cluster.run(['proxmox', 'vm', 'ip', ...args])
    const lxc = (...args: string[]) => cluster.run(['proxmox', 'lxc', 'ip', ...args])

    it('is the one of the first card, and nothing else on stdout', async () => {
      expect(await vm('db')).to.deep.include({stdout: '192.0.2.100\n', stderr: '', exitCode: 0})
    })

    it('is chosen by card, network and family', async () => {
      expect(await vm('db', '--net', '0', '--family', '6')).to.include({stdout: '2001:db8::100\n'})
      expect(await vm('db', '--cidr', '198.51.100.0/24')).to.include({stdout: '198.51.100.2\n'})
      expect(await vm('db', '--all')).to.include({stdout: '192.0.2.100\n2001:db8::100\n198.51.100.2\n'})
      expect(await vm('db', '--net', 'net0', '--all', '--link-local')).to.include({
        stdout: '192.0.2.100\n2001:db8::100\nfe80::1\n',
      })
    })

    it('says more as JSON', async () => {
      expect((await vm('db', '--json')).json()).to.deep.equal({
        vmid: 100,
        name: 'db',
        type: 'qemu',
        address: '192.0.2.100',
        family: 4,
        prefixLength: 24,
        interface: 'ens18',
        mac: MAC,
        net: 'net0',
        source: 'agent',
      })
      expect((await vm('db', '--all', '--cidr', '10.0.0.0/8', '--json')).json()).to.deep.equal([])
    })

    it('is missing with exit 5 where nothing matches', async () => {
      expect((await vm('db', '--cidr', '10.0.0.0/8', '--json')).json().error).to.include({
        code: 'not-found',
        exitCode: 5,
      })
      expect(await vm('db', '--net', '7')).to.include({exitCode: 5, stdout: ''})
      expect(await vm('db', '--net', 'eth0')).to.include({exitCode: 2})
      expect(await vm('db', '--cidr', '300.0.0.0/8')).to.include({exitCode: 2})
    })

    it("is the configuration's where the guest tells none, and says so", async () => {
      const {store} = cluster.simulator.world
      const {config} = store.of('guests').get(103)!
      store.of('guests').update(103, {config: {...config, ipconfig0: 'ip=192.0.2.33/24,gw=192.0.2.1'}})
      const found = await vm('scratch')
      expect(found).to.include({stdout: '192.0.2.33\n', exitCode: 0})
      expect(found.stderr).to.match(/from the configuration, because: .*VM 103 is not running/)
      expect((await vm('scratch', '--json')).json()).to.include({source: 'config', net: 'net0'})
    })

    it('fails with the reason and a remedy where nobody knows', async () => {
      cluster.simulator.world.store.of('guests').update(102, {behaviour: {}})
      const failed = (await vm('ci', '--json')).json().error
      expect(failed).to.include({code: 'conflict', exitCode: 6})
      expect(failed.hint).to.contain('qemu-guest-agent')
    })

    it('of a container is what its node sees', async () => {
      expect(await lxc('dns')).to.include({stdout: '192.0.2.2\n', exitCode: 0})
      expect((await lxc('dns', '--json')).json()).to.include({
        vmid: 200,
        type: 'lxc',
        interface: 'eth0',
        net: 'net0',
        source: 'interfaces',
      })
    })

    it('of a stopped container is the static one, or unknown', async () => {
      const {store} = cluster.simulator.world
      expect(await lxc('playground')).to.include({exitCode: 6})
      const {config} = store.of('guests').get(202)!
      const net0 = String(config['net0']).replace('ip=dhcp', 'ip=192.0.2.202/24')
      store.of('guests').update(202, {config: {...config, net0}})
      expect((await lxc('playground', '--json')).json()).to.include({address: '192.0.2.202', source: 'config'})
    })
  })
}
