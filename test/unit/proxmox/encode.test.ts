import {expect} from 'chai'
import fc from 'fast-check'

import {encodeForm, encodePath} from '../../../src/proxmox/encode.js'

describe('encodePath', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['/nodes/pve1/qemu/100/config', '/nodes/pve1/qemu/100/config'],
    ['nodes', '/nodes'],
    ['/storage/local:iso%2Fa?x#b%20c.iso', '/storage/local%3Aiso%2Fa%3Fx%23b%2520c.iso'],
    [
      '/tasks/UPID:pve1:0000:1:2:qmclone:100:root@pam!t:',
      '/tasks/UPID%3Apve1%3A0000%3A1%3A2%3Aqmclone%3A100%3Aroot%40pam!t%3A',
    ],
    ['/nodes/../access', undefined],
    ['/nodes/./x', undefined],
    ['/nodes//x', undefined],
    ['/', undefined],
    ['', undefined],
  ]
  for (const [given, expected] of cases) {
    it(`makes ${JSON.stringify(given)} ${expected ?? 'impossible'}`, () => expect(encodePath(given)).to.equal(expected))
  }

  it('lets every segment arrive as it was, and none become two', () => {
    fc.assert(
      fc.property(fc.string({minLength: 1, unit: 'binary'}), (text) => {
        const path = encodePath(`/storage/${text.replaceAll('/', '%2F')}/content`)
        const plain = text.replaceAll(/%2f/gi, '/')
        if (plain === '.' || plain === '..') return path === undefined
        const {pathname, search, hash} = new URL(`https://pve1:8006${path}`)
        const segments = pathname.split('/')
        return segments.length === 4 && decodeURIComponent(segments[2]!) === plain && search === '' && hash === ''
      }),
    )
  })
})

describe('encodeForm', () => {
  it('sends booleans as 1 and 0, and leaves out what is not given', () => {
    expect(encodeForm({full: true, start: false, pool: undefined, storage: null, empty: ''})).to.equal(
      'full=1&start=0&empty=',
    )
  })

  it('repeats the key of an array', () => {
    expect(encodeForm({command: ['echo', 'a b', true]})).to.equal('command=echo&command=a+b&command=1')
  })

  it('encodes what would end a value on the server', () => {
    expect(encodeForm({net0: 'virtio,bridge=vmbr0', description: 'a;b&c'})).to.equal(
      'net0=virtio%2Cbridge%3Dvmbr0&description=a%3Bb%26c',
    )
  })

  it('is empty without parameters', () => {
    expect(encodeForm(undefined)).to.equal('')
    expect(encodeForm({})).to.equal('')
  })

  it('leaves the parameters as they were', () => {
    const params = {a: null, b: undefined, c: [1]}
    encodeForm(params)
    expect(params).to.deep.equal({a: null, b: undefined, c: [1]})
  })
})
