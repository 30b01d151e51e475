import {expect} from 'chai'
import {readFileSync} from 'node:fs'

import {loadSchema} from '../../../src/schema/schema.js'
import {routes} from '../../../src/simulator/api/routes.js'
import {methodGaps} from '../../../src/simulator/kernel/method-gaps.js'

describe('the methods of the API', () => {
  const schemas = [loadSchema('8.4'), loadSchema('9.2')]

  it('are simulated, or named in the documentation (node --import tsx scripts/simulator-gaps.mjs)', () => {
    const text = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8')
    const [, documented] = /<!-- gaps -->\n([\s\S]*?)<!-- \/gaps -->/.exec(text) ?? []
    expect(documented?.trim()).to.equal(methodGaps(routes, schemas).trim())
  })

  it('have no handler that the API does not know', () => {
    const known = new Set(schemas.flatMap((schema) => [...schema.methods()].map((m) => `${m.method} ${m.template}`)))
    expect(Object.keys(routes).filter((key) => !known.has(key))).to.deep.equal([])
  })
})
