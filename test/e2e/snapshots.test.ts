import {expect} from 'chai'

import {startCluster, type TestCluster} from '../helpers/cluster.js'
import {DISK_STORAGES, storageFixture, type DiskStorage} from '../helpers/storage-fixture.js'

describe('snapshots', () => {
  let cluster: TestCluster

  afterEach(() => cluster.stop())

  const open = async (storage: DiskStorage = 'thin', pveVersion: '8.4' | '9.2' = '9.2') => {
    cluster = await startCluster({fixture: storageFixture(storage), pveVersion})
  }

  const run = async (...argv: string[]) => {
    const {json, exitCode} = await cluster.run(['proxmox', 'snapshot', ...argv, '--json'])
    return {exitCode, result: json()}
  }

  const done = async (...argv: string[]) => {
    const {exitCode, result} = await run(...argv)
    expect(exitCode, `${argv.join(' ')}: ${JSON.stringify(result)}`).to.equal(0)
    return result
  }

  const writes = () => cluster.requests.filter(({method}) => method !== 'GET')

  const refused = async (exitCode: number, ...argv: string[]) => {
    cluster.requests.length = 0
    const outcome = await run(...argv)
    expect(outcome.exitCode, `${argv.join(' ')}: ${JSON.stringify(outcome.result)}`).to.equal(exitCode)
    expect(writes()).to.deep.equal([])
    return outcome.result.error
  }

  const guests = () => cluster.simulator.world.store.of('guests')
  const guest = (vmid: number) => guests().get(vmid)!
  const names = (vmid: number) => Object.keys(guest(vmid).snapshots ?? {})

  for (const pveVersion of ['8.4', '9.2'] as const) {
    for (const storage of DISK_STORAGES) {
      it(`${pveVersion}, ${storage}: takes snapshots of VMs`, async () => {
        await open(storage, pveVersion)
        const taken = await done('create', 'web', 'before', '--description', 'Debian 12 to 13')
        expect(taken).to.deep.include({vmid: 100, name: 'web', snapshot: 'before', ram: false, automatic: false})
        expect(taken.task.outcome).to.equal('ok')
        expect(taken.createdAt).to.match(/^\d{4}-.*Z$/)
        expect(guest(100).snapshots?.['before']?.description).to.equal('Debian 12 to 13')
        const withMemory = await done('create', 'db', 'warm', '--ram')
        expect(withMemory).to.include({snapshot: 'warm', ram: true, status: 'running'})
      })
    }
  }
})
