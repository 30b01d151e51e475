import {expect} from 'chai'

import {applianceName, appliancesCalled} from '../../../src/domain/appliance.js'

const files = (...names: string[]) => names.map((file) => ({file}))
const DEBIAN_12_2 = 'debian-12-standard_12.2-1_amd64.tar.zst'
const DEBIAN_12_10 = 'debian-12-standard_12.10-1_amd64.tar.zst'
const DEBIAN_11 = 'debian-11-standard_11.7-1_amd64.tar.zst'
const TURNKEY = 'debian-12-turnkey-core_18.1-1_amd64.tar.gz'

describe('container templates by name', () => {
  it('takes a file name apart', () => {
    expect(applianceName(DEBIAN_12_2)).to.deep.equal({
      file: DEBIAN_12_2,
      package: 'debian-12-standard',
      version: '12.2-1',
    })
    expect(applianceName('mine.tar')).to.deep.equal({file: 'mine.tar', package: 'mine', version: ''})
  })

  const found: readonly (readonly [string, readonly string[], string])[] = [
    ['debian-12', [DEBIAN_11, DEBIAN_12_2], DEBIAN_12_2],
    ['debian-12-standard', [TURNKEY, DEBIAN_12_2], DEBIAN_12_2],
    ['debian-12', [DEBIAN_12_2, DEBIAN_12_10], DEBIAN_12_10],
    [DEBIAN_12_2, [DEBIAN_12_2, DEBIAN_12_10], DEBIAN_12_2],
    ['debian-12-standard_12.2-1_amd64', [DEBIAN_12_2, DEBIAN_12_10], DEBIAN_12_2],
    ['mine', ['mine.tar'], 'mine.tar'],
  ]
  for (const [wanted, available, file] of found) {
    it(`${wanted} among ${available.length} is ${file}`, () => {
      expect(appliancesCalled(files(...available), wanted)._unsafeUnwrap()).to.deep.equal([{file}])
    })
  }

  it('gives every copy of the newest', () => {
    const copies = files(DEBIAN_12_2, DEBIAN_12_2)
    expect(appliancesCalled(copies, 'debian-12')._unsafeUnwrap()).to.have.length(2)
  })

  it('does not choose between packages', () => {
    const failed = appliancesCalled(files(DEBIAN_12_2, TURNKEY), 'debian-12')._unsafeUnwrapErr()
    expect(failed.kind).to.equal('ambiguous-name')
    expect(failed.details).to.deep.include({candidates: ['debian-12-standard', 'debian-12-turnkey-core']})
  })

  it('takes whole words only', () => {
    const failed = appliancesCalled(files(DEBIAN_12_2), 'debian-1')._unsafeUnwrapErr()
    expect(failed.kind).to.equal('not-found')
    expect(appliancesCalled(files(DEBIAN_12_2), 'debian-12-standart')._unsafeUnwrapErr().hint).to.contain(
      '"debian-12-standard"',
    )
  })
})
