import {expect} from 'chai'
import {inspect} from 'node:util'

import {isSecretParameter, redact} from '../../../src/domain/redact.js'
import {Secret} from '../../../src/domain/secret.js'

describe('redact', () => {
  it('replaces a secret wherever it stands', () => {
    expect(redact('a=hunter22 b=hunter22', ['hunter22'])).to.equal('a=[redacted] b=[redacted]')
  })

  it('finds it percent-encoded, form-encoded and inside JSON', () => {
    const secret = 'p&ss w"rd'
    for (const spelling of [
      encodeURIComponent(secret),
      new URLSearchParams({p: secret}).toString().slice(2),
      JSON.stringify(secret),
    ]) {
      const result = redact(`<${spelling}>`, [secret])
      expect(result, spelling).to.match(/^<"?\[redacted\]"?>$/)
    }
  })

  it('leaves no rest of a secret that contains another', () => {
    expect(redact('topsecret', ['secret', 'topsecret'])).to.equal('[redacted]')
  })

  it('leaves texts alone when the secret is too short to be one', () => {
    expect(redact('a b c', ['', 'a'])).to.equal('a b c')
  })

  it('knows the parameters that carry secrets', () => {
    for (const name of ['password', 'cipassword', 'value', 'tfa-challenge', 'CSRFPreventionToken']) {
      expect(isSecretParameter(name), name).to.equal(true)
    }

    for (const name of ['name', 'vmid', 'description', 'tokenid']) expect(isSecretParameter(name), name).to.equal(false)
  })
})

describe('Secret', () => {
  const secret = new Secret('hunter22')

  it('gives its value only when asked for it', () => {
    expect(secret.reveal()).to.equal('hunter22')
  })

  it('shows itself in no other way', () => {
    const shown = [
      `${secret}`,
      JSON.stringify({secret}),
      inspect(secret),
      inspect({secret}, {depth: 9, showHidden: true}),
      `${secret}x`,
    ]
    for (const text of shown) expect(text).to.include('[redacted]').and.not.include('hunter22')
  })
})
