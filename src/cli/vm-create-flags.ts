import {Flags} from '@oclif/core'
import {OS_TYPES, SCSI_CONTROLLERS} from '../domain/vm-hardware.js'
import {cloudInitFlags, type CloudInitFlags} from './cloud-init-flags.js'
import {countFlag, sizeFlag} from './flags.js'
import {defined} from './guest-create-ask.js'
import {askOfGuestFlags, guestCreateFlags, type FlagValues} from './guest-create-flags.js'
import type {VmAsk} from './vm-create-ask.js'
import {textFlag as text, textsFlag as texts} from './text-flags.js'

const yesNo = (description: string) => Flags.boolean({allowNo: true, description, helpGroup: 'HARDWARE'})

/** What `vm create` is told about the VM. */
export const vmFlags = {
  iso: text('Install from this ISO: local:iso/debian.iso.', 'VOLUME', 'SOURCE'),
  image: text(
    'Copy this disk image: local:import/debian.qcow2, or the address of one. Proxmox VE 8.4.',
    'VOLUME|URL',
    'SOURCE',
  ),
  'image-storage': text('Storage to download the image to.', 'STORAGE', 'SOURCE'),
  checksum: text('What the downloaded image has to be: sha256:9f86d0….', 'ALGORITHM:DIGEST', 'SOURCE'),
  empty: Flags.boolean({description: 'Neither of them: an empty disk.', helpGroup: 'SOURCE'}),
  'os-type': Flags.string({
    description: 'Operating system, which decides what fits it; l26 is Linux.',
    helpGroup: 'HARDWARE',
    options: OS_TYPES,
  }),
  machine: text('q35 (the default), i440fx, or a version of one.', 'MACHINE', 'HARDWARE'),
  firmware: Flags.string({
    aliases: ['bios'],
    description: 'What starts it; uefi comes with its own small disk.',
    helpGroup: 'HARDWARE',
    options: ['bios', 'uefi'] as const,
  }),
  'secure-boot': yesNo('With the keys of Secure Boot; the default with uefi.'),
  tpm: Flags.boolean({description: 'Add a TPM 2.0; Windows 11 gets one anyway.', helpGroup: 'HARDWARE'}),
  cpu: text('Type of the CPU, as host; x86-64-v2-AES by default.', 'TYPE', 'HARDWARE'),
  cores: countFlag({description: 'CPU cores; 2 by default.', helpGroup: 'HARDWARE', max: 128}),
  sockets: countFlag({description: 'CPU sockets.', helpGroup: 'HARDWARE', max: 4}),
  numa: yesNo('Tell it about NUMA.'),
  memory: sizeFlag({description: 'Memory, as 4GiB; 2 GiB by default.', helpGroup: 'HARDWARE'}),
  balloon: text('Least memory that it is left with, as 1GiB, or off.', 'SIZE|off', 'HARDWARE'),
  'disk-size': sizeFlag({description: 'Size of the boot disk, as 40GiB; 32 GiB by default.', helpGroup: 'HARDWARE'}),
  disk: texts(
    'Disk: local-lvm:32GiB,ssd,discard,iothread; also bus=sata, slot=scsi3, import=VOLUME; repeatable. "none" for no disk.',
    'DISK',
    'HARDWARE',
  ),
  net: texts('NIC: bridge=vmbr0,vlan=20,model=virtio,firewall; repeatable. "none" for no NIC.', 'NET', 'HARDWARE'),
  bridge: text('Bridge of NICs that name none.', 'BRIDGE', 'HARDWARE'),
  boot: text('Devices to start from, best first: scsi0,net0.', 'DEVICE,…', 'HARDWARE'),
  scsihw: Flags.string({
    description: 'SCSI controller; virtio-scsi-single by default.',
    helpGroup: 'HARDWARE',
    options: SCSI_CONTROLLERS,
  }),
  vga: text('Display: std, virtio, qxl, serial0, none.', 'DISPLAY', 'HARDWARE'),
  serial: yesNo('A serial port for a text console; on for images, which show themselves there.'),
  agent: yesNo('Talk to the QEMU guest agent; only if there is one on the disk.'),
  set: texts('Any other option of its configuration: hotplug=disk,network; repeatable.', 'KEY=VALUE', 'HARDWARE'),
  ...cloudInitFlags,
  ...guestCreateFlags,
}

export type VmFlags = FlagValues<typeof vmFlags> & CloudInitFlags

/** What was typed, under the names that a file has for it. */
export function askOfFlags(
  args: {readonly name?: string | undefined; readonly template?: string | undefined},
  flags: VmFlags,
): VmAsk {
  const {agent, bridge, checksum, cores, cpu, image, iso, machine, memory, numa} = flags
  const {scsihw, serial, sockets, vga} = flags
  return defined({
    ...askOfGuestFlags(args.name, flags),
    ...{template: args.template, iso, image, checksum, imageStorage: flags['image-storage'], cores, memory, bridge},
    ...{machine, cpu, sockets, numa, scsihw, vga, serial, agent, balloon: flags.balloon, diskSize: flags['disk-size']},
    ...{osType: flags['os-type'], firmware: flags.firmware, secureBoot: flags['secure-boot']},
    ...{disks: flags.disk, nets: flags.net, boot: flags.boot?.split(/[,;\s]+/)},
    ...{empty: flags.empty || undefined, tpm: flags.tpm || undefined},
  }) as VmAsk
}
