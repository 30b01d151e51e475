import {Flags} from '@oclif/core'
import {OS_TYPES, SCSI_CONTROLLERS} from '../domain/vm-hardware.js'
import {cloudInitFlags, type CloudInitFlags} from './cloud-init-flags.js'
import {countFlag, sizeFlag} from './flags.js'
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
  linked: Flags.boolean({
    description: 'Share the disks of the template instead of copying them.',
    exclusive: ['storage'],
    helpGroup: 'SOURCE',
  }),
  class: text('Machine class of the configuration, whose values go before the defaults.', 'CLASS', 'SOURCE'),
  file: Flags.string({
    char: 'f',
    description: 'Description of the VM in YAML or JSON, or - for stdin; what is typed goes before it.',
    helpGroup: 'SOURCE',
    helpValue: 'FILE',
  }),
  node: Flags.string({
    description: 'Node to create it on, or "auto" for the best one.',
    default: 'auto',
    helpValue: 'NODE',
  }),
  storage: text(
    'Storage for the disks; by default where those of the template are, or the only one for disks.',
    'STORAGE',
  ),
  vmid: countFlag({description: 'VMID to use; taken means exit 6. By default a free one.', min: 0}),
  count: countFlag({
    description: 'Make so many, called NAME-1, NAME-2, …; all or none, as far as one can know before.',
    max: 100,
  }),
  pool: text('Resource pool to put it in.', 'POOL'),
  tag: texts('Tag to give it; repeatable.', 'TAG'),
  description: text('Notes.', 'TEXT'),
  'on-boot': Flags.boolean({allowNo: true, description: 'Start it with the node.'}),
  startup: text('Place in the order of starts: order=2,up=30,down=60.', 'ORDER'),
  protection: Flags.boolean({allowNo: true, description: 'Refuse to delete it or its disks.'}),
  start: Flags.boolean({description: 'Start it when it is ready.'}),
  'rm-on-failure': Flags.boolean({description: 'Remove it again if a step after its creation fails (exit 11).'}),
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
}

export interface VmFlags extends CloudInitFlags {
  readonly iso?: string | undefined
  readonly image?: string | undefined
  readonly 'image-storage'?: string | undefined
  readonly checksum?: string | undefined
  readonly empty: boolean
  readonly linked: boolean
  readonly class?: string | undefined
  readonly file?: string | undefined
  readonly node: string
  readonly storage?: string | undefined
  readonly vmid?: number | undefined
  readonly count?: number | undefined
  readonly pool?: string | undefined
  readonly tag?: string[] | undefined
  readonly description?: string | undefined
  readonly 'on-boot'?: boolean | undefined
  readonly startup?: string | undefined
  readonly protection?: boolean | undefined
  readonly start: boolean
  readonly 'rm-on-failure': boolean
  readonly 'os-type'?: string | undefined
  readonly machine?: string | undefined
  readonly firmware?: string | undefined
  readonly 'secure-boot'?: boolean | undefined
  readonly tpm: boolean
  readonly cpu?: string | undefined
  readonly cores?: number | undefined
  readonly sockets?: number | undefined
  readonly numa?: boolean | undefined
  readonly memory?: number | undefined
  readonly balloon?: string | undefined
  readonly 'disk-size'?: number | undefined
  readonly disk?: string[] | undefined
  readonly net?: string[] | undefined
  readonly bridge?: string | undefined
  readonly boot?: string | undefined
  readonly scsihw?: string | undefined
  readonly vga?: string | undefined
  readonly serial?: boolean | undefined
  readonly agent?: boolean | undefined
}

/** What was typed, under the names that a file has for it. */
export function askOfFlags(
  args: {readonly name?: string | undefined; readonly template?: string | undefined},
  flags: VmFlags,
): VmAsk {
  const {agent, bridge, checksum, cores, count, cpu, description, image, iso, machine, memory, numa} = flags
  const {pool, protection, scsihw, serial, sockets, startup, storage, vga, vmid} = flags
  const asked = {
    ...{name: args.name, template: args.template, iso, image, checksum, imageStorage: flags['image-storage']},
    ...{class: flags.class, vmid, count, storage, pool, tags: flags.tag, description, cores, memory, bridge, startup},
    ...{machine, cpu, sockets, numa, protection, scsihw, vga, serial, agent, balloon: flags.balloon},
    ...{node: flags.node === 'auto' ? undefined : flags.node, diskSize: flags['disk-size']},
    ...{osType: flags['os-type'], firmware: flags.firmware, secureBoot: flags['secure-boot']},
    ...{disks: flags.disk, nets: flags.net, boot: flags.boot?.split(/[,;\s]+/), onBoot: flags['on-boot']},
    // A switch that was not typed does not switch off what the file says.
    ...Object.fromEntries(
      Object.entries({empty: flags.empty, linked: flags.linked, start: flags.start, tpm: flags.tpm})
        .concat([['rmOnFailure', flags['rm-on-failure']]])
        .filter(([, on]) => on),
    ),
  }
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as VmAsk
}
