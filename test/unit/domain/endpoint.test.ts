import {expect} from 'chai'

import {normalizeEndpoint, normalizeFingerprint} from '../../../src/domain/endpoint.js'

describe('normalizeEndpoint', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['https://pve1.lan:8006', 'https://pve1.lan:8006'],
    ['https://pve1.lan:8006/', 'https://pve1.lan:8006'],
    ['https://PVE1.lan', 'https://pve1.lan:8006'],
    ['pve1.lan', 'https://pve1.lan:8006'],
    ['pve1.lan:443', 'https://pve1.lan:443'],
    ['https://pve1.lan:443', 'https://pve1.lan:443'],
    ['192.0.2.1', 'https://192.0.2.1:8006'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]:8006'],
    ['http://pve1.lan:8006', undefined],
    ['https://user:secret@pve1.lan', undefined],
    ['https://pve1.lan/api2/json', undefined],
    ['https://', undefined],
    ['', undefined],
  ]
  for (const [given, expected] of cases) {
    it(`reads ${JSON.stringify(given)} as ${expected ?? 'no endpoint'}`, () =>
      expect(normalizeEndpoint(given)).to.equal(expected))
  }
})

describe('normalizeFingerprint', () => {
  const spelled = Array.from({length: 32}, (_, index) => (index + 160).toString(16).toUpperCase()).join(':')

  it('accepts the usual spellings', () => {
    const plain = spelled.replaceAll(':', '')
    for (const text of [
      spelled,
      spelled.toLowerCase(),
      plain,
      ` ${plain} `,
      `SHA256 ${spelled}`,
      `sha-256=${spelled}`,
    ]) {
      expect(normalizeFingerprint(text), text).to.equal(spelled)
    }
  })

  it('refuses what is too short, too long or not hexadecimal', () => {
    for (const text of ['', 'AA:BB', `${spelled}:00`, spelled.replace('A0', 'XY')])
      expect(normalizeFingerprint(text), text).to.equal(undefined)
  })
})
