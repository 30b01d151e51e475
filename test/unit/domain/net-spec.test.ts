import {expect} from 'chai'

import {netValue, parseNetSpec} from '../../../src/domain/net-spec.js'

const value = (text: string, type: 'lxc' | 'qemu' = 'qemu'): string =>
  netValue(parseNetSpec(text, type)._unsafeUnwrap(), type)
const refusal = (text: string, type: 'lxc' | 'qemu' = 'qemu') => parseNetSpec(text, type)._unsafeUnwrapErr()

describe('a NIC as people write it', () => {
  const wanted: readonly (readonly [string, string])[] = [
    ['bridge=vmbr0', 'virtio,bridge=vmbr0'],
    ['vmbr0', 'virtio,bridge=vmbr0'],
    ['vmbr0,vlan=20,model=e1000e,firewall', 'e1000e,bridge=vmbr0,tag=20,firewall=1'],
    ['bridge=vmbr0,mac=BC:24:11:00:00:01', 'virtio=BC:24:11:00:00:01,bridge=vmbr0'],
    ['virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1', 'virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1'],
    ['virtio,bridge=vmbr1', 'virtio,bridge=vmbr1'],
    ['vmbr0,trunks=10;20-30,rate=12.5,link-down=off', 'virtio,bridge=vmbr0,trunks=10;20-30,rate=12.5,link_down=0'],
  ]
  for (const [text, native] of wanted) it(`${text} is ${native}`, () => expect(value(text)).to.equal(native))

  it('knows the options of containers', () => {
    expect(value('name=eth0,bridge=vmbr0,ip=192.0.2.53/24,gateway=192.0.2.1,ip6=auto', 'lxc')).to.equal(
      'name=eth0,bridge=vmbr0,ip=192.0.2.53/24,gw=192.0.2.1,ip6=auto',
    )
    expect(refusal('vmbr0,model=virtio', 'lxc').message).to.contain('no option "model"')
  })

  const refused: readonly (readonly [string, 'lxc' | 'qemu', RegExp])[] = [
    ['', 'qemu', /names nothing/],
    ['vmbr0,vlan=0', 'qemu', /"0" is not possible/],
    ['vmbr0,vlan=4095', 'qemu', /"4095" is not possible/],
    ['vmbr0,mac=nonsense', 'qemu', /"nonsense" is not possible/],
    ['vmbr0,vlan=2,tag=3', 'qemu', /given twice/],
    ['vmbr0,ip=192.0.2.5', 'lxc', /"192.0.2.5" is not possible/],
    ['vmbr0,ip=192.0.2.256/24', 'lxc', /not possible/],
    ['vmbr0,ip=dhcp,gw=192.0.2.1', 'lxc', /gateway \(gw\) needs a fixed address/],
  ]
  for (const [text, type, message] of refused)
    it(`refuses "${text}"`, () => expect(refusal(text, type).message).to.match(message))

  it('says what is possible in the words that were used', () => {
    const failed = parseNetSpec('vmbr0,vlan=5000', 'qemu')._unsafeUnwrapErr()
    expect(failed.message).to.contain('"5000" is not possible for the option "vlan"')
    expect(failed.hint).to.equal('Use a number from 1 to 4094')
    expect(parseNetSpec('vmbr0,mac=01:00:5E:00:00:01', 'qemu')._unsafeUnwrapErr().hint).to.contain('is even')
  })
})
