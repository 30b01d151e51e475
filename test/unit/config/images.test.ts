import {expect} from 'chai'

import {loadConfiguration} from '../../../src/config/load-configuration.js'
import {parseText} from '../../../src/config/parse-text.js'
import {ConfigFolder} from '../../helpers/config-folder.js'

const folders = {file: '/etc/homelab/config.yaml', home: '/home/me'}
const SHA = 'a'.repeat(64)

function problems(text: string): string[] {
  return parseText(text, folders)
    ._unsafeUnwrapErr()
    .map(({line, message, path, remedy}) => `${line} ${path ?? ''} ${message} | ${remedy}`)
}

describe('images in the configuration', () => {
  it('are described by address and checksum', () => {
    const text = `images:
  talos: {url: https://factory.lan/talos.raw, checksum: "sha256:${SHA}", title: Talos, osType: l26, cpu: host, firmware: uefi}
  debian-13:
    url: https://mirror.lan/debian-13.qcow2
    checksumUrl: https://mirror.lan/SHA512SUMS
    user: ops
`
    expect(parseText(text, folders)._unsafeUnwrap().images).to.deep.equal({
      talos: {
        name: 'talos',
        title: 'Talos',
        url: 'https://factory.lan/talos.raw',
        checksum: {kind: 'value', checksum: {algorithm: 'sha256', value: SHA}},
        osType: 'l26',
        cpu: 'host',
        firmware: 'uefi',
      },
      'debian-13': {
        name: 'debian-13',
        title: 'debian-13',
        url: 'https://mirror.lan/debian-13.qcow2',
        checksum: {kind: 'list', url: 'https://mirror.lan/SHA512SUMS'},
        osType: 'l26',
        user: 'ops',
      },
    })
  })

  it('are strict, and all problems are told at once', () => {
    const text = `images:
  a: {url: https://m.lan/a.iso, checksum: "sha256:${SHA}"}
  b: {url: ftp://m.lan/b.raw, checksumUrl: https://m.lan/S, checksum: "sha256:${SHA}"}
  c: {url: https://m.lan/c.qcow2}
  d: {url: "https://me:secret@m.lan/d.raw", checksum: md4, osTyp: l26}
  e_f: {checksum: "sha256:${SHA}", osType: linux}
`
    expect(problems(text)).to.deep.equal([
      '2 images.a.url is no disk image that Proxmox VE imports | name a file that ends with .qcow2, .img, .raw or .vmdk; anything else is unpacked first',
      '3 images.b.url is not an address on the web | write it like https://mirror.lan/debian-13.qcow2, without a password',
      '3 images.b.checksumUrl stands beside checksum | keep one of them',
      '4 images.c has no checksum | add one of checksum, checksumUrl',
      '5 images.d.url is not an address on the web | write it like https://mirror.lan/debian-13.qcow2, without a password',
      '5 images.d.checksum is no checksum | write it like sha256:9f86d0…',
      '5 images.d.osTyp is not a known key | did you mean osType?',
      '6 images.e_f.url is missing | add it',
      '6 images.e_f is no name for an image | its template is called so: use letters, digits, dots and inner hyphens',
      '6 images.e_f.osType is not valid | write what Proxmox VE calls it: l26 for Linux',
    ])
    expect(problems('image: {}\n')).to.deep.equal(['1 image is not a known key | did you mean images?'])
  })

  it('of the project replace those of the user, name by name', async () => {
    const folder = new ConfigFolder()
    const image = (host: string) => `{url: https://${host}/a.raw, checksum: "sha256:${SHA}"}`
    folder.write('config.yaml', `images: {a: ${image('user.lan')}, b: ${image('user.lan')}}\n`)
    folder.write('project/homelab.yaml', `images: {a: ${image('project.lan')}}\n`)
    const surroundings = {...folder.surroundings(), cwd: `${folder.path}/project`}
    const {images} = (await loadConfiguration(surroundings))._unsafeUnwrap()
    folder.remove()
    expect(images?.['a']?.url).to.equal('https://project.lan/a.raw')
    expect(images?.['b']?.url).to.equal('https://user.lan/a.raw')
  })
})
