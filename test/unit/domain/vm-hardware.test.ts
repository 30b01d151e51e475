import {expect} from 'chai'

import {checkHardware, type VmHardware} from '../../../src/domain/vm-hardware.js'

const MIB = 2 ** 20

describe('the hardware of a VM', () => {
  const check = (more: Partial<VmHardware>, memoryBytes?: number) =>
    checkHardware({disks: [], nets: [], others: {}, ...more}, memoryBytes === undefined ? {} : {memoryBytes})
  const wrong = (more: Partial<VmHardware>, memoryBytes?: number) => check(more, memoryBytes)._unsafeUnwrapErr()

  it('has whole MiB of memory, with the unit', () => {
    expect(check({}, 16 * MIB).isOk()).to.equal(true)
    expect(wrong({}, 2048).hint).to.contain('2048MiB')
    expect(wrong({}, 16 * MIB + 1).details).to.deep.equal({field: 'memory'})
  })

  it('leaves the VM not more memory than it has', () => {
    expect(check({balloonBytes: 0}, 512 * MIB).isOk()).to.equal(true)
    expect(wrong({balloonBytes: 1024 * MIB}, 512 * MIB).message).to.contain('more than the 512 MiB')
    expect(wrong({balloonBytes: MIB / 2}).details).to.deep.equal({field: 'balloon'})
  })

  it('has Secure Boot with UEFI only', () => {
    expect(check({secureBoot: false, firmware: 'uefi'}).isOk()).to.equal(true)
    expect(check({secureBoot: false, osType: 'win11'}).isOk()).to.equal(true)
    expect(wrong({secureBoot: true}).details).to.deep.equal({field: 'secure-boot'})
  })

  it('has a machine that QEMU has', () => {
    for (const machine of ['q35', 'i440fx', 'pc-q35-9.0', 'pc-i440fx-8.1+pve0', 'q35,viommu=intel'])
      expect(check({machine}).isOk(), machine).to.equal(true)
    expect(wrong({machine: 'q36'}).message).to.contain('"q36"')
  })
})
