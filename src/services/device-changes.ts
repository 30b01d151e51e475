import {err, errAsync, ok, okAsync, type Result, ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import type {GuestDisk} from '../domain/guest-disks.js'
import type {GuestNic} from '../domain/guest-nics.js'
import type {GuestSettings} from '../domain/guest-settings.js'
import {guestLabel, type Guest, type GuestType} from '../domain/guest.js'
import {guestCommand} from '../domain/native-command.js'
import type {TaskReport} from '../domain/task.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DeviceRepository, SettingValues} from '../repositories/device-repository.js'
import {isGuestNotThere} from '../repositories/failure-from-request.js'
import type {GuestService} from './guest-service.js'
import type {Patience} from './patience.js'
import {following} from './relocation.js'
import type {TaskService} from './task-service.js'

export type DeviceAction = 'add' | 'attach' | 'detach' | 'import' | 'move' | 'reassign' | 'remove' | 'resize' | 'set'

/** A guest and its configuration, as they were read just now. */
export interface DeviceTarget {
  readonly guest: Guest
  readonly settings: GuestSettings
}

/** What became, or is to become, of a disk or NIC. */
export interface DeviceFacts {
  /** The device as it is now, or will be; absent once it is gone. */
  readonly disk?: GuestDisk
  readonly nic?: GuestNic
  /** It takes effect once the guest was stopped and started. */
  readonly restartNeeded?: true
  /** The volume that was detached, removed or given away. */
  readonly volume?: string
  /** Where a volume stays that the guest no longer uses: `unused0`. */
  readonly keptAs?: string
  /** Whether the removed volume is gone from its storage; absent where that cannot be seen. */
  readonly destroyed?: boolean
  readonly previousSizeBytes?: number
  readonly previousStorage?: string
  /** Where a reassigned disk is now. */
  readonly to?: {readonly vmid: number; readonly name?: string; readonly key: string; readonly volume?: string}
}

export interface DeviceChange extends DeviceFacts {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly action: DeviceAction
  readonly key: string
  /** False: it was so already. */
  readonly changed: boolean
  /** Alone, without `task`, when nobody waited for it. */
  readonly upid?: string
  readonly task?: TaskReport
}

/** A change that was checked as far as reading goes. Nothing has been sent yet. */
export interface DevicePlan {
  readonly guest: Guest
  readonly action: DeviceAction
  readonly key: string
  /** False: it is so already, and carrying it out sends nothing. */
  readonly changes: boolean
  readonly facts: DeviceFacts
  /** The same for a shell on the guest's node. */
  readonly commands: readonly string[]
  /** What one should know before. */
  readonly warnings: readonly string[]
  carryOut(wait: boolean, patience: Patience): ResultAsync<DeviceChange, Failure>
}

/** What a kind of change says of itself; the rest is the same for all. */
export interface PlannedChange {
  readonly action: DeviceAction
  readonly key: string
  readonly facts: DeviceFacts
  readonly commands: readonly string[]
  readonly warnings?: readonly string[]
  /** Sends it. Absent: it is so already. */
  readonly send?: () => ResultAsync<string | undefined, Failure>
  /** What the task does, for messages: `resize of scsi0 of web (VM 101)`. */
  readonly what: string
  /** Follows the first request, once its task has ended; gives the facts as they are now. */
  readonly finish: (now: DeviceTarget, patience: Patience) => ResultAsync<DeviceFacts, Failure>
}

export type MakePlan = (
  target: DeviceTarget,
) => PromiseLike<Result<PlannedChange, Failure>> | Result<PlannedChange, Failure>

/** How every change of a disk or NIC goes: read, check, send with the digest, wait, read back. */
export class DeviceChanges {
  constructor(
    private readonly guests: GuestService,
    private readonly cluster: ClusterRepository,
    readonly devices: DeviceRepository,
    private readonly tasks: TaskService,
  ) {}

  /** The guest and its configuration now. */
  open(type: GuestType, nameOrId: string): ResultAsync<DeviceTarget, Failure> {
    return this.guests.find(type, nameOrId).andThen((guest) => this.read(guest))
  }

  /** A plan for one guest. One that moves between looking and acting is followed to its new node, and everything is checked anew there. */
  plan(type: GuestType, nameOrId: string, make: MakePlan): ResultAsync<DevicePlan, Failure> {
    return this.open(type, nameOrId).andThen((target) => this.planFor(target, make, true))
  }

  /** Sends a change of options with the digest of the configuration it was planned on. */
  change({guest, settings}: DeviceTarget, what: string, values: SettingValues) {
    return this.devices.change(guest, what, values, settings.digest)
  }

  /** Waits for a task that failed only if it says so. */
  waitOk(upid: string, what: string, patience: Patience): ResultAsync<TaskReport, Failure> {
    return this.tasks.waitOk(upid, what, patience)
  }

  /** The guest's configuration, wherever it is by now. */
  read(guest: Guest): ResultAsync<DeviceTarget, Failure> {
    return following(this.cluster, guest, (now) =>
      this.devices.settings(now).map((settings) => ({guest: now, settings})),
    )
  }

  private planFor(target: DeviceTarget, make: MakePlan, mayFollow: boolean): ResultAsync<DevicePlan, Failure> {
    const {guest} = target
    return new ResultAsync(Promise.resolve(make(target))).map((planned) => ({
      guest,
      action: planned.action,
      key: planned.key,
      changes: planned.send !== undefined,
      facts: planned.facts,
      commands: planned.commands,
      warnings: planned.warnings ?? [],
      carryOut: (wait, patience) =>
        this.carryOut(target, planned, wait, patience).orElse((failed) =>
          mayFollow && isGuestNotThere(failed) && failed.details?.['done'] !== true
            ? this.open(guest.type, String(guest.vmid))
                .andThen((now) => (now.guest.node === guest.node ? errAsync(failed) : this.planFor(now, make, false)))
                .andThen((again) => again.carryOut(wait, patience))
            : errAsync(failed),
        ),
    }))
  }

  private carryOut(
    {guest}: DeviceTarget,
    planned: PlannedChange,
    wait: boolean,
    patience: Patience,
  ): ResultAsync<DeviceChange, Failure> {
    const {vmid, name, type, node} = guest
    const {action, key} = planned
    const change = {vmid, ...(name !== undefined && {name}), type, node, action, key}
    if (planned.send === undefined) return okAsync({...change, changed: false, ...planned.facts})
    return planned.send().andThen((upid) => {
      if (upid !== undefined && !wait) return okAsync<DeviceChange, Failure>({...change, changed: true, upid})
      const ended: ResultAsync<TaskReport | undefined, Failure> =
        upid === undefined ? okAsync(undefined) : this.waitOk(upid, planned.what, patience)
      return ended.andThen((task) =>
        this.read(guest)
          .andThen((now) =>
            planned.finish(now, patience).map((facts) => ({...change, node: now.guest.node, changed: true, ...facts})),
          )
          .map((done): DeviceChange => (task === undefined ? done : {...done, task}))
          .mapErr((failed) => afterwards(failed, planned.what)),
      )
    })
  }
}

/** The change itself was done when this failed. */
function afterwards(failed: Failure, what: string): Failure {
  return {
    ...failed,
    message: `${what} was done, but what came after it failed: ${failed.message}`,
    details: {...failed.details, done: true},
  }
}

/** Refuses what a lock or the protection of the guest would make the server refuse. */
export function checkUnlocked(
  {guest, settings}: DeviceTarget,
  what: string,
  {protection = false}: {readonly protection?: boolean} = {},
): Result<void, Failure> {
  const {lock} = settings.now
  if (lock !== undefined) {
    return err(
      failure('locked', `Cannot ${what}: ${guestLabel(guest)} is locked (${lock})`, {
        hint: `A ${lock} is under way, or was cut off. See what runs: homelab proxmox task list`,
        details: {reason: 'guest-locked', lock},
      }),
    )
  }

  return protection && settings.now['protection'] === '1'
    ? err(
        failure('protected', `Cannot ${what}: ${guestLabel(guest)} is protected`, {
          hint: `The protection keeps its disks, too. Switch it off first: homelab proxmox ${noun(guest.type)} config set ${guest.name ?? guest.vmid} protection=0`,
          details: {reason: 'guest-protected'},
        }),
      )
    : ok(undefined)
}

/** `qm set 101 --scsi1 local-lvm:32` */
export function setCommand({type, vmid}: Guest, values: SettingValues): string {
  return guestCommand(type, 'set', [vmid], values)
}

/** The word of the command line: `vm`, `lxc`. */
export function noun(type: GuestType): string {
  return type === 'qemu' ? 'vm' : 'lxc'
}
