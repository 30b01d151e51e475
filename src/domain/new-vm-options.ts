import type {GuestOptions} from './guest-options.js'
import {err, ok, type Result} from 'neverthrow'
import type {CreationDefaults} from './creation-defaults.js'
import type {DiskSpec} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import type {StorageNeed} from './guest-placement.js'
import type {NetSpec} from './net-spec.js'
import {formatPropertyString} from './property-string.js'
import {bootOrder, cdromSlot, placeDisks, placeNets} from './vm-devices.js'
import {
  DEFAULT_CORES,
  DEFAULT_CPU,
  DEFAULT_DISK_BYTES,
  DEFAULT_MACHINE,
  DEFAULT_MEMORY_BYTES,
  DEFAULT_OS,
  DEFAULT_SCSI_CONTROLLER,
  flavourOf,
  plainOptions,
  type VmHardware,
} from './vm-hardware.js'

const MIB = 2 ** 20
const DEFAULT_BRIDGE = 'vmbr0'
/** The state of a TPM, the variables of a firmware and a cloud-init drive are some MiB at most, which Proxmox VE decides. */
const SMALL_BYTES = 4 * MIB

/** What a VM is installed or started from, by the ids of volumes. */
export type NewVmSource =
  | {readonly kind: 'empty'}
  | {readonly kind: 'image'; readonly from: string}
  | {readonly kind: 'iso'; readonly volume: string}

/** A VM that is to be made from nothing, on a node whose defaults are known. */
export interface NewVmParts {
  readonly name: string
  readonly source: NewVmSource
  readonly hardware: VmHardware
  readonly creation: CreationDefaults
  /** `ciuser`, `ipconfig0` and so on; the password too. Empty: no cloud-init drive. */
  readonly cloudInit: GuestOptions
  /** For volumes that name no storage; empty where `needsStorage` says no. */
  readonly storage: string
  /** What the VM is told apart by from another of the same name. */
  readonly uuid: string
  /** Whether the release knows the usual processor. */
  readonly knowsCpu: boolean
}

type StorageQuestion = Pick<NewVmParts, 'cloudInit' | 'creation' | 'hardware' | 'source'>

/** The disks in the order they were asked for, with the one that is usual where none was. */
function disksOf({creation, hardware, source}: StorageQuestion): DiskSpec[] {
  const {disks, diskless} = hardware
  const usual = new Map([
    ['discard', 'on'],
    ['ssd', '1'],
    ...(flavourOf(hardware).bus === 'scsi' &&
    (hardware.scsiController ?? DEFAULT_SCSI_CONTROLLER) === DEFAULT_SCSI_CONTROLLER
      ? ([['iothread', '1']] as const)
      : []),
  ])
  if (source.kind === 'image') return [{source: {kind: 'import', from: source.from}, options: usual}, ...disks]
  if (disks.length > 0 || diskless === true) return [...disks]
  return [{source: {kind: 'new', sizeBytes: creation.diskBytes ?? DEFAULT_DISK_BYTES}, options: usual}]
}

function firmwareOf(hardware: VmHardware): {readonly uefi: boolean; readonly tpm: boolean} {
  const flavour = flavourOf(hardware)
  return {uefi: (hardware.firmware ?? flavour.firmware) === 'uefi', tpm: hardware.tpm ?? flavour.tpm}
}

/** The NICs that were asked for, or the usual one. */
function netsOf({hardware: {nets, netless}}: Pick<NewVmParts, 'hardware'>): readonly NetSpec[] {
  return nets.length > 0 || netless === true ? nets : [new Map()]
}

/** The bridges that its NICs are connected to. */
export function newVmBridges(vm: Pick<NewVmParts, 'creation' | 'hardware'>): string[] {
  return netsOf(vm).map((net) => net.get('bridge') ?? vm.creation.bridge ?? DEFAULT_BRIDGE)
}

/** Whether any of its volumes goes where nobody has said yet. */
export function needsStorage(vm: StorageQuestion): boolean {
  const {tpm, uefi} = firmwareOf(vm.hardware)
  return (
    uefi ||
    tpm ||
    Object.keys(vm.cloudInit).length > 0 ||
    disksOf(vm).some(({source, storage}) => source.kind !== 'volume' && storage === undefined)
  )
}

/** The storages that it uses on its node, and how much of them. */
export function storageNeeds(vm: StorageQuestion & Pick<NewVmParts, 'storage'>): StorageNeed[] {
  const {tpm, uefi} = firmwareOf(vm.hardware)
  const small = Number(uefi) + Number(tpm) + Number(Object.keys(vm.cloudInit).length > 0)
  const needs = disksOf(vm).flatMap(({source, storage = vm.storage}): StorageNeed[] => {
    if (source.kind === 'volume') return [needOf(source.volume)]
    if (source.kind === 'new') return [{storage, content: 'images', bytes: source.sizeBytes}]
    return [{storage, content: 'images'}, ...(source.from.startsWith('/') ? [] : [needOf(source.from)])]
  })
  return [
    ...needs,
    ...(vm.source.kind === 'iso' ? [needOf(vm.source.volume)] : []),
    ...(small > 0 ? [{storage: vm.storage, content: 'images' as const, bytes: small * SMALL_BYTES}] : []),
  ]
}

function needOf(volume: string): StorageNeed {
  const [storage = '', name = ''] = volume.split(':', 2)
  const content = name.startsWith('iso/') ? 'iso' : name.startsWith('import/') ? 'import' : 'images'
  return {storage, content}
}

/**
 * All parameters of `POST /nodes/{node}/qemu` but the VMID (reference 2.12).
 * @returns a `usage` failure for devices that find no place, or a boot order of what is not there
 */
export function newVmOptions(vm: NewVmParts): Result<GuestOptions, Failure> {
  const {cloudInit, creation, hardware, name, source, storage} = vm
  const flavour = flavourOf(hardware)
  const {tpm, uefi} = firmwareOf(hardware)
  const keys = new Set(Object.keys(hardware.others))
  const devices: Record<string, string> = {}
  const add = (more: Readonly<Record<string, string>>): void => {
    Object.assign(devices, more)
    for (const key of Object.keys(more)) keys.add(key)
  }

  const disks = placeDisks(disksOf(vm), keys, flavour.bus, storage)
  if (disks.isErr()) return err(disks.error)
  add(Object.fromEntries(disks.value))
  if (source.kind === 'iso') {
    const slot = cdromSlot(keys)
    if (slot.isErr()) return err(slot.error)
    add({[slot.value]: `${source.volume},media=cdrom`})
  }

  const cdrom = Object.keys(devices).find((key) => devices[key]?.endsWith(',media=cdrom'))
  if (Object.keys(cloudInit).length > 0) {
    const slot = cdromSlot(keys)
    if (slot.isErr()) return err(slot.error)
    add({[slot.value]: `${storage}:cloudinit`})
  }

  const placed = placeNets(netsOf(vm), keys, {bridge: creation.bridge ?? DEFAULT_BRIDGE, model: flavour.nic})
  if (placed.isErr()) return err(placed.error)
  add(Object.fromEntries(placed.value))

  const wanted = hardware.boot ?? usualBoot(source, disks.value[0]?.[0], cdrom, placed.value[0]?.[0])
  const boot = wanted.length === 0 ? ok(undefined) : bootOrder(wanted, keys)
  return boot.map((order) => ({
    name,
    ...plainOptions(withDefaults(vm), {
      ...creation,
      cores: creation.cores ?? DEFAULT_CORES,
      memoryBytes: creation.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    }),
    ...devices,
    ...(uefi && {
      bios: 'ovmf',
      efidisk0: formatPropertyString([
        ['', `${storage}:1`],
        ['efitype', '4m'],
        ['pre-enrolled-keys', hardware.secureBoot ?? true],
      ]),
    }),
    ...(tpm && {tpmstate0: `${storage}:1,version=v2.0`}),
    ...(order !== undefined && {boot: order}),
    ...cloudInit,
    ...(creation.pool !== undefined && {pool: creation.pool}),
    ...(!keys.has('smbios1') && {smbios1: `uuid=${vm.uuid}`}),
  }))
}

/** The disk, then what it is installed from; with neither, the network. */
function usualBoot(
  source: NewVmSource,
  disk: string | undefined,
  cdrom: string | undefined,
  net: string | undefined,
): string[] {
  const keys = source.kind === 'empty' ? [disk, net] : source.kind === 'iso' ? [disk, cdrom] : [disk]
  return keys.filter((key) => key !== undefined)
}

/** What a new VM gets where nothing was asked for. Images of clouds expect a serial console. */
function withDefaults({hardware, knowsCpu, source}: NewVmParts): VmHardware {
  const serial = hardware.serial ?? (source.kind === 'image' && flavourOf(hardware).nic === 'virtio')
  return {
    osType: DEFAULT_OS,
    machine: DEFAULT_MACHINE,
    scsiController: DEFAULT_SCSI_CONTROLLER,
    ...(knowsCpu && {cpu: DEFAULT_CPU.type}),
    ...hardware,
    serial,
    ...(hardware.display === undefined && source.kind === 'image' && serial && {display: 'serial0'}),
  }
}

/** Refuses what makes no sense for a VM that is made from nothing. */
export function checkNewVm(vm: StorageQuestion, asked: CreationDefaults): Result<void, Failure> {
  if (asked.diskBytes !== undefined && vm.source.kind !== 'image' && vm.hardware.disks.length > 0) {
    return err(
      failure('usage', '--disk-size is about the usual disk, and --disk replaces it', {
        hint: 'Give the size with the disk: --disk local-lvm:40GiB',
        details: {field: 'disk-size'},
      }),
    )
  }

  if (vm.hardware.diskless === true && vm.source.kind === 'image') {
    return err(
      failure('usage', '--disk none contradicts --image, whose copy is a disk', {
        hint: 'Leave --disk none out',
        details: {field: 'disk'},
      }),
    )
  }

  return ok(undefined)
}
