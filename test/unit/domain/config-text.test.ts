import {expect} from 'chai'
import fc from 'fast-check'
import {formatConfigText, parseConfigText} from '../../../src/domain/config-text.js'

describe('configuration as text', () => {
  it('has a line for each key, an indented block for a long value, and comments for what cannot be edited', () => {
    const text = formatConfigText(
      {cores: 2, onboot: true, description: '# Web\n\nat: home', cipassword: '**********', meta: 'ctime=1'},
      ['Configuration of web'],
    )
    expect(text).to.equal(
      '# Configuration of web\ncores: 2\nonboot: 1\ndescription:\n  # Web\n  \n  at: home\n# cipassword: **********\n# meta: ctime=1\n',
    )
    expect(parseConfigText(text)._unsafeUnwrap()).to.deep.equal({
      cores: '2',
      onboot: '1',
      description: '# Web\n\nat: home',
    })
  })

  it('is read with the line ends, blanks and tabs of any editor', () => {
    const text = 'cores:   4  \r\ndescription:\r\n\tone\r\n\r\n\ttwo\r\n\r\n# a comment\r\nname: web\r\n'
    expect(parseConfigText(text)._unsafeUnwrap()).to.deep.equal({cores: '4', description: 'one\n\ntwo', name: 'web'})
  })

  it('gives back what it was made from', () => {
    const line = fc.string({minLength: 1, maxLength: 12}).filter((text) => text.trim() === text && !/[\r\n]/.test(text))
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{2,6}x$/), fc.array(line, {minLength: 1, maxLength: 4})),
        (lines) => {
          const values = Object.fromEntries(Object.entries(lines).map(([key, parts]) => [key, parts.join('\n')]))
          expect(parseConfigText(formatConfigText(values, ['one', '']))._unsafeUnwrap()).to.deep.equal(values)
        },
      ),
    )
  })

  for (const [text, said] of [
    ['cores 4\n', 'line 1'],
    ['cores: 4\ncores: 5\n', 'second time'],
    ['cores: 4\n  more\n', 'line 2'],
    ['description:\n\nname: web\n', 'description has no value'],
  ] as const) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const {kind, message} = parseConfigText(text)._unsafeUnwrapErr()
      expect(kind).to.equal('usage')
      expect(message).to.contain(said)
    })
  }
})
