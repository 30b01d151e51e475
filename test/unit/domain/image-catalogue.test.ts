import {expect} from 'chai'

import {importName} from '../../../src/domain/cloud-image.js'
import {imageCatalogue, imageNamed, officialImages, type CloudImage} from '../../../src/domain/image-catalogue.js'
import {checkGuestName} from '../../../src/domain/guest-name.js'
import {OS_TYPES} from '../../../src/domain/vm-hardware.js'

const own: CloudImage = {
  name: 'debian-13',
  title: 'Debian of our own',
  url: 'https://mirror.lan/debian.qcow2',
  checksum: {kind: 'list', url: 'https://mirror.lan/SHA512SUMS'},
  osType: 'l26',
}

describe('the catalogue of images', () => {
  it('has all distributions, each from its own server, over TLS, with a checksum beside it', () => {
    const images = officialImages()
    const families = new Set(images.map(({name}) => name.replace(/-.*/, '')))
    expect([...families].sort()).to.deep.equal(['alma', 'alpine', 'debian', 'fedora', 'opensuse', 'rocky', 'ubuntu'])
    for (const {checksum, name, osType, url, user} of images) {
      expect(checkGuestName(name).isOk(), name).to.equal(true)
      expect(url, name).to.match(/^https:\/\/[a-z.-]+\.(?:com|org)\//)
      expect(importName(url), name).to.match(/\.qcow2$/)
      expect(OS_TYPES, name).to.include(osType)
      expect(user, name).to.match(/^[a-z]+$/)
      if (checksum.kind !== 'list') throw new Error(`${name} has a checksum that never changes`)
      expect(new URL(checksum.url).host, name).to.equal(new URL(url).host)
      expect(checksum.url, name).to.match(/^https:/)
    }
  })

  it('lists the own ones too, which go before the others of their name', () => {
    const catalogue = imageCatalogue({'debian-13': own, 'a-1': {...own, name: 'a-1'}})
    expect(catalogue).to.have.length(officialImages().length + 1)
    expect(catalogue[0]?.name).to.equal('a-1')
    expect(imageNamed(catalogue, 'debian-13')._unsafeUnwrap()).to.equal(own)
  })

  it('tells what was meant', () => {
    const {details, hint, kind} = imageNamed(officialImages(), 'ubuntu-24.40')._unsafeUnwrapErr()
    expect(kind).to.equal('not-found')
    expect(hint).to.contain('Did you mean "ubuntu-24.04"?')
    expect(details?.['images']).to.include('alpine-3.23')
  })
})
