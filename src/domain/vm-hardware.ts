import {err, ok, type Result} from 'neverthrow'
import type {CreationDefaults} from './creation-defaults.js'
import type {DiskSpec} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import {checkMemory} from './guest-memory.js'
import type {NetSpec} from './net-spec.js'
import {formatSize} from './size.js'

const MIB = 2 ** 20

/** What a VM is made of, as people ask for it. Absent: the default of a new VM; for a clone, what its template has. */
export interface VmHardware {
  /** As Proxmox VE calls it: `l26`, `win11`. */
  readonly osType?: string
  /** `q35`, `i440fx`, or a machine of QEMU as `pc-q35-9.0`. */
  readonly machine?: string
  readonly firmware?: 'bios' | 'uefi'
  readonly secureBoot?: boolean
  readonly tpm?: boolean
  readonly cpu?: string
  readonly sockets?: number
  readonly numa?: boolean
  /** The least memory it is left with; 0 switches ballooning off. */
  readonly balloonBytes?: number
  readonly disks: readonly DiskSpec[]
  /** No disk at all, not even the usual one. */
  readonly diskless?: boolean
  readonly nets: readonly NetSpec[]
  /** No NIC at all, not even the usual one. */
  readonly netless?: boolean
  /** Keys of devices, as `scsi0`, `net0`. */
  readonly boot?: readonly string[]
  readonly agent?: boolean
  readonly protection?: boolean
  readonly onBoot?: boolean
  /** `order=2,up=30,down=60` */
  readonly startup?: string
  readonly description?: string
  readonly scsiController?: string
  /** `std`, `virtio`, `serial0`, … */
  readonly display?: string
  readonly serial?: boolean
  /** Any other options, as Proxmox VE takes them. */
  readonly others: Readonly<Record<string, string>>
}

/** What a new VM gets where nobody says otherwise; the same for all of a family of operating systems. */
interface Flavour {
  readonly bus: 'sata' | 'scsi'
  readonly nic: string
  readonly firmware: 'bios' | 'uefi'
  readonly tpm: boolean
}

const PLAIN: Flavour = {bus: 'sata', nic: 'e1000', firmware: 'bios', tpm: false}

/** Linux has the drivers of virtio; others get what they can start from, and Windows 11 what it insists on. */
const FLAVOURS: Readonly<Record<string, Flavour>> = {
  l24: {bus: 'scsi', nic: 'virtio', firmware: 'bios', tpm: false},
  l26: {bus: 'scsi', nic: 'virtio', firmware: 'bios', tpm: false},
  win11: {bus: 'sata', nic: 'e1000', firmware: 'uefi', tpm: true},
}

export function flavourOf({osType = DEFAULT_OS}: Pick<VmHardware, 'osType'>): Flavour {
  return FLAVOURS[osType] ?? PLAIN
}

export const OS_TYPES = [
  'l26',
  'l24',
  'win11',
  'win10',
  'win8',
  'win7',
  'wvista',
  'wxp',
  'w2k8',
  'w2k3',
  'w2k',
  'solaris',
  'other',
] as const

export const SCSI_CONTROLLERS = [
  'virtio-scsi-single',
  'virtio-scsi-pci',
  'lsi',
  'lsi53c810',
  'megasas',
  'pvscsi',
] as const

export const DEFAULT_OS = 'l26'
/** Runs on every processor of the last ten years, and in every release from 8.0 on. */
export const DEFAULT_CPU = {type: 'x86-64-v2-AES', since: '8.0'} as const
export const DEFAULT_SCSI_CONTROLLER = 'virtio-scsi-single'
export const DEFAULT_MACHINE = 'q35'
export const DEFAULT_CORES = 2
export const DEFAULT_MEMORY_BYTES = 2048 * MIB
export const DEFAULT_DISK_BYTES = 32 * 2 ** 30

/** The options that are one value each; only what was asked for. */
export function plainOptions(hardware: VmHardware, creation: CreationDefaults): Record<string, number | string> {
  const {agent, balloonBytes, cpu, description, machine, numa, onBoot, osType, others} = hardware
  const {display, protection, scsiController, serial, sockets, startup} = hardware
  const {cores, memoryBytes, tags} = creation
  const flag = (name: string, value: boolean | undefined) => (value === undefined ? {} : {[name]: Number(value)})
  const given = (name: string, value: number | string | undefined) => (value === undefined ? {} : {[name]: value})
  return {
    ...given('ostype', osType),
    ...given('machine', machine === 'i440fx' ? 'pc' : machine),
    ...given('cpu', cpu),
    ...given('sockets', sockets),
    ...given('cores', cores),
    ...flag('numa', numa),
    ...given('memory', memoryBytes === undefined ? undefined : Math.round(memoryBytes / MIB)),
    ...given('balloon', balloonBytes === undefined ? undefined : Math.round(balloonBytes / MIB)),
    ...given('scsihw', scsiController),
    ...(serial === true && {serial0: 'socket'}),
    ...given('vga', display),
    ...(agent !== undefined && {agent: agent ? '1' : '0'}),
    ...flag('onboot', onBoot),
    ...given('startup', startup),
    ...flag('protection', protection),
    ...given('tags', tags === undefined || tags.length === 0 ? undefined : tags.join(';')),
    ...given('description', description),
    ...others,
  }
}

/** Refuses values that contradict each other, or that Proxmox VE has no number for. */
export function checkHardware(hardware: VmHardware, {memoryBytes}: CreationDefaults): Result<void, Failure> {
  const {balloonBytes, firmware, machine, osType, secureBoot} = hardware
  const wrong = (field: string, message: string, hint: string): Result<never, Failure> =>
    err(failure('usage', message, {hint, details: {field}}))
  const memory = checkMemory(memoryBytes)
  if (memory.isErr()) return memory
  if (balloonBytes !== undefined && balloonBytes % MIB !== 0) {
    return wrong('balloon', `--balloon ${formatSize(balloonBytes)} is not possible`, 'Give whole MiB: 1GiB, or off')
  }

  if (balloonBytes !== undefined && memoryBytes !== undefined && balloonBytes > memoryBytes) {
    return wrong(
      'balloon',
      `--balloon ${formatSize(balloonBytes)} is more than the ${formatSize(memoryBytes)} of memory`,
      'It is the least memory that the VM is left with: give less than --memory, or off',
    )
  }

  if (
    secureBoot !== undefined &&
    (firmware ?? flavourOf({...(osType !== undefined && {osType})}).firmware) !== 'uefi'
  ) {
    return wrong('secure-boot', 'Secure Boot is a matter of UEFI', 'Add --firmware uefi, or leave --secure-boot out')
  }

  if (machine !== undefined && !/^(?:q35|i440fx|pc|(?:pc-(?:q35|i440fx)|virt)-[\w.+]+|virt)(?:,.+)?$/.test(machine)) {
    return wrong(
      'machine',
      `--machine "${machine}" is not possible`,
      'Use q35, i440fx, or a version of one: pc-q35-9.0',
    )
  }

  return ok(undefined)
}
