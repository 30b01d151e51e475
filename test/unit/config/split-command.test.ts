import {expect} from 'chai'

import {splitCommand} from '../../../src/config/split-command.js'

describe('the words of a command', () => {
  const cases: [string, string[] | undefined][] = [
    ['pass show pve/homelab', ['pass', 'show', 'pve/homelab']],
    ['  a   b  ', ['a', 'b']],
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a"b c"d`, ['ab cd']],
    [`a '' ""`, ['a', '', '']],
    [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
    ['echo $HOME; rm -rf * | cat', ['echo', '$HOME;', 'rm', '-rf', '*', '|', 'cat']],
    ['', []],
    [`a 'b`, undefined],
  ]
  for (const [text, words] of cases) {
    it(`${text || 'nothing'} -> ${JSON.stringify(words)}`, () => {
      expect(splitCommand(text)).to.deep.equal(words)
    })
  }
})
