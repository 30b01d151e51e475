import {expect} from 'chai'

import type {Guest} from '../../../src/domain/guest.js'
import {resolveGuest} from '../../../src/services/guest-service.js'

const guest = (vmid: number, name: string, type: Guest['type'], node = 'pve1'): Guest => ({
  vmid,
  name,
  type,
  node,
  status: 'running',
  template: false,
  tags: [],
})
const guests = [
  guest(100, 'web', 'qemu'),
  guest(200, 'dns', 'lxc'),
  guest(101, 'twin', 'qemu'),
  guest(201, 'twin', 'lxc', 'pve2'),
]

describe('finding guests of both kinds', () => {
  it('takes a VM or a container by name or VMID', () => {
    expect(resolveGuest(guests, undefined, 'web')._unsafeUnwrap().vmid).to.equal(100)
    expect(resolveGuest(guests, undefined, 'dns')._unsafeUnwrap().vmid).to.equal(200)
    expect(resolveGuest(guests, undefined, '201')._unsafeUnwrap().vmid).to.equal(201)
  })

  it('takes neither of a VM and a container of the same name, unless the kind is said', () => {
    const failed = resolveGuest(guests, undefined, 'twin')._unsafeUnwrapErr()
    expect(failed.kind).to.equal('ambiguous-name')
    expect(failed.message).to.equal('2 guests are called "twin"')
    expect(failed.hint).to.contain('VM 101 (on pve1), container 201 (on pve2)')
    expect(resolveGuest(guests, 'lxc', 'twin')._unsafeUnwrap().vmid).to.equal(201)
  })

  it('says which noun goes with a guest of the other kind', () => {
    const container = resolveGuest(guests, 'qemu', '200')._unsafeUnwrapErr()
    expect(container.message).to.equal('"200" is a container, not a VM')
    expect(container.hint).to.equal('See: homelab proxmox lxc show 200')
    expect(resolveGuest(guests, 'lxc', 'web')._unsafeUnwrapErr().hint).to.equal('See: homelab proxmox vm show web')
  })

  it('says that the guests of a node that is off are found by their VMIDs only', () => {
    const nameless = (vmid: number, type: Guest['type'], node: string): Guest => {
      const {name: _name, ...rest} = guest(vmid, '', type, node)
      return {...rest, status: 'unknown'}
    }
    const some = [...guests, nameless(103, 'qemu', 'pve3'), nameless(102, 'qemu', 'pve3'), nameless(202, 'lxc', 'pve2')]
    const hint = (type: Guest['type'] | undefined, name: string) =>
      resolveGuest(some, type, name)._unsafeUnwrapErr().hint
    expect(hint('qemu', 'ci')).to.equal(
      'VMs of nodes that are offline have no names now, but their VMIDs work: 102, 103 on pve3. See: homelab proxmox vm list',
    )
    expect(hint('lxc', 'ci')).to.contain('Containers of nodes').and.to.contain('work: 202 on pve2. ')
    expect(hint(undefined, 'ci')).to.contain('work: 202 on pve2; 102, 103 on pve3. ')
    expect(hint('qemu', '999')).to.equal('See: homelab proxmox vm list')
    expect(resolveGuest(some, 'qemu', '102')._unsafeUnwrap().node).to.equal('pve3')
    expect(resolveGuest(guests, 'qemu', 'ci')._unsafeUnwrapErr().hint).to.equal('See: homelab proxmox vm list')
  })

  it('suggests the nearest of both kinds', () => {
    const failed = resolveGuest(guests, undefined, 'dnz')._unsafeUnwrapErr()
    expect(failed.message).to.equal('there is no guest "dnz"')
    expect(failed.hint).to.contain('"dns"')
  })
})
