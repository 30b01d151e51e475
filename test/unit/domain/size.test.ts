import {expect} from 'chai'
import fc from 'fast-check'

import {formatSize, parseSize} from '../../../src/domain/size.js'

describe('size', () => {
  const valid: [string, number][] = [
    ['4GiB', 4 * 2 ** 30],
    ['4G', 4 * 2 ** 30],
    ['4gb', 4 * 2 ** 30],
    ['512M', 512 * 2 ** 20],
    ['40 GiB', 40 * 2 ** 30],
    ['1.5T', 1.5 * 2 ** 40],
    ['1024', 1024],
    ['10B', 10],
    ['0', 0],
  ]
  for (const [text, bytes] of valid) {
    it(`reads ${text} as ${bytes} bytes`, () => {
      expect(parseSize(text)._unsafeUnwrap()).to.equal(bytes)
    })
  }

  for (const text of ['', 'big', '4X', '-4G', '4Gi B', 'G', '1e9', '9999999P']) {
    it(`refuses ${JSON.stringify(text)} and says how to write it`, () => {
      const failed = parseSize(text)._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(failed.message).to.include(`"${text}"`)
      expect(failed.hint).to.include('4GiB')
    })
  }

  it('reads back what it prints, where nothing is rounded', () => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 1023}), fc.constantFrom(0, 1, 2, 3, 4), (count, power) => {
        const bytes = count * 1024 ** power
        expect(parseSize(formatSize(bytes))._unsafeUnwrap()).to.equal(bytes)
      }),
    )
  })

  const printed: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [4 * 2 ** 30, '4 GiB'],
    [123.4 * 2 ** 30, '123 GiB'],
  ]
  for (const [bytes, text] of printed) {
    it(`prints ${bytes} as ${text}`, () => {
      expect(formatSize(bytes)).to.equal(text)
    })
  }
})
