import {expect} from 'chai'
import fc from 'fast-check'
import net from 'node:net'
import {contains, isLinkLocal, isLoopback, isUnicast, parseCidr, parseIp} from '../../../src/domain/ip-address.js'

describe('parseIp', () => {
  it('takes for an address what the operating system takes for one', () => {
    const odd = fc.constantFrom(
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '256.1.1.1',
      '1.2.3.4.',
      ':',
      ':::',
      '1::2::3',
      '::1.2.3.4',
      '::1.2.3',
      '12345::',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7::',
      '',
    )
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), odd, fc.string({maxLength: 12, unit: fc.constantFrom(...'0123456789abf:.')})),
        (text) => {
          expect(parseIp(text)?.family ?? 0, text).to.equal(net.isIP(text))
        },
      ),
    )
  })

  it('gives one number for the spellings of one address', () => {
    expect(parseIp('2001:DB8:0:0::1')).to.deep.equal(parseIp('2001:db8::1'))
    expect(parseIp('::ffff:192.0.2.1')?.value).to.equal(0xff_ff_c0_00_02_01n)
    expect(parseIp('fe80::1%eth0')).to.deep.equal(parseIp('fe80::1'))
  })
})

describe('parseCidr', () => {
  it('reads networks and single addresses, and nothing else', () => {
    expect(parseCidr('192.0.2.0/24')).to.include({family: 4, prefixLength: 24})
    expect(parseCidr('192.0.2.1')).to.include({prefixLength: 32})
    expect(parseCidr('2001:db8::/48')).to.include({family: 6, prefixLength: 48})
    for (const bad of ['192.0.2.0/33', '192.0.2.0/', '192.0.2.0/8/8', '::/129', 'dhcp', '/24']) {
      expect(parseCidr(bad), bad).to.equal(undefined)
    }
  })

  it('says who lies in a network as node:net does', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({min: 0, max: 32}), (network, address, prefix) => {
        const list = new net.BlockList()
        list.addSubnet(network, prefix, 'ipv4')
        expect(contains(parseCidr(`${network}/${prefix}`)!, parseIp(address)!)).to.equal(list.check(address))
      }),
    )
  })

  it('keeps the families apart', () => {
    expect(contains(parseCidr('0.0.0.0/0')!, parseIp('::1')!)).to.equal(false)
  })
})

describe('kinds of addresses', () => {
  it('are told by their networks', () => {
    const ip = (text: string) => parseIp(text)!
    expect(isLoopback(ip('127.8.0.1'))).to.equal(true)
    expect(isLoopback(ip('::1'))).to.equal(true)
    expect(isLinkLocal(ip('169.254.3.4'))).to.equal(true)
    expect(isLinkLocal(ip('fe80::1'))).to.equal(true)
    expect(isLinkLocal(ip('fec0::1'))).to.equal(false)
    for (const nobody of ['0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1']) {
      expect(isUnicast(ip(nobody)), nobody).to.equal(false)
    }
    for (const one of ['192.0.2.1', '2001:db8::1', 'fe80::1', '127.0.0.1'])
      expect(isUnicast(ip(one)), one).to.equal(true)
  })
})
