import {die} from '../kernel/pve-error.js'

import type {Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {PveVersion} from '../../schema/schema.js'

const HARDWARE = '/nodes/{node}/hardware'
const QEMU = '/nodes/{node}/capabilities/qemu'

interface Device {
  readonly id: string
  readonly class: string
  readonly vendor: string
  readonly device: string
  readonly iommugroup: number
  readonly vendor_name: string
  readonly device_name: string
}

/** What a small virtual machine that plays a node has on its bus. */
const DEVICES: readonly Device[] = [
  ['0000:00:00.0', '0x060000', '0x1237', '440FX - 82441FX PMC [Natoma]'],
  ['0000:00:01.1', '0x010180', '0x7010', '82371SB PIIX3 IDE [Natoma/Triton II]'],
  ['0000:00:02.0', '0x030000', '0x1111', 'Bochs Graphics Adapter', '0x1234', 'QEMU'],
  ['0000:00:03.0', '0x020000', '0x1000', 'Virtio network device', '0x1af4', 'Red Hat, Inc.'],
  ['0000:00:05.0', '0x010000', '0x1004', 'Virtio SCSI', '0x1af4', 'Red Hat, Inc.'],
].map(([id = '', kind = '', device = '', name = '', vendor = '0x8086', maker = 'Intel Corporation']) => ({
  id,
  class: kind,
  vendor,
  device,
  iommugroup: -1,
  vendor_name: maker,
  device_name: name,
}))

/** Classes left out unless they are asked for: memory, bridges, processors. */
const HIDDEN_CLASSES = '05;06;0b'

const CPUS: readonly (readonly [vendor: string, ...models: readonly string[]])[] = [
  ['AuthenticAMD', 'athlon', 'EPYC', 'EPYC-IBPB', 'EPYC-Rome', 'EPYC-Milan', 'EPYC-Genoa', 'Opteron_G1', 'Opteron_G2'],
  ['AuthenticAMD', 'Opteron_G3', 'Opteron_G4', 'Opteron_G5', 'phenom'],
  [
    'GenuineIntel',
    '486',
    'Broadwell',
    'Cascadelake-Server',
    'Conroe',
    'Cooperlake',
    'core2duo',
    'coreduo',
    'GraniteRapids',
  ],
  ['GenuineIntel', 'Haswell', 'Icelake-Client', 'Icelake-Server', 'IvyBridge', 'KnightsMill', 'Nehalem', 'Penryn'],
  [
    'GenuineIntel',
    'pentium',
    'pentium2',
    'pentium3',
    'SandyBridge',
    'SapphireRapids',
    'Skylake-Client',
    'Skylake-Server',
    'Westmere',
  ],
  [
    'default',
    'host',
    'kvm32',
    'kvm64',
    'max',
    'qemu32',
    'qemu64',
    'x86-64-v2',
    'x86-64-v2-AES',
    'x86-64-v3',
    'x86-64-v4',
  ],
]

/** Machine versions of the QEMU a release ships, newest first. */
const QEMU_VERSIONS: Readonly<Record<PveVersion, readonly string[]>> = {
  '7.4': ['7.2', '7.1', '7.0', '6.2', '6.1', '6.0', '5.2', '5.1', '5.0', '4.2'],
  '8.4': [
    '9.2+pve1',
    '9.2',
    '9.1',
    '9.0',
    '8.2',
    '8.1',
    '8.0',
    '7.2',
    '7.1',
    '7.0',
    '6.2',
    '6.1',
    '6.0',
    '5.2',
    '5.1',
    '5.0',
  ],
  '9.2': [
    '10.1+pve0',
    '10.1',
    '10.0+pve1',
    '10.0',
    '9.2+pve1',
    '9.2',
    '9.1',
    '9.0',
    '8.2',
    '8.1',
    '8.0',
    '7.2',
    '7.1',
    '7.0',
  ],
}
const CHANGES: Readonly<Record<string, string>> = {
  '9.2+pve1': 'Disables S3/S4 power states by default.',
  '10.0+pve1': 'Set host_mtu vNIC option even with default value for migration compat.',
}

/** Flags a VM's `cpu` option may set. */
const CPU_FLAGS: Readonly<Record<string, string>> = {
  'md-clear': 'Required to let the guest OS know if MDS is mitigated correctly',
  pcid: 'Meltdown fix cost reduction on Westmere, Sandy-, and IvyBridge Intel CPUs',
  'spec-ctrl': 'Allows improved Spectre mitigation with Intel CPUs',
  ssbd: 'Protection for "Speculative Store Bypass" for Intel models',
  ibpb: 'Allows improved Spectre mitigation with AMD CPUs',
  'virt-ssbd': 'Basis for "Speculative Store Bypass" protection for AMD models',
  'amd-ssbd': 'Improves Spectre mitigation performance with AMD CPUs, best used with "virt-ssbd"',
  'amd-no-ssb': 'Notifies guest OS that host is not vulnerable for Spectre on AMD CPUs',
  pdpe1gb: 'Allow guest OS to use 1GB size pages, if host HW supports it',
  'hv-tlbflush': 'Improve performance in overcommitted Windows guests. May lead to guest bluescreens on old CPUs.',
  'hv-evmcs': 'Improve performance for nested virtualization. Only supported on Intel CPUs.',
  aes: 'Activate AES instruction set for HW acceleration.',
}

/** The devices of a node, and what its QEMU can do. */
export const nodeHardwareRoutes: Routes = {
  [`GET ${HARDWARE}/pci`](call) {
    const hidden = (call.text('pci-class-blacklist') ?? HIDDEN_CLASSES).split(/[\s,;]+/).filter(Boolean)
    const isVerbose = call.flag('verbose') ?? true
    return DEVICES.filter((device) => !hidden.some((prefix) => device.class.startsWith(`0x${prefix}`))).map((device) =>
      isVerbose ? {...device} : {id: device.id},
    )
  },

  [`GET ${HARDWARE}/pci/{pci-id-or-mapping}`]: () => [{method: 'mdev'}],

  [`GET ${HARDWARE}/pci/{pci-id-or-mapping}/mdev`](call) {
    const id = call.required('pci-id-or-mapping')
    const isKnown = DEVICES.some((device) => device.id === id || device.id === `0000:${id}`)
    if (!isKnown && !call.world.store.of('mappings').has(`pci/${id}`)) die(`mapping '${id}' not found`)
    return []
  },

  [`GET ${HARDWARE}/usb`]: () => [],

  [`GET ${QEMU}/cpu`]: () =>
    CPUS.flatMap(([vendor, ...models]) => models.map((name): Json => ({custom: 0, name, vendor}))),

  [`GET ${QEMU}/machines`]: ({world}) =>
    ['i440fx', 'q35'].flatMap((type) =>
      QEMU_VERSIONS[world.release].map((version) => ({
        id: `pc-${type}-${version}`,
        type,
        version,
        ...(CHANGES[version] !== undefined && {changes: CHANGES[version]}),
      })),
    ),

  [`GET ${QEMU}/cpu-flags`]: () => cpuFlags(),
  'GET /cluster/qemu/cpu-flags': () => cpuFlags(),
  [`GET ${QEMU}/migration`]: () => ({'has-dbus-vmstate': 1}),
}

function cpuFlags(): Json {
  return Object.entries(CPU_FLAGS).map(([name, description]) => ({name, description}))
}
