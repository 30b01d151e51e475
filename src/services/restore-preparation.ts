import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import {ownerLabel, parseBackupVolume, type Backup} from '../domain/backup.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {lacking} from '../domain/guest-placement.js'
import {guestLabel, guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import type {NodeDemand} from '../domain/placement.js'
import {planRestore, type RestoreKind, type RestorePlan, type RestoreWish} from '../domain/restore-plan.js'
import {parseSavedConfig} from '../domain/saved-config.js'
import {unknownStorage} from '../domain/unknown-storage.js'
import {checkVmid} from '../domain/vmid.js'
import type {BackupRepository} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {BackupInventoryService, BackupPlaces} from './backup-inventory.js'
import type {PlacementReport} from './guest-create-report.js'
import type {NewGuestService} from './new-guest-service.js'
import type {ReachCheck} from './reach-check.js'

export interface RestoreRequest extends Pick<NodeDemand, 'memoryCeiling' | 'vmidsOn'> {
  /** Volume, or `GUEST@latest`. */
  readonly backup: string
  /** Where to look for it. */
  readonly places: BackupPlaces
  readonly name?: string
  readonly vmid?: number
  readonly inPlace: boolean
  /** Of the new guest; undefined: the best one. */
  readonly node?: string
  readonly wish: Omit<RestoreWish, 'keepMounts' | 'keepNetwork' | 'kind' | 'name'>
  /** Undefined: yes where the guest is the original again, no for a copy. */
  readonly keepNetwork?: boolean
  readonly keepMounts?: boolean
  readonly pool?: string
  /** Undefined: in place as it was, else no. */
  readonly start?: boolean
  /** In place: stop it if it runs. */
  readonly stop: boolean
  /** In place: back it up first. */
  readonly safetyCopy: boolean
  /** KiB/s */
  readonly bandwidthKib?: number
  /** VMs on backup servers: run while it is being restored. */
  readonly live: boolean
}

/** Everything that was found out before anything is changed. */
export interface PreparedRestore {
  readonly request: RestoreRequest
  readonly backup: Backup
  readonly type: GuestType
  readonly kind: RestoreKind
  readonly plan: RestorePlan
  readonly node: string
  readonly placement?: PlacementReport
  /** In place: what is overwritten. */
  readonly target?: Guest
  readonly running: boolean
  readonly resources: ClusterResources
  readonly warnings: readonly string[]
}

/** What is known of a restore before its node is. */
type Draft = Omit<PreparedRestore, 'node' | 'running' | 'warnings'>

export interface PreparationParts {
  readonly backups: Pick<BackupRepository, 'config'>
  readonly cluster: ClusterRepository
  readonly creations: Pick<NewGuestService, 'place'>
  readonly guests: GuestRepository
  readonly inventory: BackupInventoryService
  readonly reach: ReachCheck
}

/** Finds out everything about a restore that GET requests tell. */
export class RestorePreparation {
  constructor(private readonly parts: PreparationParts) {}

  /** Finds the backup, reads what is in it, and refuses what cannot be. */
  prepare(request: RestoreRequest): ResultAsync<PreparedRestore, Failure> {
    return checkRequest(request)
      .asyncAndThen(() => this.parts.inventory.find(request.backup, request.places))
      .andThen((backup) => this.settle(request, backup))
  }

  private settle(request: RestoreRequest, backup: Backup): ResultAsync<PreparedRestore, Failure> {
    const {backups, cluster} = this.parts
    const {type, vmid} = backup
    if (type === undefined || vmid === undefined) return errAsync(unnamed(backup))
    if (request.live && (type !== 'qemu' || parseBackupVolume(backup.volume)?.server !== true))
      return errAsync(notLive(backup))
    return cluster.resources().andThen((resources) => {
      const kind = kindOf(request, backup, vmid, type, resources)
      if (kind.isErr()) return errAsync<PreparedRestore, Failure>(kind.error)
      const {all, from} = request.wish.storage
      for (const storage of [...(all === undefined ? [] : [all]), ...from.values()]) {
        const unknown = unknownStorage(storage, resources.storages)
        if (unknown !== undefined) return errAsync<PreparedRestore, Failure>(unknown)
      }

      const original = kind.value !== 'copy'
      return backups.config(backup.node, backup.volume).andThen((text) => {
        const planned = planRestore(type, request.vmid ?? vmid, parseSavedConfig(text), {
          ...request.wish,
          kind: kind.value,
          keepNetwork: request.keepNetwork ?? original,
          keepMounts: request.keepMounts ?? original,
          ...(request.name !== undefined && {name: request.name}),
        })
        if (planned.isErr()) return errAsync<PreparedRestore, Failure>(planned.error)
        const plan = withManner(planned.value, request)
        const base = {request, backup, type, kind: kind.value, plan, resources}
        const target = resources.guests.find((guest) => guest.vmid === vmid && guest.type === type)
        return kind.value === 'in-place' && target !== undefined
          ? new ResultAsync(this.prepareInPlace(base, target))
          : new ResultAsync(this.prepareNew(base))
      })
    })
  }

  private async prepareNew(base: Draft): Promise<Result<PreparedRestore, Failure>> {
    const {backup, plan, request, resources} = base
    const {memoryCeiling, vmidsOn} = request
    const wish = {
      memoryBytes: plan.memoryBytes,
      name: plan.name,
      ...(request.node !== undefined && {node: request.node}),
      ...(memoryCeiling !== undefined && {memoryCeiling}),
      ...(request.vmid === undefined && vmidsOn !== undefined && {vmidsOn}),
      storagesOn: (node: string) =>
        !backup.shared && node !== backup.node
          ? `the backup lies on storage ${backup.storage} of ${backup.node}`
          : [...plan.storages, {storage: backup.storage, content: 'backup' as const}],
    }
    const placed = await this.parts.reach.placeWith(
      (refused) => this.parts.creations.place(wish, resources, refused),
      (place) => place.node,
      () => plan.reach,
      new Map(),
    )
    return placed.map(({node, placement}) => {
      const namesakes = resources.guests.filter(({name}) => name === plan.name)
      const shares = namesakes.map(
        ({vmid}) => `the name "${plan.name}" is borne by ${vmid} too: from now on it has to be named by VMID`,
      )
      return {...base, node, placement, running: false, warnings: [...plan.warnings, ...shares]}
    })
  }

  private async prepareInPlace(base: Draft, target: Guest): Promise<Result<PreparedRestore, Failure>> {
    const {backup, plan, request, resources} = base
    const {node} = target
    const seen = resources.storages.filter((storage) => storage.node === node)
    const why =
      !backup.shared && node !== backup.node
        ? `the backup lies on storage ${backup.storage} of ${backup.node}, and the guest is on ${node}`
        : lacking([...plan.storages, {storage: backup.storage, content: 'backup'}], seen)
    if (why !== undefined) return err(cannotInPlace(target, why))
    const read = await this.parts.guests.config(target)
    if (read.isErr()) return err(read.error)
    const status = await this.parts.guests.status(target)
    if (status.isErr()) return err(status.error)
    const running = status.value !== 'stopped'
    const refusal = refusalInPlace(target, read.value, running, request)
    if (refusal !== undefined) return err(refusal)
    const lack = await this.parts.reach.lack(node, plan.reach)
    return ok({
      ...base,
      node,
      target,
      running,
      warnings: [...plan.warnings, ...(lack === undefined ? [] : [`${node}: ${lack}`])],
    })
  }
}

function checkRequest({inPlace, name, vmid}: RestoreRequest): Result<void, Failure> {
  if (!inPlace && name === undefined && vmid === undefined) {
    return err(
      failure('usage', 'it is not said as what to restore it', {
        hint: '--as NAME makes a copy beside the original, --vmid N one with that VMID, --in-place overwrites the original',
      }),
    )
  }

  if (inPlace && vmid !== undefined) {
    return err(failure('usage', '--vmid contradicts --in-place', {hint: 'In place the guest keeps its VMID'}))
  }

  const named = name === undefined ? undefined : checkGuestName(name)
  if (named?.isErr() === true) return err(named.error)
  const numbered = vmid === undefined ? undefined : checkVmid(vmid)
  return numbered?.isErr() === true ? err(numbered.error) : ok(undefined)
}

function kindOf(
  request: RestoreRequest,
  backup: Backup,
  vmid: number,
  type: GuestType,
  {guests}: ClusterResources,
): Result<RestoreKind, Failure> {
  if (request.inPlace) {
    const there = guests.find((guest) => guest.vmid === vmid)
    if (there?.type === type) return ok('in-place')
    return err(
      there === undefined
        ? failure('not-found', `there is no ${guestNoun(type)} ${vmid} any more to restore in place`, {
            hint: `Let it come back: homelab proxmox backup restore ${backup.volume} --vmid ${vmid}`,
            details: {vmid},
          })
        : failure(
            'conflict',
            `VMID ${vmid} is a ${guestNoun(there.type)} now, and the backup is of a ${guestNoun(type)}`,
            {
              hint: 'Restore it under another VMID: --as NAME',
              details: {vmid, type: there.type},
            },
          ),
    )
  }

  const holder = request.vmid === undefined ? undefined : guests.find((guest) => guest.vmid === request.vmid)
  if (holder !== undefined) {
    const own = holder.vmid === vmid && holder.type === type
    return err(
      failure('vmid-conflict', `VMID ${holder.vmid} is taken by ${guestLabel(holder)} on ${holder.node}`, {
        hint: own ? 'To overwrite it: --in-place' : 'Choose another one, or leave --vmid out to have a free one picked',
        details: {vmid: holder.vmid, holder: {vmid: holder.vmid, node: holder.node}},
      }),
    )
  }

  return ok(request.vmid === vmid ? 'return' : 'copy')
}

function refusalInPlace(
  target: Guest,
  config: Readonly<Record<string, unknown>>,
  running: boolean,
  {stop}: RestoreRequest,
): Failure | undefined {
  const label = guestLabel(target)
  const details = {vmid: target.vmid, node: target.node}
  if (config['protection'] === 1 || config['protection'] === '1') {
    return failure('protected', `${label} is protected from being overwritten`, {
      hint: `Switch that off first: homelab proxmox ${command(target.type)} config set ${target.vmid} protection=no`,
      details: {...details, reason: 'guest-protected'},
    })
  }

  if (config['lock'] !== undefined) {
    return failure('locked', `${label} is locked (${String(config['lock'])})`, {
      hint: `Wait until that is over, or take the lock away: homelab proxmox ${command(target.type)} unlock ${target.vmid}`,
      details: {...details, reason: 'guest-locked', lock: config['lock']},
    })
  }

  if (target.haState !== undefined && target.haState !== 'ignored') {
    return failure('refused', `${label} is kept running by high availability, which would interfere`, {
      hint: `Let it be ignored meanwhile: homelab proxmox api put /cluster/ha/resources/${target.type === 'qemu' ? 'vm' : 'ct'}:${target.vmid} -d state=ignored`,
      details: {...details, reason: 'used-by-ha'},
    })
  }

  if (running && !stop) {
    return failure('conflict', `${label} is running and cannot be overwritten`, {
      hint: 'Add --stop to stop it first, or shut it down yourself',
      details: {...details, reason: 'is-running'},
    })
  }

  return undefined
}

function withManner(plan: RestorePlan, {bandwidthKib, live, pool}: RestoreRequest): RestorePlan {
  return {
    ...plan,
    parameters: {
      ...plan.parameters,
      ...(bandwidthKib !== undefined && {bwlimit: bandwidthKib}),
      ...(live && {'live-restore': true}),
      ...(pool !== undefined && {pool}),
    },
  }
}

function command(type: GuestType): 'lxc' | 'vm' {
  return type === 'qemu' ? 'vm' : 'lxc'
}

function unnamed(backup: Backup): Failure {
  return failure('refused', `${backup.volume} was renamed: its name does not tell whose backup it is`, {
    hint: 'Give it back its name on the node (vzdump-qemu-VMID-DATE…), or restore it there with qmrestore or pct restore',
    details: {volume: backup.volume},
  })
}

function notLive(backup: Backup): Failure {
  return failure(
    'not-supported',
    `a live restore needs a VM's backup on a Proxmox Backup Server, and ${backup.volume} is of ${ownerLabel(backup)} on ${backup.storage}`,
    {
      hint: 'Leave --live out',
      details: {volume: backup.volume},
    },
  )
}

function cannotInPlace(target: Guest, why: string): Failure {
  return failure('refused', `${guestLabel(target)} cannot be restored in place on ${target.node}: ${why}`, {
    hint: 'Name a storage for the disks with --storage, or make a copy elsewhere with --as NAME',
    details: {vmid: target.vmid, node: target.node, reason: 'storage-not-on-node'},
  })
}
