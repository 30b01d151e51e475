import {expect} from 'chai'

import {beforeKey, nameOfEscapeKey, parseEscapeKey} from '../../../src/domain/escape-key.js'

describe('the key that leaves a console', () => {
  it('is a control key, or none', () => {
    for (const [text, byte, name] of [
      ['ctrl-]', 0x1d, 'Ctrl-]'],
      ['^]', 0x1d, 'Ctrl-]'],
      ['Ctrl-a', 1, 'Ctrl-A'],
      ['ctrl+\\', 0x1c, 'Ctrl-\\'],
      ['^_', 0x1f, 'Ctrl-_'],
    ] as const) {
      expect(parseEscapeKey(text)._unsafeUnwrap(), text).to.equal(byte)
      expect(nameOfEscapeKey(byte)).to.equal(name)
    }

    expect(parseEscapeKey('none')._unsafeUnwrap()).to.equal(undefined)
    for (const text of ['', 'a', 'ctrl-', 'ctrl-1', 'ctrl-ab', ']'])
      expect(parseEscapeKey(text)._unsafeUnwrapErr().kind, text).to.equal('usage')
  })

  it('ends what is typed where it is pressed', () => {
    const text = ({before, found}: ReturnType<typeof beforeKey>) => [Buffer.from(before).toString(), found]
    expect(text(beforeKey(Buffer.from('ab\u001Dcd'), 0x1d))).to.deep.equal(['ab', true])
    expect(text(beforeKey(Buffer.from('abcd'), 0x1d))).to.deep.equal(['abcd', false])
    expect(text(beforeKey(Buffer.from('ab\u001Dcd'), undefined))).to.deep.equal(['ab\u001Dcd', false])
  })
})
