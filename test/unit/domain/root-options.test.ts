import {expect} from 'chai'

import {rootOnlyOptions} from '../../../src/domain/root-options.js'
import {Secret} from '../../../src/domain/secret.js'
import {uuidFrom} from '../../../src/domain/uuid.js'

describe('options for root@pam alone', () => {
  const keys = (options: Parameters<typeof rootOnlyOptions>[0]) => rootOnlyOptions(options).map(({key}) => key)

  it('are those without a privilege, and devices and files of the node', () => {
    expect(
      keys({
        args: '-snapshot',
        hookscript: 'local:snippets/a.pl',
        affinity: '0-3',
        serial0: '/dev/ttyS0',
        hostpci0: '0000:01:00.0,pcie=1',
        usb0: 'host=1234:5678',
        scsi0: '/dev/sdb',
        scsi1: 'lvm:0,import-from=/root/a.raw',
        parallel0: '/dev/parport0',
      }),
    ).to.have.length(9)
  })

  it('are not the others', () => {
    expect(
      keys({
        cores: 4,
        serial0: 'socket',
        hostpci0: 'mapping=gpu',
        usb0: 'spice',
        usb1: 'mapping=stick,usb3=1',
        scsi0: 'lvm:0,import-from=local:import/a.raw',
        cipassword: new Secret('/x'),
        description: '/x',
      }),
    ).to.deep.equal([])
  })
})

describe('a UUID', () => {
  it('is one of version 4', () => {
    let seed = 0
    const random = () => (seed = (seed + 0.37) % 1)
    expect(uuidFrom(random)).to.match(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(uuidFrom(() => 0.999)).to.equal('ffffffff-ffff-4fff-bfff-ffffffffffff')
  })
})
