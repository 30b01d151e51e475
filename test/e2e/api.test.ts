import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'

describe('any path of the API', () => {
  let cluster: TestCluster

  beforeEach(async () => {
    cluster = await startCluster()
  })

  afterEach(() => cluster.stop())

  it('prints null where Proxmox VE answers nothing', async () => {
    const argv = ['proxmox', 'api', 'put', '/cluster/options', '-d', 'keyboard=de']
    expect(await cluster.run([...argv, '--json'])).to.include({exitCode: 0, stdout: 'null\n'})
    expect(await cluster.run(argv)).to.include({exitCode: 0, stdout: ''})
  })
})
