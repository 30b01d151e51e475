import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {isDiskKey, readDisk, type GuestDisk} from '../domain/guest-disks.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import type {DeviceRepository} from '../repositories/device-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import {noun} from './device-changes.js'

/** What the server would refuse to do with a disk, and a question tells before. */
export class DiskGuards {
  constructor(
    private readonly guests: GuestRepository,
    private readonly devices: DeviceRepository,
  ) {}

  /** What only a stopped guest allows. The list of guests is up to ten seconds old; the state of this one is not. */
  stopped(guest: Guest, what: string): ResultAsync<void, Failure> {
    const kind = noun(guest.type)
    return this.guests.status(guest).andThen((status) =>
      status === 'stopped'
        ? okAsync(undefined)
        : errAsync(
            failure('refused', `Cannot ${what}: ${guestLabel(guest)} is ${status}, and has to be stopped for that`, {
              hint: `Shut it down first: homelab proxmox ${kind} shutdown ${guest.name ?? guest.vmid}`,
              details: {reason: 'is-running', status},
            }),
          ),
    )
  }

  /** A volume that a snapshot needs cannot leave the guest. */
  notInSnapshots(guest: Guest, disk: GuestDisk, what: string): ResultAsync<void, Failure> {
    return this.devices
      .snapshots(guest)
      .andThen((names) =>
        ResultAsync.combine(
          names.map((name) => this.devices.snapshotConfig(guest, name).map((config) => ({name, config}))),
        ),
      )
      .andThen((snapshots) => {
        const holding = snapshots.filter(({config}) =>
          Object.entries(config).some(
            ([key, value]) =>
              isDiskKey(guest.type, key) && readDisk(guest.type, key, String(value)).volume === disk.volume,
          ),
        )
        return holding.length === 0
          ? okAsync(undefined)
          : errAsync(
              failure('refused', `Cannot ${what}: snapshots of ${guestLabel(guest)} need its volume ${disk.volume}`, {
                hint: `Delete them first: ${holding.map(({name}) => name).join(', ')}`,
                details: {reason: 'in-snapshots', snapshots: holding.map(({name}) => name)},
              }),
            )
      })
  }
}
