import {expect} from 'chai'

import {exitCodeTable} from '../../../src/domain/exit-codes.js'
import {EXIT_CODES} from '../../../src/domain/failure.js'

describe('exit codes', () => {
  it('describes every code that a failure can end with, once', () => {
    const codes = exitCodeTable().map(({code}) => code)
    expect(codes).to.deep.equal([...new Set(codes)].sort((a, b) => a - b))
    expect(codes).to.include.members(Object.values(EXIT_CODES))
  })

  it('lists every kind under its code', () => {
    const listed = exitCodeTable().flatMap(({code, kinds}) => kinds.map((kind) => [kind, code]))
    expect(Object.fromEntries(listed)).to.deep.equal(EXIT_CODES)
  })
})
