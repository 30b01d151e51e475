import {expect} from 'chai'
import fc from 'fast-check'

import {loadSchema} from '../../src/schema/schema.js'
import {live, operations} from '../helpers/random-operations.js'

const seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

describe(`thousands of random histories (SOAK_SEED=${seed})`, () => {
  for (const version of ['8.4', '9.2'] as const) {
    it(`leave a cluster of Proxmox VE ${version} whole`, async () => {
      const schema = loadSchema(version)
      await fc.assert(
        fc.asyncProperty(operations, async (history) => {
          expect(await live(schema, history)).to.deep.equal([])
        }),
        {numRuns: 5000, seed},
      )
    })
  }
})
