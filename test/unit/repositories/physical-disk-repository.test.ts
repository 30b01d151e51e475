import {expect} from 'chai'
import {proxmoxApi} from 'proxmox-api'

import {PhysicalDiskRepository} from '../../../src/repositories/physical-disk-repository.js'

describe('disks of nodes', () => {
  const listed = async (row: Record<string, unknown>) => {
    const api = proxmoxApi({doRequest: async () => [{devpath: '/dev/sda', ...row}]})
    const [disk] = (await new PhysicalDiskRepository({api}).list('pve1'))._unsafeUnwrap()
    return disk!
  }

  it('turns the life that is left into wear', async () => {
    expect((await listed({wearout: 97})).wearFraction).to.equal(0.03)
    expect((await listed({wearout: '100'})).wearFraction).to.equal(0)
    expect(await listed({wearout: 'N/A'})).not.to.have.property('wearFraction')
  })

  it('leaves out what the node does not know', async () => {
    expect(await listed({wwn: 'unknown', serial: 'unknown', vendor: '   ', rpm: -1, osdid: -1})).to.deep.equal({
      node: 'pve1',
      device: '/dev/sda',
    })
  })

  it('reads one OSD, or several', async () => {
    expect((await listed({osdid: '3'})).osds).to.deep.equal([3])
    expect((await listed({osdid: 3, 'osdid-list': ['3', '4']})).osds).to.deep.equal([3, 4])
    expect(await listed({osdid: -1, 'osdid-list': null})).not.to.have.property('osds')
  })

  it('reads a disk of a workstation', async () => {
    expect(
      await listed({
        type: 'hdd',
        vendor: 'ATA     ',
        model: 'WDC_WD40EFRX',
        serial: 'WD-1',
        size: 4_000_787_030_016,
        rpm: 5400,
        health: 'PASSED',
        used: 'ZFS',
        mounted: 0,
      }),
    ).to.deep.equal({
      node: 'pve1',
      device: '/dev/sda',
      type: 'hdd',
      vendor: 'ATA',
      model: 'WDC_WD40EFRX',
      serial: 'WD-1',
      sizeBytes: 4_000_787_030_016,
      rpm: 5400,
      health: 'PASSED',
      usage: 'ZFS',
      mounted: false,
    })
  })
})
