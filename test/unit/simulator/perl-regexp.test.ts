import {expect} from 'chai'
import {loadSchema, PVE_VERSIONS} from '../../../src/schema/schema.js'
import {schemaPattern} from '../../../src/simulator/front-door/perl-regexp.js'

describe('schemaPattern', () => {
  it('is anchored at both ends, around the text and not around its alternatives', () => {
    expect(schemaPattern('ab').test('xab')).to.equal(false)
    expect(schemaPattern('ab').test('abx')).to.equal(false)
    expect(schemaPattern('ab|cd').test('abx')).to.equal(true)
    expect(schemaPattern('ab|cd').test('xcd')).to.equal(true)
  })

  it('lets one line feed follow, as Perl does', () => {
    expect(schemaPattern('ab').test('ab\n')).to.equal(true)
    expect(schemaPattern('ab').test('ab\n\n')).to.equal(false)
    expect(schemaPattern(String.raw`ab\z`).test('ab\n')).to.equal(false)
  })

  it('ignores case only inside a group that says so', () => {
    const pattern = schemaPattern('(?^:a(?^i:b[c-e_f]))g')
    expect(pattern.test('abcg')).to.equal(true)
    expect(pattern.test('aBDg')).to.equal(true)
    expect(pattern.test('aBFg')).to.equal(true)
    expect(pattern.test('ABDg')).to.equal(false)
    expect(pattern.test('aBDG')).to.equal(false)
  })

  it('knows a count without a lower bound, and a point that is no line feed', () => {
    expect(schemaPattern('[a-z]{,2}').test('')).to.equal(true)
    expect(schemaPattern('[a-z]{,2}').test('abc')).to.equal(false)
    expect(schemaPattern('a.b').test('a\u2028b')).to.equal(true)
    expect(schemaPattern('a.b').test('a\nb')).to.equal(false)
  })

  it('reads every pattern of the schemas', () => {
    let count = 0
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, value] of Object.entries(node)) {
        if (key === 'pattern' && typeof value === 'string') {
          count++
          expect(() => schemaPattern(value), value).not.to.throw()
        }
        visit(value)
      }
    }
    for (const version of PVE_VERSIONS) for (const {parameters} of loadSchema(version).methods()) visit(parameters)
    expect(count).to.be.greaterThan(500)
  })
})
