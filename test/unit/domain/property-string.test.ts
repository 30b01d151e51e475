import {expect} from 'chai'
import fc from 'fast-check'
import {formatPropertyString, parsePropertyString, splitPropertyString} from '../../../src/domain/property-string.js'

describe('property strings', () => {
  it('are parts with or without a key, in order', () => {
    expect(splitPropertyString('local-lvm:8,ssd=1, ,serial=a=b')).to.deep.equal([
      {value: 'local-lvm:8'},
      {key: 'ssd', value: '1'},
      {key: 'serial', value: 'a=b'},
    ])
    expect(splitPropertyString('')).to.deep.equal([])
  })

  it('give the bare value to the default key', () => {
    expect([...parsePropertyString('virtio=BC:24:11:00:00:01,bridge=vmbr0', {defaultKey: 'model'})]).to.deep.equal([
      ['virtio', 'BC:24:11:00:00:01'],
      ['bridge', 'vmbr0'],
    ])
    expect(parsePropertyString('host,flags=+aes', {defaultKey: 'cputype'}).get('cputype')).to.equal('host')
    expect(parsePropertyString('x').get('')).to.equal('x')
  })

  it('are printed with the bare value first, booleans as digits, and without what is absent', () => {
    const values: [string, string | number | boolean | undefined][] = [
      ['ssd', true],
      ['file', 'local:8'],
      ['iops', 100],
      ['cache', undefined],
    ]
    expect(formatPropertyString(values, {defaultKey: 'file'})).to.equal('local:8,ssd=1,iops=100')
  })

  it('survive being printed and read', () => {
    const text = fc.string({minLength: 1}).filter((part) => !/[,=]/.test(part) && part.trim() !== '')
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), {selector: ([key]) => key}), (entries) => {
        expect([...parsePropertyString(formatPropertyString(entries))]).to.deep.equal(entries)
      }),
    )
  })
})
