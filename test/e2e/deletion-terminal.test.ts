import {expect} from 'chai'

import {useTerminal} from '../helpers/terminal.js'

describe('deleting at a terminal', function () {
  this.timeout(60_000)

  const {cluster, open} = useTerminal()
  const deletions = () => cluster().requests.filter(({method}) => method === 'DELETE').length

  it('wants the name of one guest to be typed', async () => {
    const wrong = open('proxmox vm delete scratch')
    await wrong.sees('scsi0: nas:103/vm-103-disk-0.qcow2, 8 GiB')
    await wrong.sees('Type scratch to go on:')
    wrong.type('y\r')
    await wrong.sees('EXIT=8')
    expect(wrong.output).to.contain('nothing was deleted')
    expect(deletions()).to.equal(0)
    await wrong.end()

    const right = open('proxmox vm delete scratch')
    await right.sees('Type scratch to go on:')
    right.type('scratch\r')
    await right.sees('EXIT=0')
    expect(deletions()).to.equal(1)
  })

  it('wants the number of several to be typed', async () => {
    const both = open('proxmox lxc delete dns proxy --force')
    await both.sees('Type 2 to go on:')
    both.type('2\r')
    await both.sees('EXIT=0')
    expect(deletions()).to.equal(3)
  })
})
