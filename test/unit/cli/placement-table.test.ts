import {expect} from 'chai'

import {placementTable} from '../../../src/cli/output/placement-table.js'

describe('the table of a placement', () => {
  it('shows the points of each part that counts, and why the others are out', () => {
    const parts = [{part: 'memory', value: 0.9, weight: 100, points: 90.04}] as const
    const lines = placementTable(
      [{node: 'pve1', score: 90.04, parts, freeMemoryAfterBytes: 2 ** 30, guestCount: 2}],
      [{node: 'pve2', reason: 'offline'}],
    ).split('\n')
    expect(lines[0]).to.match(/^NODE +SCORE +MEMORY +FREE AFTER +GUESTS +WHY NOT$/)
    expect(lines[1]).to.match(/^pve1 +90\.0 +90\.0 +1 GiB +2 +-$/)
    expect(lines[2]).to.match(/^pve2 +- +- +- +- +offline$/)
  })
})
