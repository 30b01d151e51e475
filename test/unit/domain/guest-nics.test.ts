import {expect} from 'chai'

import {
  freeInterface,
  freeNic,
  netOptions,
  nicsOf,
  readNic,
  requireNic,
  withNetOptions,
} from '../../../src/domain/guest-nics.js'
import type {GuestSettings} from '../../../src/domain/guest-settings.js'
import type {Guest} from '../../../src/domain/guest.js'
import {netValue} from '../../../src/domain/net-spec.js'

const vm: Guest = {vmid: 100, name: 'web', type: 'qemu', node: 'a', status: 'stopped', template: false, tags: []}

function settings(now: Record<string, string>, next: Record<string, string> = now): GuestSettings {
  return {now, next}
}

describe('NICs of guests', () => {
  it('read a line of a configuration', () => {
    expect(
      readNic(
        'qemu',
        'net0',
        'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,link_down=1,tag=20,rate=1.5,trunks=1;2-4',
      ),
    ).to.deep.equal({
      key: 'net0',
      model: 'virtio',
      mac: 'BC:24:11:00:00:01',
      bridge: 'vmbr0',
      vlan: 20,
      trunks: '1;2-4',
      firewall: true,
      linkDown: true,
      rateMegabytesPerSecond: 1.5,
    })
    expect(
      readNic('lxc', 'net1', 'name=eth1,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,ip=dhcp,ip6=auto,type=veth'),
    ).to.deep.equal({
      key: 'net1',
      interface: 'eth1',
      mac: 'BC:24:11:00:00:02',
      bridge: 'vmbr0',
      firewall: false,
      linkDown: false,
      ip: 'dhcp',
      ip6: 'auto',
    })
    expect(readNic('qemu', 'net0', 'e1000,bridge=vmbr0'))
      .to.deep.include({model: 'e1000'})
      .and.not.have.property('mac')
  })

  it('keep all that is not changed', () => {
    const before = 'virtio=BC:24:11:00:00:01,bridge=vmbr0,host-tunnel=1,queues=4,tag=20'
    const changed = withNetOptions(netOptions('qemu', before), {tag: undefined, bridge: 'vmbr1'})
    expect(netValue(changed, 'qemu')).to.equal('virtio=BC:24:11:00:00:01,bridge=vmbr1,host-tunnel=1,queues=4')
    const inside = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,ip=192.0.2.5/24,gw=192.0.2.1,type=veth'
    expect(netValue(withNetOptions(netOptions('lxc', inside), {tag: '7'}), 'lxc')).to.equal(`${inside},tag=7`)
  })

  it('get a number and a name of their own', () => {
    const held = settings({net0: 'name=eth0', net2: 'name=eth1'}, {net0: 'name=eth2', net1: 'name=eth3'})
    expect(freeNic(vm, held)._unsafeUnwrap()).to.equal('net3')
    expect(freeInterface(held)).to.equal('eth4')
    const full = settings(Object.fromEntries(Array.from({length: 32}, (_, index) => [`net${index}`, 'virtio'])))
    expect(freeNic(vm, full)._unsafeUnwrapErr().kind).to.equal('no-capacity')
  })

  it('are listed by number, with what waits', () => {
    const list = nicsOf('qemu', settings({net10: 'virtio', net2: 'virtio', name: 'x'}, {net2: 'virtio,tag=3'}))
    expect(list.map(({key, pending}) => [key, pending])).to.deep.equal([
      ['net2', 'change'],
      ['net10', 'remove'],
    ])
    expect(requireNic(vm, settings({net0: 'virtio'}), 'name')._unsafeUnwrapErr().details).to.deep.equal({
      nic: 'name',
      nics: ['net0'],
    })
  })
})
