import {expect} from 'chai'

import {checksumIn} from '../../../src/domain/checksum-file.js'
import {downloadedName, nameInUrl, readDownloadUrl} from '../../../src/domain/download-url.js'
import {ociFileName, readOciReference, requireTag} from '../../../src/domain/oci-reference.js'
import {normalFileName, readFileVolume, storedName, type FileContent} from '../../../src/domain/volume-file.js'

const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

describe('files on storages', () => {
  it('are called as Proxmox VE calls them', () => {
    expect(normalFileName('my file (1).iso')).to.equal('my_file__1_.iso')
    expect(normalFileName(String.raw`C:\isos\a+b.iso`)).to.equal('a_b.iso')
    expect(normalFileName('/tmp/Grüße "x"🦊.iso')).to.equal('Gr__e__x__.iso')
  })

  it('have the extensions of their kind', () => {
    const good: [FileContent, string][] = [
      ['iso', 'a.iso'],
      ['iso', 'a.IMG'],
      ['import', 'a.qcow2'],
      ['import', 'a.ova'],
      ['vztmpl', 'a.tar'],
      ['vztmpl', 'a.tar.zst'],
    ]
    for (const [content, name] of good) expect(storedName(content, name)._unsafeUnwrap()).to.equal(name)
    const bad: [FileContent, string, RegExp][] = [
      ['iso', 'a.iso.xz', /Unpack it first/],
      ['iso', '.iso', /another name/],
      ['import', 'jammy.img', /--name NAME\.qcow2/],
      ['import', 'a.QCOW2', /another name/],
      ['vztmpl', 'a.tgz', /another name/],
    ]
    for (const [content, name, hint] of bad) {
      const failed = storedName(content, name)._unsafeUnwrapErr()
      expect(failed.kind, name).to.equal('usage')
      expect(failed.hint, name).to.match(hint)
    }

    expect(storedName('vztmpl', 'a.zip')._unsafeUnwrapErr().message).to.contain('for a container template')
    expect(storedName('iso', `${'a'.repeat(252)}.iso`)._unsafeUnwrapErr().message).to.contain('256 characters')
  })

  it('are read from volume ids', () => {
    expect(readFileVolume('nas:iso/a.iso')).to.deep.equal({storage: 'nas', content: 'iso', name: 'a.iso'})
    for (const text of ['a.iso', 'local-lvm:vm-100-disk-0', 'nas:backup/x.vma'])
      expect(readFileVolume(text)).to.equal(undefined)
  })

  it('find their checksums in lists of several kinds', () => {
    const expected = {algorithm: 'sha256', value: SHA256}
    const other = '0'.repeat(64)
    for (const text of [
      `${other}  b.iso\n${SHA256}  a.iso\n`,
      `${other} *b.iso\r\n${SHA256.toUpperCase()} *./x/a.iso\r\n`,
      `# Fedora\nSHA256 (b.iso) = ${other}\nSHA256 (a.iso) = ${SHA256}\n`,
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${SHA256}  a.iso\n`,
      `${SHA256}\n`,
    ]) {
      expect(checksumIn(text, ['x.iso', 'a.iso'], 'LIST')._unsafeUnwrap(), text).to.deep.equal(expected)
    }

    const failed = checksumIn(`${other}  b.iso\n`, ['a.iso'], 'LIST')._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'usage', message: 'LIST holds no checksum of a.iso'})
    expect(failed.hint).to.contain('b.iso')
    // A digest of another file that stands alone is not taken for this one's.
    expect(checksumIn(`${other}\n${SHA256}\n`, ['a.iso'], 'LIST').isErr()).to.equal(true)
  })

  it('have a name in the address that they come from', () => {
    const name = (text: string) => nameInUrl(readDownloadUrl(text)._unsafeUnwrap())
    expect(name('https://lab.example/x/a%20b.iso?token=1')).to.equal('a b.iso')
    expect(name('https://lab.example/')).to.equal(undefined)
    expect(downloadedName('iso', 'a.iso.gz')).to.deep.equal({name: 'a.iso', compression: 'gz'})
    expect(downloadedName('import', 'noble.img')).to.deep.equal({name: 'noble.qcow2'})
    expect(downloadedName('vztmpl', 'a.tar.zst')).to.deep.equal({name: 'a.tar.zst'})
    for (const bad of ['ftp://x/a.iso', 'a.iso', 'https://me:secret@x/a.iso', 'http://']) {
      const failed = readDownloadUrl(bad)._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(JSON.stringify(failed)).not.to.contain('secret@')
    }
  })

  it('of registries are named after image and tag', () => {
    expect(readOciReference('debian-12')).to.equal(undefined)
    expect(readOciReference('oci:ghcr.io:5000/a/b')).to.deep.equal({repository: 'ghcr.io:5000/a/b'})
    const image = readOciReference('oci:docker.io/library/nginx:1.27')!
    expect(image).to.deep.equal({repository: 'docker.io/library/nginx', tag: '1.27'})
    expect(ociFileName({repository: 'docker.io/library/nginx', tag: '1.27'})).to.equal('nginx_1.27.tar')
    expect(requireTag(image, ['1.27'])._unsafeUnwrap()).to.equal('1.27')
    expect(requireTag(image, ['1.28'])._unsafeUnwrapErr().kind).to.equal('not-found')
    expect(requireTag({repository: 'x'}, ['1.28'])._unsafeUnwrapErr().kind).to.equal('usage')
  })
})
