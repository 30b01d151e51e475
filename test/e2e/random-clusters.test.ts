import {expect} from 'chai'

import {drainTrial, explainTrial} from '../helpers/cluster-trials.js'

// Seeds that once went wrong; `npm run soak` tries many more.
describe('guests of random clusters', function () {
  this.timeout(60_000)

  for (const seed of [5, 11]) {
    it(`are explained as a judge of its own sees it (${seed})`, async () => {
      expect(await explainTrial(seed)).to.deep.equal([])
    })
  }

  for (const seed of [14, 15, 22, 117, 121]) {
    it(`leave a node and come home (${seed})`, async () => {
      expect(await drainTrial(seed, true)).to.deep.equal([])
    })
  }

  for (const seed of [25, 62]) {
    it(`leave a node and come home, where there are many (${seed})`, async () => {
      expect(await drainTrial(seed, false)).to.deep.equal([])
    })
  }
})
