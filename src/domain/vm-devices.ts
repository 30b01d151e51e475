import {err, ok, Result} from 'neverthrow'
import {BUS_SLOTS, checkBus, diskValue, type DiskSpec} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import {netValue, type NetSpec} from './net-spec.js'

/** How many NICs a VM can have (reference 2.1). */
const NICS = 32
/** Where Proxmox VE's own wizard puts CD-ROMs, and what is free where it is not: IDE has two usable places on q35. */
const CDROM_SLOTS = ['ide2', 'ide0', 'sata5', 'sata4', 'scsi30', 'scsi29']

/**
 * Gives each disk its place: the one it asks for, or the next free one of its bus.
 * @param taken keys that the VM has already
 * @param storage for new volumes that name none
 * @returns key and value of each, in the order of the disks
 */
export function placeDisks(
  disks: readonly DiskSpec[],
  taken: ReadonlySet<string>,
  bus: string,
  storage: string,
): Result<(readonly [string, string])[], Failure> {
  const isFixed = ({slot}: DiskSpec): boolean => /\d$/.test(slot ?? '')
  // Those that ask for a certain place have it before the others choose.
  const fixed = disks.filter(isFixed).map(({slot = ''}) => slot)
  const twice = fixed.find((slot, index) => taken.has(slot) || fixed.indexOf(slot) !== index)
  if (twice !== undefined) {
    return err(
      failure('usage', `there are two disks for ${twice}`, {
        hint: 'Give another slot=… to one of them, or leave it out to get the next free place',
        details: {field: 'disk', slot: twice},
      }),
    )
  }

  const used = new Set([...taken, ...fixed])
  return Result.combine(
    disks.map((spec) => {
      const key = isFixed(spec) ? ok<string, Failure>(spec.slot ?? '') : freeSlot(spec.slot ?? bus, used)
      return key.andThen((slot) => {
        used.add(slot)
        return checkBus(slot.replace(/\d+$/, ''), spec.options, `disk ${slot}`).map(
          () => [slot, diskValue(spec, storage)] as const,
        )
      })
    }),
  )
}

/** The next free `netN` for each; NICs that name no bridge or model get these. */
export function placeNets(
  nets: readonly NetSpec[],
  taken: ReadonlySet<string>,
  {bridge, model}: {readonly bridge: string; readonly model: string},
): Result<(readonly [string, string])[], Failure> {
  const used = new Set(taken)
  return Result.combine(
    nets.map((net) => {
      const index = Array.from({length: NICS}, (_, n) => n).find((n) => !used.has(`net${n}`))
      if (index === undefined)
        return err(failure('usage', `a VM has at most ${NICS} NICs`, {hint: 'Ask for fewer with --net'}))
      used.add(`net${index}`)
      return ok([`net${index}`, netValue(new Map([['model', model], ['bridge', bridge], ...net]), 'qemu')] as const)
    }),
  )
}

/** Where a CD-ROM or the cloud-init drive goes. */
export function cdromSlot(taken: ReadonlySet<string>): Result<string, Failure> {
  const free = CDROM_SLOTS.find((slot) => !taken.has(slot))
  return free === undefined
    ? err(failure('usage', 'there is no place left for a CD-ROM drive', {hint: 'Use fewer disks on IDE and SATA'}))
    : ok(free)
}

/**
 * `order=scsi0;ide2`.
 * @param wanted keys of devices, best first
 * @param keys what the VM will have
 */
export function bootOrder(wanted: readonly string[], keys: ReadonlySet<string>): Result<string, Failure> {
  const bootable = [...keys].filter((key) => /^(?:ide|sata|scsi|virtio|net|hostpci|usb)\d+$/.test(key))
  const missing = wanted.find((key) => !bootable.includes(key))
  return missing === undefined
    ? ok(`order=${wanted.join(';')}`)
    : err(
        failure('usage', `--boot: the VM has no device "${missing}" to start from`, {
          hint: `It will have: ${bootable.join(', ') || 'none'}`,
          details: {field: 'boot', value: missing},
        }),
      )
}

function freeSlot(bus: string, used: ReadonlySet<string>): Result<string, Failure> {
  const slots = BUS_SLOTS[bus] ?? 0
  for (let index = 0; index < slots; index++) if (!used.has(`${bus}${index}`)) return ok(`${bus}${index}`)
  return err(
    failure('usage', `${bus} has ${slots} places, and all are taken`, {
      hint: 'Put some of the disks on another bus: bus=scsi',
      details: {field: 'disk', bus},
    }),
  )
}
