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

  it('takes a path as a browser or a log shows it, and says what is none', async () => {
    const get = async (path: string) => {
      const {exitCode, json} = await cluster.run(['proxmox', 'api', 'get', path, '--json'])
      return {exitCode, result: json()}
    }
    const {result} = await get('/version')
    for (const path of ['version', '/api2/json/version', 'api2/json/version'])
      expect(await get(path), path).to.deep.equal({exitCode: 0, result})
    cluster.requests.length = 0
    for (const [path, remedy] of [
      ['/cluster/resources?type=vm', '-d key=value'],
      ['https://pve1:8006/api2/json/version', '/nodes'],
    ] as const) {
      const refused = await get(path)
      expect(refused.exitCode, path).to.equal(2)
      expect(refused.result.error.hint).to.contain(remedy)
    }

    expect(cluster.requests).to.deep.equal([])
    const unknown = await get('/nodez')
    expect(unknown.exitCode).to.equal(8)
    expect(unknown.result.error.hint).to.contain('Check the path')
  })
})
