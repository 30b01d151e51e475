import {expect} from 'chai'

import {checksumIn} from '../../../src/domain/checksum-file.js'

const SHA256 = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const SHA512 = 'c'.repeat(128)

function read(text: string, name: string, ofOne = false): string {
  return checksumIn(text, [name], 'https://example.com/SUMS', ofOne).match(
    ({algorithm, value}) => `${algorithm}:${value.slice(0, 4)}`,
    ({message}) => message,
  )
}

describe('a file of checksums', () => {
  it('is what sha256sum and sha512sum write, of text and of bytes', () => {
    const list = `${OTHER} *ubuntu-24.04-server-cloudimg-amd64.vmdk\n${SHA256} *ubuntu-24.04-server-cloudimg-amd64.img\n`
    expect(read(list, 'ubuntu-24.04-server-cloudimg-amd64.img')).to.equal('sha256:aaaa')
    expect(read(`${SHA512}  debian-13-generic-amd64.qcow2\r\n`, 'debian-13-generic-amd64.qcow2')).to.equal(
      'sha512:cccc',
    )
  })

  it("is what BSD's tools write, with remarks and a signature around", () => {
    const list = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2: 583532544 bytes
SHA256 (Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2) = ${SHA256}
# Fedora-Cloud-Base-UEFI-UKI-44-1.7.x86_64.qcow2: 558563328 bytes
SHA256 (Fedora-Cloud-Base-UEFI-UKI-44-1.7.x86_64.qcow2) = ${OTHER}
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCAAdFiEExxPfTqZ3B9lYdSM0
=abcd
-----END PGP SIGNATURE-----
`
    expect(read(list, 'Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2')).to.equal('sha256:aaaa')
  })

  it('is a digest alone', () => {
    expect(read(`${SHA512}\n`, 'nocloud_alpine-3.23.4-x86_64-bios-cloudinit-r0.qcow2')).to.equal('sha512:cccc')
  })

  it('of one file may call it by another name, a list may not', () => {
    const line = `${SHA256}  openSUSE-Leap-15.6-Minimal-VM.x86_64-15.6.0-Cloud-Build16.2.qcow2\n`
    const name = 'openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2'
    expect(read(line, name, true)).to.equal('sha256:aaaa')
    expect(read(line, name)).to.equal(`https://example.com/SUMS holds no checksum of ${name}`)
    expect(read(`${line}${OTHER}  another.qcow2\n`, name, true)).to.contain('holds no checksum')
  })

  it('without the file is refused, and so is anything else', () => {
    expect(read(`${SHA256}  a.img\n`, 'b.img')).to.contain('holds no checksum of b.img')
    expect(read('<html>Moved</html>', 'b.img')).to.contain('holds no checksum')
    expect(read('', 'b.img')).to.contain('holds no checksum')
  })
})
