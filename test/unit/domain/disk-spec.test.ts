import {expect} from 'chai'

import {checkBus, diskValue, parseDiskSpec} from '../../../src/domain/disk-spec.js'

const value = (text: string, type: 'lxc' | 'qemu' = 'qemu'): string =>
  diskValue(parseDiskSpec(text, type)._unsafeUnwrap(), 'default')
const refusal = (text: string, type: 'lxc' | 'qemu' = 'qemu') => parseDiskSpec(text, type)._unsafeUnwrapErr()

describe('a disk as people write it', () => {
  const wanted: readonly (readonly [string, string])[] = [
    ['local-lvm:32GiB', 'local-lvm:32'],
    ['local-lvm:32', 'local-lvm:32'],
    ['local-lvm:0.5', 'local-lvm:0.5'],
    ['local-lvm:512M', 'local-lvm:0.5'],
    ['local-lvm:1MiB', 'local-lvm:0.0009765625'],
    ['32GiB', 'default:32'],
    ['100G', 'default:100'],
    ['local-lvm:32GiB,ssd,discard,iothread', 'local-lvm:32,ssd=1,discard=on,iothread=1'],
    ['local-lvm:32GiB,ssd=off,discard=off,backup=no', 'local-lvm:32,ssd=0,discard=ignore,backup=0'],
    ['local-lvm:vm-100-disk-0,cache=writeback', 'local-lvm:vm-100-disk-0,cache=writeback'],
    ['local:100/vm-100-disk-0.qcow2', 'local:100/vm-100-disk-0.qcow2'],
    ['local-lvm,import=nas:import/debian.qcow2,ssd', 'local-lvm:0,import-from=nas:import/debian.qcow2,ssd=1'],
    ['local-lvm:0,import-from=nas:import/debian.qcow2', 'local-lvm:0,import-from=nas:import/debian.qcow2'],
  ]
  for (const [text, native] of wanted) it(`${text} is ${native}`, () => expect(value(text)).to.equal(native))

  it('knows the options of containers', () => {
    expect(value('local-lvm:8GiB,mount=/data,ro,mountoptions=noatime;nosuid', 'lxc')).to.equal(
      'local-lvm:8,mp=/data,ro=1,mountoptions=noatime;nosuid',
    )
    expect(value('/srv/photos,mp=/photos,ro', 'lxc')).to.equal('/srv/photos,mp=/photos,ro=1')
    expect(refusal('local-lvm:8GiB,ssd', 'lxc').message).to.contain('there is no option "ssd"')
  })

  it('takes the slot out', () => {
    const spec = parseDiskSpec('local-lvm:8GiB,slot=scsi3,ssd', 'qemu')._unsafeUnwrap()
    expect(spec.slot).to.equal('scsi3')
    expect(diskValue(spec, 'x')).to.equal('local-lvm:8,ssd=1')
  })

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /does not begin with a storage/],
    ['ssd=1,local-lvm:8', /does not begin with a storage/],
    ['local-lvm', /names no size/],
    ['local-lvm:', /names no size/],
    ['local-lvm:0', /no possible size/],
    ['local-lvm:1.3KiB', /no possible size/],
    ['local-lvm:8,sdd', /no option "sdd"/],
    ['local-lvm:8,ssd,ssd', /given twice/],
    ['local-lvm:8,cache=fast', /"fast" is not possible for the option "cache"/],
    ['local-lvm:8,cache', /"cache" needs a value/],
    ['local-lvm:8,slot=scsi31', /no slot "scsi31"/],
    ['local-lvm:8,slot=floppy0', /no slot "floppy0"/],
    ['local-lvm:8,bus=virtio,ssd', /virtio have no option "ssd"/],
  ]
  for (const [text, message] of refused) {
    it(`refuses "${text}"`, () => {
      expect(refusal(text).kind).to.equal('usage')
      expect(refusal(text).message).to.match(message)
    })
  }

  it('suggests the option that was meant', () => {
    expect(refusal('local-lvm:8,sdd').hint).to.contain('Did you mean "ssd"?')
  })

  it('knows what a bus cannot do', () => {
    expect(checkBus('sata', new Map([['iothread', '1']]), 'disk')._unsafeUnwrapErr().message).to.contain('iothread')
    expect(checkBus('scsi', new Map([['iothread', '1']]), 'disk').isOk()).to.equal(true)
  })
})
