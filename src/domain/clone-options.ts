import type {GuestOptions} from './guest-options.js'
import {err, ok, type Result} from 'neverthrow'
import {cloudInitValues, type CloudInitSpec} from './cloud-init.js'
import type {CreationDefaults} from './creation-defaults.js'
import {failure, type Failure} from './failure.js'
import {isDiskKey, readDisk, storageOf} from './guest-disks.js'
import {parsePropertyString} from './property-string.js'
import type {Secret} from './secret.js'
import {bootDisk, withBridge} from './vm-disks.js'
import {bootOrder, cdromSlot, placeDisks, placeNets} from './vm-devices.js'
import {plainOptions, type VmHardware} from './vm-hardware.js'

/** What is to be changed in a clone. */
export interface CloneChanges {
  readonly hardware: VmHardware
  readonly creation: CreationDefaults
  readonly cloudInit: CloudInitSpec
  readonly password?: Secret
}

/** Whether something of it has to find a place in the template's configuration, or to keep a part of a value there. */
export function needsTemplate({cloudInit, hardware, password}: CloneChanges): boolean {
  const {boot, disks, nets, others, tpm} = hardware
  return (
    wantsCloudInit(cloudInit, password) ||
    boot !== undefined ||
    tpm === true ||
    disks.length + nets.length + Object.keys(others).length > 0
  )
}

export function wantsCloudInit(spec: CloudInitSpec, password: Secret | undefined): boolean {
  return Object.keys(spec).length > 0 || password !== undefined
}

/** Refuses what a clone has from its template, and cannot be given another of. */
export function checkClone({hardware}: CloneChanges): Result<void, Failure> {
  const wrong = (field: string, why: string): Result<never, Failure> =>
    err(
      failure('usage', `--${field} makes no sense for a clone: ${why}`, {
        hint: 'Leave it out, or make the VM from --iso, --image or --empty',
        details: {field},
      }),
    )
  if (hardware.firmware !== undefined)
    return wrong('firmware', 'what is on its disks starts with the firmware of the template')
  if (hardware.secureBoot !== undefined) return wrong('secure-boot', "the keys are in the template's EFI disk")
  if (hardware.diskless === true) return wrong('disk none', 'it has the disks of its template')
  if (hardware.netless === true) return wrong('net none', 'it has the NICs of its template')
  return ok(undefined)
}

/**
 * The values to set in a clone. Disks and NICs come to those of the template; cloud-init keeps what is not asked for.
 * @param config the configuration of the clone, or beforehand of its template
 * @returns a `usage` failure for what finds no place
 */
export function cloneOptions(
  changes: CloneChanges,
  config: Readonly<Record<string, unknown>>,
): Result<GuestOptions, Failure> {
  const {cloudInit, creation, hardware, password} = changes
  const keys = new Set([...Object.keys(config), ...Object.keys(hardware.others)])
  const devices: Record<string, string> = {}
  const add = (more: Readonly<Record<string, string>>): void => {
    Object.assign(devices, more)
    for (const key of Object.keys(more)) keys.add(key)
  }

  const boot = bootDisk(config)
  const storage = creation.storage ?? storageOf(String(config[boot ?? ''] ?? '').split(',', 1)[0] ?? '') ?? ''
  const disks = placeDisks(hardware.disks, keys, (boot ?? 'scsi0').replace(/\d+$/, ''), storage)
  if (disks.isErr()) return err(disks.error)
  add(Object.fromEntries(disks.value))
  const net0 = typeof config['net0'] === 'string' ? config['net0'] : undefined
  const bridge = creation.bridge ?? parsePropertyString(net0 ?? '').get('bridge') ?? 'vmbr0'
  const nets = placeNets(hardware.nets, keys, {bridge, model: 'virtio'})
  if (nets.isErr()) return err(nets.error)
  add(Object.fromEntries(nets.value))
  if (hardware.tpm === true && !keys.has('tpmstate0')) add({tpmstate0: `${storage}:1,version=v2.0`})

  const values = cloudInitValues(cloudInit, config)
  if (values.isErr()) return err(values.error)
  if (wantsCloudInit(cloudInit, password) && !hasCloudInitDrive(config)) {
    const slot = cdromSlot(keys)
    if (slot.isErr()) return err(slot.error)
    add({[slot.value]: `${storage}:cloudinit`})
  }

  const order = hardware.boot === undefined ? ok(undefined) : bootOrder(hardware.boot, keys)
  return order.map((text) => ({
    ...plainOptions(hardware, creation),
    ...(creation.bridge !== undefined && net0 !== undefined && {net0: withBridge(net0, creation.bridge)}),
    ...devices,
    ...(text !== undefined && {boot: text}),
    ...values.value,
    ...(password !== undefined && {cipassword: password}),
  }))
}

function hasCloudInitDrive(config: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(config).some(
    ([key, value]) => isDiskKey('qemu', key) && readDisk('qemu', key, String(value)).kind === 'cloudinit',
  )
}
