import {expect} from 'chai'
import fc from 'fast-check'
import {
  cardsOf,
  chooseAddresses,
  configuredInterfaces,
  type AddressWish,
  type GuestInterface,
} from '../../../src/domain/guest-address.js'
import {contains, isLinkLocal, isLoopback, parseCidr, parseIp} from '../../../src/domain/ip-address.js'

const config = {
  name: 'web',
  net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
  net1: 'e1000,bridge=vmbr1,macaddr=bc:24:11:00:00:02',
  net10: 'virtio=BC:24:11:00:00:10,bridge=vmbr2',
  ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1,ip6=auto',
  ipconfig1: 'ip=dhcp,ip6=2001:db8:1::5/64',
}
const cards = cardsOf('qemu', config)

const inside: GuestInterface[] = [
  {name: 'lo', mac: '00:00:00:00:00:00', addresses: ['127.0.0.1/8', '::1/128']},
  {name: 'docker0', mac: '02:42:AC:11:00:01', addresses: ['172.17.0.1/16']},
  {name: 'br-0123456789ab', mac: '02:42:AC:12:00:01', addresses: ['172.18.0.1/16']},
  {name: 'veth1234', mac: '02:42:AC:13:00:01', addresses: ['fe80::42/64']},
  {name: 'tailscale0', addresses: ['100.64.0.1/32']},
  {
    name: 'ens19',
    mac: 'bc:24:11:00:00:02',
    addresses: ['2001:db8:1::5/64', '198.51.100.9/24', 'fe80::be24:11ff:fe00:2/64'],
  },
  {
    name: 'ens18',
    mac: 'bc:24:11:00:00:01',
    addresses: ['fe80::be24:11ff:fe00:1/64', 'fd00::5/64', '2001:db8::5/64', '192.0.2.5/24'],
  },
]

const chosen = (wish: AddressWish = {}, interfaces = inside) =>
  chooseAddresses(interfaces, cards, 'agent', wish).map(({address}) => address)

describe('cardsOf', () => {
  it('reads the cards of a VM by number, with their static addresses', () => {
    expect(cards).to.deep.equal([
      {net: 'net0', mac: 'BC:24:11:00:00:01', addresses: ['192.0.2.5/24']},
      {net: 'net1', mac: 'BC:24:11:00:00:02', addresses: ['2001:db8:1::5/64']},
      {net: 'net10', mac: 'BC:24:11:00:00:10', addresses: []},
    ])
  })

  it('reads those of a container, with the name they have inside', () => {
    const net0 = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:02:01,ip=192.0.2.9/24,gw=192.0.2.1,ip6=dhcp,type=veth'
    expect(cardsOf('lxc', {net0})).to.deep.equal([
      {net: 'net0', mac: 'BC:24:11:00:02:01', interface: 'eth0', addresses: ['192.0.2.9/24']},
    ])
  })
})

describe('chooseAddresses', () => {
  it('puts the first card first, IPv4 before IPv6, public before local, and what is no card last', () => {
    expect(chosen()).to.deep.equal([
      '192.0.2.5',
      '2001:db8::5',
      'fd00::5',
      '198.51.100.9',
      '2001:db8:1::5',
      '100.64.0.1',
    ])
  })

  it('finds the card by its hardware address, not by the place or name of the interface', () => {
    expect(chooseAddresses(inside, cards, 'agent', {net: 'net1'})[0]).to.deep.equal({
      address: '198.51.100.9',
      family: 4,
      prefixLength: 24,
      interface: 'ens19',
      mac: 'BC:24:11:00:00:02',
      net: 'net1',
      source: 'agent',
    })
  })

  it('finds an address by its network, also on an interface that is no card', () => {
    expect(chosen({cidr: parseCidr('198.51.100.0/24')!})).to.deep.equal(['198.51.100.9'])
    expect(chosen({cidr: parseCidr('100.64.0.0/10')!})).to.deep.equal(['100.64.0.1'])
    expect(chosen({cidr: parseCidr('172.16.0.0/12')!})).to.deep.equal([])
  })

  it('shows link-local addresses only when they are asked for', () => {
    expect(chosen({net: 'net0', family: 6})).to.deep.equal(['2001:db8::5', 'fd00::5'])
    expect(chosen({net: 'net0', family: 6, linkLocal: true})).to.include('fe80::be24:11ff:fe00:1')
    expect(chosen({cidr: parseCidr('fe80::/10')!})).to.deep.equal(['fe80::be24:11ff:fe00:1', 'fe80::be24:11ff:fe00:2'])
  })

  it('takes a bridge that a card is part of for the card', () => {
    const bridged = [{name: 'br-0123456789ab', mac: 'BC:24:11:00:00:01', addresses: ['192.0.2.77/24']}]
    expect(chosen({net: 'net0'}, bridged)).to.deep.equal(['192.0.2.77'])
  })

  it('takes the static addresses of the configuration as they are', () => {
    expect(chooseAddresses(configuredInterfaces(cards), cards, 'config')).to.deep.equal([
      {address: '192.0.2.5', family: 4, prefixLength: 24, mac: 'BC:24:11:00:00:01', net: 'net0', source: 'config'},
      {address: '2001:db8:1::5', family: 6, prefixLength: 64, mac: 'BC:24:11:00:00:02', net: 'net1', source: 'config'},
    ])
  })

  const name = fc.constantFrom('lo', 'eth0', 'ens18', 'docker0', 'br-abcdef012345', 'vethab', 'wg0', 'cni0')
  const mac = fc.constantFrom(...cards.map((card) => card.mac!), '02:42:00:00:00:01', undefined)
  const ip = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('127.0.0.1', '::1', 'fe80::1', '169.254.1.1', 'nonsense', ''),
  )
  const someInterface = fc
    .record({name, mac, addresses: fc.array(ip, {maxLength: 3})})
    .map(({mac: hardware, ...rest}): GuestInterface => ({...rest, ...(hardware !== undefined && {mac: hardware})}))
  const wish = fc.record(
    {
      net: fc.constantFrom('net0', 'net1'),
      family: fc.constantFrom(4 as const, 6 as const),
      linkLocal: fc.boolean(),
      cidr: fc.constantFrom(...['10.0.0.0/8', '::/0', '0.0.0.0/0'].map((text) => parseCidr(text)!)),
    },
    {requiredKeys: []},
  )

  it('never gives what was not wished for, nor an address the guest has not', () => {
    fc.assert(
      fc.property(fc.array(someInterface, {maxLength: 6}), wish, (interfaces, wished) => {
        const all = new Set(interfaces.flatMap(({addresses}) => addresses))
        for (const {address, family, interface: on, net} of chooseAddresses(interfaces, cards, 'agent', wished)) {
          const parsed = parseIp(address)!
          expect(all.has(address)).to.equal(true)
          expect(isLoopback(parsed)).to.equal(false)
          expect(family).to.equal(parsed.family)
          if (wished.family !== undefined) expect(family).to.equal(wished.family)
          if (wished.net !== undefined) expect(net).to.equal(wished.net)
          if (wished.cidr !== undefined) expect(contains(wished.cidr, parsed)).to.equal(true)
          if (wished.linkLocal !== true && wished.cidr === undefined) expect(isLinkLocal(parsed)).to.equal(false)
          if (net === undefined) expect(on).not.to.match(/^(docker|br-|veth|cni)/)
        }
      }),
    )
  })

  it('does not depend on the order in which the guest lists its interfaces, as long as cards differ', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(inside, {minLength: inside.length}), (shuffled) => {
        expect(chosen({}, shuffled)).to.deep.equal(chosen())
      }),
    )
  })
})
