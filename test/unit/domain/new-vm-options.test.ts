import {expect} from 'chai'

import {parseDiskSpec} from '../../../src/domain/disk-spec.js'
import {parseNetSpec} from '../../../src/domain/net-spec.js'
import {
  checkNewVm,
  needsStorage,
  newVmOptions,
  storageNeeds,
  type NewVmParts,
} from '../../../src/domain/new-vm-options.js'
import {Secret} from '../../../src/domain/secret.js'

const GIB = 2 ** 30
const disk = (text: string) => parseDiskSpec(text, 'qemu')._unsafeUnwrap()
const net = (text: string) => parseNetSpec(text, 'qemu')._unsafeUnwrap()

function vm(parts: Partial<NewVmParts> = {}): NewVmParts {
  return {
    name: 'web',
    source: {kind: 'empty'},
    hardware: {disks: [], nets: [], others: {}},
    creation: {},
    cloudInit: {},
    storage: 'local-lvm',
    uuid: '11111111-2222-4333-8444-555555555555',
    knowsCpu: true,
    ...parts,
  }
}

const hardware = (more: Partial<NewVmParts['hardware']>) => ({disks: [], nets: [], others: {}, ...more})
const options = (parts: Partial<NewVmParts> = {}) => newVmOptions(vm(parts))._unsafeUnwrap()

describe('the options of a new VM', () => {
  it('are those of a modern Linux guest where nothing is said', () => {
    expect(options()).to.deep.equal({
      name: 'web',
      ostype: 'l26',
      machine: 'q35',
      cpu: 'x86-64-v2-AES',
      cores: 2,
      memory: 2048,
      scsihw: 'virtio-scsi-single',
      scsi0: 'local-lvm:32,discard=on,ssd=1,iothread=1',
      net0: 'virtio,bridge=vmbr0',
      boot: 'order=scsi0;net0',
      smbios1: 'uuid=11111111-2222-4333-8444-555555555555',
    })
    expect(options({knowsCpu: false})).not.to.have.property('cpu')
  })

  it('install from an ISO: the disk first, then the CD-ROM', () => {
    const made = options({source: {kind: 'iso', volume: 'local:iso/debian.iso'}, creation: {diskBytes: 8 * GIB}})
    expect(made).to.include({
      scsi0: 'local-lvm:8,discard=on,ssd=1,iothread=1',
      ide2: 'local:iso/debian.iso,media=cdrom',
      boot: 'order=scsi0;ide2',
    })
    expect(made).not.to.have.property('serial0')
  })

  it('import an image, with the serial console that images expect, and a cloud-init drive for what it is told', () => {
    const made = options({
      source: {kind: 'image', from: 'local:import/debian.qcow2'},
      cloudInit: {ciuser: 'ops', cipassword: new Secret('pw')},
    })
    expect(made).to.include({
      scsi0: 'local-lvm:0,import-from=local:import/debian.qcow2,discard=on,ssd=1,iothread=1',
      ide2: 'local-lvm:cloudinit',
      serial0: 'socket',
      vga: 'serial0',
      boot: 'order=scsi0',
      ciuser: 'ops',
    })
    const plain = options({
      source: {kind: 'image', from: 'local:import/debian.qcow2'},
      hardware: hardware({serial: false}),
    })
    expect(plain).not.to.have.any.keys('serial0', 'vga', 'ide2')
  })

  it('keep the CD-ROM and the cloud-init drive apart', () => {
    const made = options({source: {kind: 'iso', volume: 'local:iso/a.iso'}, cloudInit: {ciuser: 'ops'}})
    expect(made).to.include({ide2: 'local:iso/a.iso,media=cdrom', ide0: 'local-lvm:cloudinit'})
  })

  it('start by UEFI with Secure Boot, or without', () => {
    expect(options({hardware: hardware({firmware: 'uefi', tpm: true})})).to.include({
      bios: 'ovmf',
      efidisk0: 'local-lvm:1,efitype=4m,pre-enrolled-keys=1',
      tpmstate0: 'local-lvm:1,version=v2.0',
    })
    expect(options({hardware: hardware({firmware: 'uefi', secureBoot: false})})['efidisk0']).to.equal(
      'local-lvm:1,efitype=4m,pre-enrolled-keys=0',
    )
  })

  it('give Windows 11 what it insists on, and no drivers that it lacks', () => {
    const made = options({hardware: hardware({osType: 'win11'}), source: {kind: 'iso', volume: 'local:iso/win.iso'}})
    expect(made).to.include({
      ostype: 'win11',
      bios: 'ovmf',
      sata0: 'local-lvm:32,discard=on,ssd=1',
      net0: 'e1000,bridge=vmbr0',
      boot: 'order=sata0;ide2',
    })
    expect(made).to.have.any.keys('tpmstate0')
  })

  it('take disks and NICs as they are asked for', () => {
    const made = options({
      hardware: hardware({
        disks: [disk('ceph:10GiB,bus=virtio'), disk('20'), disk('8GiB,slot=scsi0'), disk('nas:100/vm-100-disk-0.raw')],
        nets: [net('vmbr1,vlan=20,firewall'), net('model=e1000')],
      }),
      creation: {bridge: 'vmbr9'},
    })
    expect(made).to.include({
      virtio0: 'ceph:10',
      scsi1: 'local-lvm:20',
      scsi0: 'local-lvm:8',
      scsi2: 'nas:100/vm-100-disk-0.raw',
      net0: 'virtio,bridge=vmbr1,tag=20,firewall=1',
      net1: 'e1000,bridge=vmbr9',
      boot: 'order=virtio0;net0',
    })
  })

  it('write each value as Proxmox VE takes it', () => {
    const made = options({
      creation: {cores: 4, memoryBytes: 8 * GIB, tags: ['prod', 'web'], pool: 'lab'},
      hardware: hardware({
        balloonBytes: 0,
        machine: 'i440fx',
        numa: true,
        sockets: 2,
        agent: true,
        onBoot: true,
        protection: false,
        startup: 'order=2',
        description: 'a\nb',
        cpu: 'host',
        display: 'std',
        serial: true,
        others: {hotplug: 'disk,network'},
      }),
    })
    expect(made).to.include({
      balloon: 0,
      machine: 'pc',
      numa: 1,
      sockets: 2,
      agent: '1',
      onboot: 1,
      protection: 0,
      startup: 'order=2',
      description: 'a\nb',
      cpu: 'host',
      vga: 'std',
      serial0: 'socket',
      hotplug: 'disk,network',
      memory: 8192,
      cores: 4,
      tags: 'prod;web',
      pool: 'lab',
    })
  })

  it('start from what was asked for, if it is there', () => {
    expect(options({hardware: hardware({boot: ['net0', 'scsi0']})})['boot']).to.equal('order=net0;scsi0')
    const failed = newVmOptions(vm({hardware: hardware({boot: ['scsi7']})}))._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'usage', hint: 'It will have: scsi0, net0'})
  })

  it('can do without disks and NICs', () => {
    const made = options({hardware: hardware({diskless: true, netless: true})})
    expect(made).not.to.have.any.keys('scsi0', 'net0', 'boot')
    expect(needsStorage(vm({hardware: hardware({diskless: true})}))).to.equal(false)
  })

  it('refuse two disks in one place, too many, and an option that the bus lacks', () => {
    const failed = (disks: string[]) =>
      newVmOptions(vm({hardware: hardware({disks: disks.map(disk)})}))._unsafeUnwrapErr()
    expect(failed(['1GiB,slot=scsi1', '2GiB,slot=scsi1']).message).to.equal('there are two disks for scsi1')
    expect(failed(Array.from({length: 7}, () => '1GiB,bus=sata')).message).to.contain('sata has 6 places')
  })

  it('need a storage of their own only for volumes that name none', () => {
    expect(needsStorage(vm())).to.equal(true)
    expect(needsStorage(vm({hardware: hardware({disks: [disk('ceph:1GiB')]})}))).to.equal(false)
    expect(needsStorage(vm({hardware: hardware({disks: [disk('ceph:1GiB')], tpm: true})}))).to.equal(true)
    expect(needsStorage(vm({hardware: hardware({disks: [disk('ceph:1GiB')]}), cloudInit: {ciuser: 'a'}}))).to.equal(
      true,
    )
  })

  it('tell what they need of each storage', () => {
    expect(
      storageNeeds(
        vm({
          source: {kind: 'iso', volume: 'local:iso/a.iso'},
          hardware: hardware({firmware: 'uefi', disks: [disk('ceph:1GiB'), disk('nas,import=local:import/b.raw')]}),
        }),
      ),
    ).to.deep.equal([
      {storage: 'ceph', content: 'images', bytes: GIB},
      {storage: 'nas', content: 'images'},
      {storage: 'local', content: 'import'},
      {storage: 'local', content: 'iso'},
      {storage: 'local-lvm', content: 'images', bytes: 4 * 2 ** 20},
    ])
  })

  it('contradict themselves in some ways only', () => {
    const withDisk = vm({hardware: hardware({disks: [disk('8GiB')]})})
    expect(checkNewVm(withDisk, {diskBytes: GIB})._unsafeUnwrapErr().message).to.contain('--disk replaces it')
    expect(checkNewVm(withDisk, {}).isOk()).to.equal(true)
    const image = vm({source: {kind: 'image', from: 'a:import/b.raw'}, hardware: hardware({diskless: true})})
    expect(checkNewVm(image, {})._unsafeUnwrapErr().message).to.contain('--disk none contradicts --image')
  })
})
