import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {stepsOn} from '../helpers/guest-steps.js'
import {storageFixture} from '../helpers/storage-fixture.js'

describe('NICs', () => {
  let cluster: TestCluster

  afterEach(() => cluster.stop())

  const open = async (pveVersion: '8.4' | '9.2' = '9.2') => {
    cluster = await startCluster({fixture: storageFixture('thin'), pveVersion})
  }

  const {config, done, refused, run} = stepsOn(() => cluster)

  for (const pveVersion of ['8.4', '9.2'] as const) {
    it(`${pveVersion}: a VM's come, change and go, and keep what is not named`, async () => {
      await open(pveVersion)
      const added = await done('vm', 'nic', 'add', 'db', 'bridge=vmbr0,vlan=20,model=e1000,firewall')
      expect(added).to.include({key: 'net1', changed: true, action: 'add'})
      expect(added.nic).to.include({model: 'e1000', bridge: 'vmbr0', vlan: 20, firewall: true, linkDown: false})
      expect(added.nic.mac).to.match(/^BC:24:11(?::[\dA-F]{2}){3}$/)

      const before = config(101)['net0']
      const set = await done('vm', 'nic', 'set', 'db', 'net0', '--vlan', '30', '--link-down', '--rate', '12.5')
      expect(set.nic).to.include({vlan: 30, linkDown: true, rateMegabytesPerSecond: 12.5, queues: 2, firewall: true})
      expect(config(101)['net0']).to.contain('virtio=BC:24:11:00:01:01').and.contain('queues=2')
      const back = ['vm', 'nic', 'set', 'db', 'net0', '--vlan', 'none', '--link-up', '--rate', 'none']
      expect(await done(...back)).to.include({changed: true})
      expect(config(101)['net0']).to.equal(before)
      expect(await done(...back)).to.include({changed: false})

      expect(await done('vm', 'nic', 'remove', 'db', 'net1')).to.include({changed: true, key: 'net1'})
      expect((await done('vm', 'nic', 'list', 'db')).map(({key}: {key: string}) => key)).to.deep.equal(['net0'])
    })

    it(`${pveVersion}: a container's do, too`, async () => {
      await open(pveVersion)
      const text = 'bridge=vmbr0,ip=192.0.2.7/24,gateway=192.0.2.1,vlan=7'
      const added = await done('lxc', 'nic', 'add', 'proxy', text)
      expect(added.nic).to.include({interface: 'eth1', vlan: 7, ip: '192.0.2.7/24', gateway: '192.0.2.1'})
      const set = await done('lxc', 'nic', 'set', 'proxy', 'net1', '--ip', 'dhcp')
      expect(set.nic).to.include({mac: added.nic.mac, vlan: 7, ip: 'dhcp'})
      expect(set.nic).not.to.have.property('gateway')
      expect(await done('lxc', 'nic', 'set', 'proxy', 'net0', '--firewall')).to.include({changed: true})
      expect(config(201)['net0']).to.contain('hwaddr=BC:24:11:00:02:01').and.contain('gw=192.0.2.1')
      await done('lxc', 'nic', 'remove', 'proxy', 'net1')
      expect(config(201)).not.to.have.property('net1')
    })
  }

  it('says what waits for the next start, and changes it further', async () => {
    await open()
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(101, {config: {...config(101), hotplug: 'disk'}})
    const set = await done('vm', 'nic', 'set', 'db', 'net0', '--vlan', '9')
    expect(set.restartNeeded).to.equal(true)
    expect(set.nic).to.include({pending: 'change'}).and.not.to.have.property('vlan')
    expect(set.nic.next).to.include({vlan: 9})
    const more = await done('vm', 'nic', 'set', 'db', 'net0', '--link-down')
    expect(more.nic.next).to.include({vlan: 9, linkDown: true})
    expect(await done('vm', 'nic', 'set', 'db', 'net0', '--vlan', '9')).to.include({
      changed: false,
      restartNeeded: true,
    })
    expect((await done('vm', 'nic', 'remove', 'db', 'net0')).nic.pending).to.equal('remove')
    expect((await refused(6, 'vm', 'nic', 'set', 'db', 'net0', '--vlan', '9')).details.reason).to.equal(
      'waits-for-removal',
    )
    const {stdout} = await cluster.run(['proxmox', 'vm', 'nic', 'list', 'db'])
    expect(stdout).to.match(/net0.*remove/)
  })

  it('refuses before anything is sent', async () => {
    await open()
    const bridge = await refused(5, 'vm', 'nic', 'add', 'web', 'bridge=vmbr9')
    expect(bridge).to.deep.include({
      details: {reason: 'bridge-unknown', bridge: 'vmbr9', node: 'pve1', bridges: ['vmbr0']},
    })
    await refused(5, 'vm', 'nic', 'set', 'web', 'net0', '--bridge', 'vmbr9')
    expect((await refused(5, 'vm', 'nic', 'set', 'web', 'net1', '--vlan', '9')).hint).to.contain('"net0"')
    await refused(2, 'vm', 'nic', 'set', 'web', 'net0')
    await refused(2, 'vm', 'nic', 'set', 'web', 'net0', '--vlan', '4095')
    await refused(2, 'vm', 'nic', 'set', 'web', 'net0', '--mac', '01:00:5E:00:00:01')
    await refused(2, 'lxc', 'nic', 'set', 'dns', 'net0', '--ip', '192.0.2.300/24')
    await refused(6, 'lxc', 'nic', 'add', 'dns', 'name=eth0,bridge=vmbr0')
    const guests = cluster.simulator.world.store.of('guests')
    guests.update(100, {config: {...config(100), lock: 'migrate'}})
    await refused(6, 'vm', 'nic', 'remove', 'web', 'net0')
  })

  it('leaves bridges to the server where it may not see them', async () => {
    await open()
    cluster.meddle = ({path}) =>
      path.includes('/network') ? {answer: {status: 403, reason: 'Permission check failed', body: ''}} : undefined
    expect(await done('vm', 'nic', 'add', 'web', 'bridge=vmbr0')).to.include({changed: true})
  })

  it('loses nothing when another changes the guest meanwhile', async () => {
    await open()
    const guests = cluster.simulator.world.store.of('guests')
    for (const [vmid, argv] of [
      [100, ['vm', 'nic', 'add', 'web', 'bridge=vmbr0']],
      [100, ['vm', 'nic', 'set', 'web', 'net0', '--vlan', '5']],
      [200, ['lxc', 'nic', 'set', 'dns', 'net0', '--vlan', '5']],
      [200, ['lxc', 'nic', 'remove', 'dns', 'net0']],
    ] as const) {
      cluster.meddle = ({method}) => {
        if (method !== 'GET') guests.update(vmid, {config: {...config(vmid), description: argv.join(' ')}})
        return undefined
      }
      const {exitCode, result} = await run(...argv)
      expect(exitCode, argv.join(' ')).to.equal(6)
      expect(result.error.code).to.equal('digest-changed')
      expect(config(vmid)['description']).to.equal(argv.join(' '))
      expect(Object.keys(config(vmid)).filter((key) => /^net\d/.test(key))).to.deep.equal(['net0'])
    }
  })

  it('plans without a change', async () => {
    await open()
    cluster.requests.length = 0
    const planned = await done('vm', 'nic', 'set', 'web', 'net0', '--vlan', '20', '--dry-run')
    expect(planned.commands).to.deep.equal([
      'qm set 100 --net0 virtio=BC:24:11:00:01:00,bridge=vmbr0,firewall=1,queues=2,tag=20',
    ])
    expect(cluster.requests.every(({method}) => method === 'GET')).to.equal(true)
    expect(config(100)['net0']).not.to.contain('tag')
  })
})
