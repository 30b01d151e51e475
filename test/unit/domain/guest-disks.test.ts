import {expect} from 'chai'

import {
  diskMountedAt,
  disksOf,
  diskWithVolume,
  freeDiskSlot,
  freeUnused,
  placeForReassigned,
  proxmoxSize,
  readDisk,
  requireDisk,
} from '../../../src/domain/guest-disks.js'
import type {GuestSettings} from '../../../src/domain/guest-settings.js'
import type {Guest} from '../../../src/domain/guest.js'

const GIB = 2 ** 30
const vm: Guest = {vmid: 100, name: 'web', type: 'qemu', node: 'a', status: 'stopped', template: false, tags: []}
const container: Guest = {...vm, vmid: 200, name: 'dns', type: 'lxc'}

function settings(now: Record<string, string>, next: Record<string, string> = now): GuestSettings {
  return {now, next}
}

describe('disks of guests', () => {
  it('read a line of a configuration', () => {
    expect(
      readDisk('qemu', 'scsi0', 'local-lvm:vm-100-disk-0,size=32G,ssd=1,discard=on,iops_rd=500,backup=0'),
    ).to.deep.equal({
      key: 'scsi0',
      kind: 'disk',
      volume: 'local-lvm:vm-100-disk-0',
      storage: 'local-lvm',
      sizeBytes: 32 * GIB,
      format: 'raw',
      options: {ssd: true, discard: 'on', iopsRd: 500, backup: false},
    })
    expect(readDisk('lxc', 'mp0', 'tank:subvol-200-disk-1,mp=/data,size=8G,ro=1')).to.deep.include({
      kind: 'mount',
      format: 'subvol',
      mountPath: '/data',
      options: {ro: true},
    })
  })

  for (const [type, key, value, kind, format] of [
    ['qemu', 'virtio0', 'nas:100/vm-100-disk-0.qcow2,size=3584M', 'disk', 'qcow2'],
    ['qemu', 'ide2', 'none,media=cdrom', 'cdrom', undefined],
    ['qemu', 'ide2', 'local:iso/a.iso,media=cdrom,size=631M', 'cdrom', 'iso'],
    ['qemu', 'ide2', 'nas:100/vm-100-cloudinit.qcow2,media=cdrom', 'cloudinit', 'qcow2'],
    ['qemu', 'scsi1', 'local-lvm:vm-100-cloudinit,media=cdrom,size=4M', 'cloudinit', 'raw'],
    ['qemu', 'efidisk0', 'local-lvm:vm-100-disk-1,efitype=4m,size=4M', 'efi', 'raw'],
    ['qemu', 'tpmstate0', 'local-lvm:vm-100-disk-2,size=4M,version=v2.0', 'tpm', 'raw'],
    ['qemu', 'unused3', 'local-lvm:vm-100-disk-3', 'unused', 'raw'],
    ['qemu', 'scsi2', '/dev/disk/by-id/ata-x', 'disk', undefined],
    ['lxc', 'rootfs', 'tank:subvol-200-disk-0,size=8G', 'rootfs', 'subvol'],
    ['lxc', 'mp1', '/srv/media,mp=/media', 'bind', undefined],
  ] as const) {
    it(`know ${key}: ${value} as ${kind}`, () => {
      const disk = readDisk(type, key, value)
      expect([disk.kind, disk.format]).to.deep.equal([kind, format])
    })
  }

  it('are listed in order, with what waits', () => {
    const list = disksOf(
      'qemu',
      settings(
        {name: 'web', unused0: 's:v4', scsi10: 's:v2', scsi2: 's:v1', ide0: 's:v3', scsihw: 'lsi', memory: '512'},
        {name: 'web', unused0: 's:v4', scsi10: 's:v2,ssd=1', scsi2: 's:v1', virtio1: 's:v5'},
      ),
    )
    expect(list.map(({key, pending}) => [key, pending])).to.deep.equal([
      ['virtio1', 'add'],
      ['scsi2', undefined],
      ['scsi10', 'change'],
      ['ide0', 'remove'],
      ['unused0', undefined],
    ])
    expect(list[2]?.options).to.deep.equal({})
    expect(list[2]?.next?.options).to.deep.equal({ssd: true})
  })

  it('are named when another is asked for', () => {
    const failed = requireDisk(vm, settings({scsi0: 's:v', name: 'x'}), 'scsi1')._unsafeUnwrapErr()
    expect(failed).to.deep.include({kind: 'not-found', details: {disk: 'scsi1', disks: ['scsi0']}})
    expect(requireDisk(vm, settings({memory: '512'}), 'memory').isErr()).to.equal(true)
  })

  it('are found by their volume, attached before unused', () => {
    expect(diskWithVolume('qemu', settings({scsi0: 's:v,size=1G', unused0: 's:v'}), 's:v')?.key).to.equal('scsi0')
    expect(diskWithVolume('qemu', settings({scsi0: 's:w'}, {scsi0: 's:v'}), 's:v')?.key).to.equal('scsi0')
  })

  describe('get a place', () => {
    const place = (guest: Guest, now: Record<string, string>, wanted?: string, next = now) =>
      freeDiskSlot(guest, settings(now, next), wanted).match(
        (slot) => slot,
        ({kind}) => `failed: ${kind}`,
      )

    it('where the others are, else on scsi', () => {
      expect(place(vm, {})).to.equal('scsi0')
      expect(place(vm, {virtio0: 's:v'})).to.equal('virtio1')
      expect(place(vm, {ide0: 's:v', ide2: 'none,media=cdrom'})).to.equal('scsi0')
      expect(place(container, {rootfs: 's:v', mp0: 's:w', mp2: 's:x'})).to.equal('mp1')
    })

    it('on the bus or at the place that is asked for', () => {
      expect(place(vm, {scsi0: 's:v'}, 'sata')).to.equal('sata0')
      expect(place(vm, {scsi0: 's:v'}, 'scsi30')).to.equal('scsi30')
      expect(place(vm, {scsi0: 's:v'}, 'scsi0')).to.equal('failed: already-exists')
      expect(place(vm, {}, 'scsi31')).to.equal('failed: usage')
      expect(place(vm, {}, 'mp0')).to.equal('failed: usage')
      expect(place(container, {}, 'scsi0')).to.equal('failed: usage')
    })

    it('not where something waits to come or to go', () => {
      expect(place(vm, {scsi0: 's:v', scsi1: 's:w'}, undefined, {scsi0: 's:v', scsi2: 's:x'})).to.equal('scsi3')
    })

    it('unless all are taken', () => {
      const full = Object.fromEntries(['ide0', 'ide1', 'ide2', 'ide3'].map((key) => [key, `s:${key}`]))
      expect(place(vm, full, 'ide')).to.equal('failed: no-capacity')
    })
  })

  it('go to a place of the same kind in another guest', () => {
    const receiver = settings({scsi0: 's:v', mp0: 's:w,mp=/data/', unused0: 's:x', efidisk0: 's:y'})
    const place = (guest: Guest, key: string, value: string, wanted?: string) =>
      placeForReassigned(
        guest,
        receiver,
        {...readDisk(guest.type, key, value), unused: key.startsWith('unused')},
        wanted,
      ).match(
        (slot) => slot,
        ({kind}) => `failed: ${kind}`,
      )
    expect(place(vm, 'scsi0', 's:z')).to.equal('scsi1')
    expect(place(vm, 'scsi0', 's:z', 'virtio3')).to.equal('virtio3')
    expect(place(vm, 'unused0', 's:z')).to.equal('unused1')
    expect(place(vm, 'unused0', 's:z', 'scsi4')).to.equal('scsi4')
    expect(place(vm, 'efidisk0', 's:z')).to.equal('failed: already-exists')
    expect(place(vm, 'tpmstate0', 's:z')).to.equal('tpmstate0')
    expect(place(container, 'mp0', 's:z,mp=/srv')).to.equal('mp1')
    expect(place(container, 'mp0', 's:z,mp=/data')).to.equal('failed: already-exists')
  })

  it('share no mount path, however it is written', () => {
    const held = settings({rootfs: 's:v', mp1: 's:w,mp=/data/'})
    expect(diskMountedAt(held, '/data')?.key).to.equal('mp1')
    expect(diskMountedAt(held, '/')?.key).to.equal('rootfs')
    expect(diskMountedAt(held, '/dat')).to.equal(undefined)
  })

  it('count what is unused', () => {
    expect(freeUnused(settings({unused0: 's:v', unused2: 's:w'}))).to.equal('unused1')
  })

  for (const [bytes, text] of [
    [40 * GIB, '40G'],
    [1.5 * GIB, '1536M'],
    [2048 * GIB, '2T'],
    [2 ** 20 + 1, '1025K'],
    [1, '1K'],
  ] as const) {
    it(`tell Proxmox VE ${bytes} bytes as ${text}`, () => expect(proxmoxSize(bytes)).to.equal(text))
  }
})
