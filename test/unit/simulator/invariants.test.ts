import {expect} from 'chai'
import fc from 'fast-check'

import {loadSchema} from '../../../src/schema/schema.js'
import {live, operations} from '../../helpers/random-operations.js'

const schema = loadSchema('8.4')

describe('the simulated cluster, whatever happens to it', () => {
  it('has each VMID once, each volume in one hand, no negative space, no ghost tasks and no unexplained locks', async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (history) => {
        expect(await live(schema, history)).to.deep.equal([])
      }),
      {numRuns: 40, seed: 20_261_121},
    )
  })
})
