import {expect} from 'chai'

import {checkClone, cloneOptions, needsTemplate, type CloneChanges} from '../../../src/domain/clone-options.js'
import {parseDiskSpec} from '../../../src/domain/disk-spec.js'
import {parseNetSpec} from '../../../src/domain/net-spec.js'
import {Secret} from '../../../src/domain/secret.js'

const disk = (text: string) => parseDiskSpec(text, 'qemu')._unsafeUnwrap()
const net = (text: string) => parseNetSpec(text, 'qemu')._unsafeUnwrap()
const hardware = (more: Partial<CloneChanges['hardware']>) => ({disks: [], nets: [], others: {}, ...more})
const changes = (more: Partial<CloneChanges> = {}): CloneChanges => ({
  hardware: hardware({}),
  creation: {},
  cloudInit: {},
  ...more,
})

const template = {
  boot: 'order=virtio0',
  virtio0: 'ceph:base-9000-disk-0,size=3G',
  ide2: 'ceph:vm-9000-cloudinit,media=cdrom,size=4M',
  net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr5,tag=3',
  ipconfig0: 'ip=dhcp',
}

describe('the changes in a clone', () => {
  it('are only those that were asked for', () => {
    expect(cloneOptions(changes(), template)._unsafeUnwrap()).to.deep.equal({})
    const made = cloneOptions(
      changes({creation: {cores: 4, memoryBytes: 2 ** 30}, hardware: hardware({onBoot: true, cpu: 'host'})}),
      template,
    )
    expect(made._unsafeUnwrap()).to.deep.equal({cpu: 'host', cores: 4, memory: 1024, onboot: 1})
  })

  it('bring disks and NICs beside those of the template, like them where nothing else is said', () => {
    const asked = hardware({disks: [disk('10GiB'), disk('nas:5GiB,bus=scsi')], nets: [net('vlan=7,model=e1000')]})
    expect(cloneOptions(changes({hardware: asked}), template)._unsafeUnwrap()).to.deep.equal({
      virtio1: 'ceph:10',
      scsi0: 'nas:5',
      net1: 'e1000,bridge=vmbr5,tag=7',
    })
  })

  it('move the first NIC to another bridge, and keep what else it is', () => {
    expect(cloneOptions(changes({creation: {bridge: 'vmbr1'}}), template)._unsafeUnwrap()).to.deep.equal({
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=3',
    })
  })

  it('tell cloud-init, and make its drive where there is none', () => {
    const password = new Secret('pw')
    const asked = changes({cloudInit: {user: 'ops'}, password})
    expect(cloneOptions(asked, template)._unsafeUnwrap()).to.deep.equal({ciuser: 'ops', cipassword: password})
    const {ide2: _, ...bare} = template
    expect(cloneOptions(asked, bare)._unsafeUnwrap()).to.include({ide2: 'ceph:cloudinit'})
  })

  it('add a TPM once', () => {
    const asked = changes({hardware: hardware({tpm: true})})
    expect(cloneOptions(asked, template)._unsafeUnwrap()).to.deep.equal({tpmstate0: 'ceph:1,version=v2.0'})
    expect(cloneOptions(asked, {...template, tpmstate0: 'x'})._unsafeUnwrap()).to.deep.equal({})
  })

  it('are refused where the template takes the place, or decides', () => {
    const asked = changes({hardware: hardware({disks: [disk('1GiB,slot=virtio0')]})})
    expect(cloneOptions(asked, template)._unsafeUnwrapErr().message).to.equal('there are two disks for virtio0')
    const failed = checkClone(changes({hardware: hardware({firmware: 'uefi'})}))._unsafeUnwrapErr()
    expect(failed.message).to.contain('--firmware makes no sense for a clone')
    for (const more of [{secureBoot: true}, {diskless: true}, {netless: true}])
      expect(checkClone(changes({hardware: hardware(more)})).isErr()).to.equal(true)
  })

  it('need a look at the template only where something has to find its place', () => {
    expect(needsTemplate(changes({creation: {cores: 2, bridge: 'vmbr1'}}))).to.equal(false)
    expect(needsTemplate(changes({hardware: hardware({boot: ['net0']})}))).to.equal(true)
    expect(needsTemplate(changes({password: new Secret('pw')}))).to.equal(true)
  })
})
