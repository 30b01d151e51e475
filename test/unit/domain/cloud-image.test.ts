import {expect} from 'chai'

import {parseChecksum, parseImage} from '../../../src/domain/cloud-image.js'

const SHA = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

describe('the image of a cloud', () => {
  it('is a volume, an address, or a file of the node', () => {
    const read = (text: string) => parseImage(text, undefined)._unsafeUnwrap()
    expect(read('local:import/debian.qcow2')).to.deep.equal({kind: 'volume', volume: 'local:import/debian.qcow2'})
    expect(read('/root/a.raw')).to.deep.equal({kind: 'path', path: '/root/a.raw'})
    expect(read('https://example.com/x/debian%2B1.qcow2?a=b')).to.include({file: 'debian_2B1.qcow2'})
  })

  it('is stored as what it is, and with its checksum in its name', () => {
    const url = 'https://example.com/noble-server-cloudimg-amd64.img'
    expect(parseImage(url, undefined)._unsafeUnwrap()).to.include({file: 'noble-server-cloudimg-amd64.qcow2'})
    const checksum = parseChecksum(`sha256:${SHA.toUpperCase()}`)._unsafeUnwrap()
    expect(parseImage(url, checksum)._unsafeUnwrap()).to.deep.equal({
      kind: 'url',
      url,
      file: 'noble-server-cloudimg-amd64-sha256-9f86d081884c7d65.qcow2',
      checksum: {algorithm: 'sha256', value: SHA},
    })
  })

  it('is refused where it cannot be imported', () => {
    const wrong = (text: string) => parseImage(text, undefined)._unsafeUnwrapErr().message
    expect(wrong('https://example.com/a.qcow2.xz')).to.contain('"a.qcow2.xz" cannot be imported')
    expect(wrong('https://example.com/')).to.contain('cannot be imported')
    expect(wrong('https://me:pw@example.com/a.qcow2')).to.equal('--image: the address holds a password')
    expect(wrong('local:import/appliance.ova')).to.contain('is an archive')
    expect(parseImage('local:import/appliance.ova/disk-1.vmdk', undefined).isOk()).to.equal(true)
    expect(wrong('debian.qcow2')).to.contain('neither a volume nor an address')
  })

  it('has a checksum only where it is downloaded', () => {
    const checksum = parseChecksum(SHA)._unsafeUnwrap()
    expect(checksum.algorithm).to.equal('sha256')
    expect(parseImage('local:import/a.raw', checksum).isErr()).to.equal(true)
    for (const text of ['sha256:12', 'crc:12345678', 'sha256', `sha512:${SHA}`])
      expect(parseChecksum(text)._unsafeUnwrapErr().kind).to.equal('usage')
  })
})
