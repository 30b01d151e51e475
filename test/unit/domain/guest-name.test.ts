import {expect} from 'chai'

import {checkGuestName} from '../../../src/domain/guest-name.js'

describe('guest names', () => {
  for (const good of ['web', 'web-1', 'Web.lab.example', '1st', 'a']) {
    it(`accepts ${good}`, () => {
      expect(checkGuestName(good).isOk()).to.equal(true)
    })
  }

  for (const bad of ['', '-web', 'web-', 'my_vm', 'a b', 'web.', '.web', 'a..b', 'ü', 'x'.repeat(64)]) {
    it(`refuses "${bad}"`, () => {
      const failed = checkGuestName(bad)._unsafeUnwrapErr()
      expect(failed.kind).to.equal('usage')
      expect(failed.message).to.contain(`"${bad}"`)
    })
  }
})
