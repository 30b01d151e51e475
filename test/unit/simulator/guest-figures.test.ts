import {expect} from 'chai'

import {openApiWorld, type ApiWorld} from '../../helpers/api-world.js'

interface Point {
  readonly time: number
  readonly cpu?: number
}

describe('the figures of guests over time', () => {
  let api: ApiWorld

  beforeEach(() => {
    api = openApiWorld('demo')
  })

  afterEach(() => api.close())

  const measured = async (path: string) => {
    const points = (await api.call('GET', `${path}/rrddata`, {timeframe: 'hour'})) as Point[]
    expect(points).to.have.length(70)
    return points.filter(({cpu}) => cpu !== undefined).length
  }

  it('are told by every node, wherever the guest is', async () => {
    expect(await measured('/nodes/pve1/qemu/100')).to.equal(70)
    expect(await measured('/nodes/pve2/qemu/101')).to.equal(70)
    expect(await measured('/nodes/pve2/lxc/201')).to.equal(70)
  })

  it('have gaps for what was not running, and under a node where the guest is not', async () => {
    expect(await measured('/nodes/pve2/qemu/103')).to.equal(0)
    expect(await measured('/nodes/pve1/qemu/101')).to.equal(0)
  })
})
