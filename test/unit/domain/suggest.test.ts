import {expect} from 'chai'

import {closest} from '../../../src/domain/suggest.js'

describe('suggestions', () => {
  const commands = ['list', 'show', 'create', 'delete', 'start', 'stop', 'shutdown', 'reboot']
  const cases: [string, string | undefined][] = [
    ['crate', 'create'],
    ['craete', 'create'],
    ['lst', 'list'],
    ['strat', 'start'],
    ['CREATE', 'create'],
    ['shutdwon', 'shutdown'],
    ['migrate', undefined],
    ['x', undefined],
    ['', undefined],
  ]
  for (const [typed, meant] of cases) {
    it(`${JSON.stringify(typed)} ${meant === undefined ? 'is near nothing' : `means ${meant}`}`, () => {
      expect(closest(typed, commands)).to.equal(meant)
    })
  }
})
