import {expect} from 'chai'

import {routes} from '../../../src/simulator/api/routes.js'
import {frontDoorChecks} from '../../../src/simulator/front-door-checks.js'
import {Router} from '../../../src/simulator/kernel/router.js'
import {unifiedDiff} from '../../../src/simulator/network/unified-diff.js'
import {type Answer, type ApiWorld, openApiWorld} from '../../helpers/api-world.js'

const NETWORK = '/nodes/pve1/network'

describe('the network of a simulated node', () => {
  let api: ApiWorld
  beforeEach(() => {
    api = openApiWorld('recorded')
  })
  afterEach(() => api.close())
  const names = async (): Promise<readonly string[]> =>
    ((await api.call('GET', NETWORK)) as readonly Answer[]).map(({iface}) => String(iface)).sort()

  it('keeps changes apart until they are applied', async () => {
    await api.call('POST', NETWORK, {iface: 'vmbr1', type: 'bridge', cidr: '10.7.0.1/24', autostart: 1})
    expect(await names()).to.deep.equal(['eth0', 'vmbr0', 'vmbr1'])
    expect((await api.call('GET', `${NETWORK}/vmbr1`)).active).to.equal(undefined)
    expect(await api.task('PUT', NETWORK)).to.equal('OK')
    expect(await api.call('GET', `${NETWORK}/vmbr1`)).to.deep.include({active: 1, address: '10.7.0.1', netmask: '24'})
  })

  it('forgets what is reverted, removals too', async () => {
    await api.call('POST', NETWORK, {iface: 'vmbr1', type: 'bridge'})
    await api.call('DELETE', `${NETWORK}/vmbr0`)
    expect(await names()).to.deep.equal(['eth0', 'vmbr1'])
    await api.call('DELETE', NETWORK)
    expect(await names()).to.deep.equal(['eth0', 'vmbr0'])
  })

  it('shows the pending difference beside the list', async () => {
    await api.call('POST', NETWORK, {iface: 'vmbr1', type: 'bridge', bridge_ports: 'eth0', comments: 'uplink'})
    const answer = await new Router(routes, frontDoorChecks).handle(api.world, {
      method: 'GET',
      path: NETWORK,
      params: {},
      user: 'root@pam',
      via: 'pve1',
    })
    expect(answer)
      .to.have.property('changes')
      .that.matches(/^--- .*\n\+\+\+ .*\n@@ .*\n/)
    expect(answer).to.have.property('changes').that.includes('+\tbridge-ports eth0\n').and.includes('+#uplink\n')
  })

  it('refuses what refers to nothing, and a second gateway', async () => {
    expect(await api.failure('POST', NETWORK, {iface: 'bond0', type: 'bond', slaves: 'eth7'})).to.equal(
      "500 bond 'bond0' - unable to find slave 'eth7'",
    )
    expect(await api.failure('POST', NETWORK, {iface: 'vmbr7.5', type: 'vlan'})).to.equal(
      "500 vlan 'vmbr7.5' - unable to find parent 'vmbr7'",
    )
    expect(await api.failure('DELETE', `${NETWORK}/eth9`)).to.include('iface interface does not exist')
    await api.call('POST', NETWORK, {iface: 'vmbr1', type: 'bridge', cidr: '10.7.0.1/24', gateway: '10.7.0.254'})
    expect(
      await api.failure('POST', NETWORK, {iface: 'vmbr2', type: 'bridge', cidr: '10.8.0.1/24', gateway: '10.8.0.254'}),
    ).to.include("gateway Default gateway already exists on interface 'vmbr1'.")
    expect(await names()).to.deep.equal(['eth0', 'vmbr0', 'vmbr1'])
  })

  it('loses an address that an update does not repeat', async () => {
    await api.call('POST', NETWORK, {iface: 'vmbr1', type: 'bridge', cidr: '10.7.0.1/24'})
    await api.call('PUT', `${NETWORK}/vmbr1`, {type: 'bridge', comments: 'x'})
    expect(await api.call('GET', `${NETWORK}/vmbr1`)).to.deep.include({method: 'manual', comments: 'x\n'})
    expect(await api.call('GET', `${NETWORK}/vmbr1`)).not.to.have.property('cidr')
  })

  it('writes differences as diff does', () => {
    expect(unifiedDiff('a\nb\nc\n', 'a\nb\nc\n')).to.equal('')
    expect(unifiedDiff('a\nb\nc\n', 'a\nx\nc\nd\n')).to.equal('@@ -1,3 +1,4 @@\n a\n-b\n+x\n c\n+d\n')
  })
})

describe('the software defined network of a simulated cluster', () => {
  let api: ApiWorld
  beforeEach(async () => {
    api = openApiWorld('recorded')
    await api.call('POST', '/cluster/sdn/zones', {zone: 'z1', type: 'simple'})
    await api.call('POST', '/cluster/sdn/vnets', {vnet: 'v1', zone: 'z1'})
  })
  afterEach(() => api.close())

  it('takes effect when it is applied', async () => {
    const bridges = async (): Promise<readonly string[]> =>
      ((await api.call('GET', NETWORK, {type: 'any_bridge'})) as readonly Answer[]).map(({iface}) => String(iface))
    expect((await api.call('GET', '/cluster/sdn/vnets', {pending: 1}))[0]).to.deep.include({vnet: 'v1', state: 'new'})
    expect(await bridges()).to.deep.equal(['vmbr0'])
    expect(await api.task('PUT', '/cluster/sdn')).to.equal('OK')
    expect(await bridges()).to.deep.equal(['vmbr0', 'v1'])
    await api.call('PUT', '/cluster/sdn/vnets/v1', {alias: 'web'})
    expect((await api.call('GET', '/cluster/sdn/vnets', {pending: 1}))[0]).to.deep.include({
      state: 'changed',
      pending: {alias: 'web'},
    })
  })

  it('does not remove what is in use', async () => {
    await api.call('POST', '/cluster/sdn/vnets/v1/subnets', {type: 'subnet', subnet: '10.5.0.0/24'})
    expect(await api.failure('DELETE', '/cluster/sdn/zones/z1')).to.include('zone z1 is used by vnet v1')
    expect(await api.failure('DELETE', '/cluster/sdn/vnets/v1')).to.include("Can't delete vnet if subnets exists")
    expect(
      await api.failure('POST', '/cluster/sdn/vnets/v1/subnets', {
        type: 'subnet',
        subnet: '10.6.0.0/24',
        gateway: '10.9.0.1',
      }),
    ).to.include('10.9.0.1 is not in subnet 10.6.0.0/24')
  })

  it('asks of each zone what its type needs', async () => {
    expect(await api.failure('POST', '/cluster/sdn/zones', {zone: 'z2', type: 'vlan'})).to.equal(
      "500 missing value for required option 'bridge'",
    )
    expect(await api.failure('POST', '/cluster/sdn/zones', {zone: 'z2', type: 'simple', bridge: 'vmbr0'})).to.equal(
      "500 unexpected property 'bridge'",
    )
    await api.call('POST', '/cluster/sdn/zones', {zone: 'z2', type: 'vlan', bridge: 'vmbr0'})
    expect(await api.failure('POST', '/cluster/sdn/vnets', {vnet: 'v2', zone: 'z2'})).to.include('missing vlan tag')
  })
})

describe('a locked software defined network (9.x)', () => {
  it('changes only for who holds the token, and rolls back', async () => {
    const api = openApiWorld('recorded', {version: '9.2'})
    const token = String(await api.call('POST', '/cluster/sdn/lock'))
    const zone = {zone: 'z1', type: 'simple'}
    expect(await api.failure('POST', '/cluster/sdn/zones', zone)).to.include('invalid lock token')
    await api.call('POST', '/cluster/sdn/zones', {...zone, 'lock-token': token})
    await api.call('POST', '/cluster/sdn/rollback', {'lock-token': token})
    expect(await api.call('GET', '/cluster/sdn/zones')).to.deep.equal([])
    await api.call('POST', '/cluster/sdn/zones', zone)
    api.close()
  })
})
