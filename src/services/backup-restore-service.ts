import {err, errAsync, ok, ResultAsync, type Result} from 'neverthrow'
import {ownerLabel, parseBackupVolume, type Backup} from '../domain/backup.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {checkGuestName} from '../domain/guest-name.js'
import {lacking} from '../domain/guest-placement.js'
import {guestLabel, guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import type {NodeDemand} from '../domain/placement.js'
import {
  planRestore,
  type LeftOutMount,
  type RestoreKind,
  type RestorePlan,
  type RestoreWish,
} from '../domain/restore-plan.js'
import {parseSavedConfig} from '../domain/saved-config.js'
import type {TaskReport} from '../domain/task.js'
import {checkVmid} from '../domain/vmid.js'
import type {BackupRepository} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {isRootOnly} from '../repositories/failure-from-request.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {NewGuestRepository} from '../repositories/new-guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {BackupInventoryService, BackupPlaces} from './backup-inventory.js'
import type {BackupMade, BackupRunService} from './backup-run-service.js'
import type {GuestWish, NewGuestService} from './new-guest-service.js'
import type {Patience, Timing} from './patience.js'
import type {PowerService} from './power-service.js'
import type {ReachCheck} from './reach-check.js'
import type {TaskService} from './task-service.js'
import type {PlacementReport} from './guest-create-report.js'

const LOOKS_FOR_LOST_TASK = 3

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

export interface RestoredGuest {
  readonly vmid: number
  readonly name: string
  readonly type: GuestType
  readonly node: string
  readonly status: string
  readonly kind: RestoreKind
  readonly source: {readonly volume: string; readonly time: string}
  readonly placement?: PlacementReport
  readonly task: TaskReport
  /** In place: the backup of what was there. */
  readonly safetyCopy?: BackupMade
  readonly unpluggedNics?: readonly string[]
  readonly leftOutMounts?: readonly LeftOutMount[]
  readonly emptyVolumes?: readonly string[]
  readonly warnings?: readonly string[]
}

export interface RestoreParts {
  readonly backups: BackupRepository
  readonly cluster: ClusterRepository
  readonly creations: NewGuestService
  readonly guests: GuestRepository
  readonly inventory: BackupInventoryService
  readonly newGuests: NewGuestRepository
  readonly power: PowerService
  readonly reach: ReachCheck
  readonly runs: BackupRunService
  readonly taskList: TaskRepository
  readonly tasks: TaskService
  readonly timing: Timing
}

/** Guests from backups: beside the original, in its place, or as itself when it is gone. */
export class BackupRestoreService {
  constructor(private readonly parts: RestoreParts) {}

  /** Finds the backup, reads what is in it, and refuses what cannot be; GET requests only. */
  prepare(request: RestoreRequest): ResultAsync<PreparedRestore, Failure> {
    return checkRequest(request)
      .asyncAndThen(() => this.parts.inventory.find(request.backup, request.places))
      .andThen((backup) => this.settle(request, backup))
  }

  /** Restores what was prepared. In place the guest is stopped and saved first; nothing of it is lost before that is done. */
  async run(prepared: PreparedRestore, patience: Patience): Promise<Result<RestoredGuest, Failure>> {
    return prepared.target === undefined
      ? this.asNew(prepared, patience)
      : this.inPlace(prepared, prepared.target, patience)
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

  private async prepareNew(
    base: Omit<PreparedRestore, 'node' | 'running' | 'warnings'>,
  ): Promise<Result<PreparedRestore, Failure>> {
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

  private async prepareInPlace(
    base: Omit<PreparedRestore, 'node' | 'running' | 'warnings'>,
    target: Guest,
  ): Promise<Result<PreparedRestore, Failure>> {
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

  private async asNew(prepared: PreparedRestore, patience: Patience): Promise<Result<RestoredGuest, Failure>> {
    const {backup, node, placement, plan, request, type} = prepared
    const {vmid, vmidsOn} = request
    const wish: GuestWish = {
      type,
      name: plan.name,
      ...(vmid !== undefined && {vmid}),
      ...(vmidsOn !== undefined && {vmidsOn}),
      parametersOn: () => parametersOf(type, backup, plan),
      taskType: taskTypeOf(type),
      leavesRemains: true,
    }
    if (placement === undefined) return err(failure('unexpected', 'no node was chosen'))
    const made = await this.parts.creations.create(wish, {node, placement}, patience, {
      wait: true,
      onPlaced: () => undefined,
    })
    if (made.isErr()) return err(await this.withRemains(rootOnly(made.error, plan), type, node))
    return this.finish(prepared, made.value.vmid, made.value.task, request.start === true, patience)
  }

  private async inPlace(
    prepared: PreparedRestore,
    target: Guest,
    patience: Patience,
  ): Promise<Result<RestoredGuest, Failure>> {
    const {power} = this.parts
    const {backup, plan, request, running, type} = prepared
    if (running) {
      patience.onStep?.({text: `stop ${guestLabel(target)}`})
      const stopped = await power.power('stop', target, {wait: true}, patience)
      if (stopped.isErr()) return err(stopped.error)
    }

    const safety = await this.save(prepared, target, patience)
    if (safety.isErr()) return err(await this.putBack(safety.error, target, running, patience))
    const copy = safety.value
    const sent = await this.send(target, parametersOf(type, backup, plan), patience)
    if (sent.isErr()) {
      const untouched = sent.error.kind !== 'outcome-unknown'
      const failed = withCopy(rootOnly(sent.error, plan), copy)
      return err(untouched ? await this.putBack(failed, target, running, patience) : failed)
    }

    const what = `restore of ${guestLabel(target)}`
    patience.onStep?.({text: what})
    const ended = await this.parts.tasks.waitOk(sent.value, what, patience)
    if (ended.isErr()) return err(withCopy(await this.withRemains(ended.error, type, target.node, target.vmid), copy))
    const start = request.start ?? running
    const finished = await this.finish(prepared, target.vmid, ended.value, start, patience)
    return finished
      .map((done) => ({...done, ...(copy !== undefined && {safetyCopy: copy})}))
      .mapErr((failed) => withCopy(failed, copy))
  }

  /** A backup of what is about to be overwritten, beside the one to be restored. Older ones stay, or that one might be pruned for it. */
  private async save(
    {backup, request}: PreparedRestore,
    target: Guest,
    patience: Patience,
  ): Promise<Result<BackupMade | undefined, Failure>> {
    if (!request.safetyCopy) return ok(undefined)
    const notes = `{{guestname}}\\nbefore it was restored from ${backup.volume}`
    const wish = {
      mode: 'stop',
      compress: 'zstd',
      storage: backup.storage,
      'notes-template': notes,
      remove: false,
    } as const
    const made = await this.parts.runs.run(target, wish, patience, {wait: true})
    if (made.isErr()) {
      return err({
        ...made.error,
        message: `nothing was restored, because ${guestLabel(target)} could not be saved first: ${made.error.message}`,
        hint: [made.error.hint, 'To restore it without saving what is there: --no-safety-copy']
          .filter(Boolean)
          .join('. '),
      })
    }

    return ok('volume' in made.value ? made.value : undefined)
  }

  /** Nothing was done to the guest yet: if it ran, it runs again. */
  private async putBack(failed: Failure, target: Guest, ran: boolean, patience: Patience): Promise<Failure> {
    if (!ran || patience.signal?.aborted === true) return failed
    const started = await this.parts.power.power('start', target, {wait: true}, patience)
    const now = started.isOk() ? 'runs again' : `could not be started again (${started.error.message})`
    return {...failed, message: `${failed.message}; ${guestLabel(target)} ${now}`}
  }

  private async send(target: Guest, parameters: GuestOptions, patience: Patience): Promise<Result<string, Failure>> {
    const {newGuests, taskList, timing} = this.parts
    const type = taskTypeOf(target.type)
    const list = () => taskList.list(target.node, {type, vmid: target.vmid})
    const before = await list()
    const known = new Set(before.unwrapOr([]).map(({upid}) => upid))
    const sent = await newGuests.create(target.type, target.node, target.vmid, target.name ?? '', parameters)
    if (sent.isOk() || sent.error.kind !== 'outcome-unknown' || before.isErr()) return sent
    for (let look = 0; look < LOOKS_FOR_LOST_TASK; look++) {
      await timing.sleep(500 * 2 ** look, patience.signal)
      const task = (await list()).unwrapOr([]).find(({upid}) => !known.has(upid))
      if (task !== undefined) return ok(task.upid)
    }

    return sent
  }

  /** Looks at the guest as it is now: what a copy must not have it really has not, and only then it is started. */
  private async finish(
    prepared: PreparedRestore,
    vmid: number,
    task: TaskReport,
    start: boolean,
    patience: Patience,
  ): Promise<Result<RestoredGuest, Failure>> {
    const {backup, kind, node, placement, plan, type} = prepared
    const guest: Guest = {vmid, name: plan.name, type, node, status: 'stopped', template: false, tags: []}
    const read = await this.parts.guests.config(guest)
    if (read.isErr()) return err({...read.error, upid: task.upid})
    const wrong = notAsPlanned(type, read.value, plan)
    if (wrong.length > 0) {
      return err(
        failure('unexpected', `${guestLabel(guest)} was restored, but it is not as it should be: ${wrong.join('; ')}`, {
          hint: `It was not started. Look at it: homelab proxmox ${command(type)} config show ${vmid}`,
          upid: task.upid,
          details: {reason: 'not-as-planned', vmid, node, wrong},
        }),
      )
    }

    if (start && !prepared.request.live && read.value['template'] === undefined) {
      patience.onStep?.({text: `start ${guestLabel(guest)}`})
      const started = await this.parts.power.power('start', guest, {wait: true}, patience)
      if (started.isErr()) {
        return err({
          ...started.error,
          message: `${guestLabel(guest)} was restored, but could not be started: ${started.error.message}`,
          details: {...started.error.details, vmid, node, restored: true},
        })
      }
    }

    const status = await this.parts.guests.status(guest)

    return ok({
      vmid,
      name: plan.name,
      type,
      node,
      status: status.unwrapOr('unknown'),
      kind,
      source: {volume: backup.volume, time: backup.time},
      ...(placement !== undefined && {placement}),
      task,
      ...(plan.unplugged.length > 0 && {unpluggedNics: plan.unplugged}),
      ...(plan.leftOut.length > 0 && {leftOutMounts: plan.leftOut}),
      ...(plan.emptied.length > 0 && {emptyVolumes: plan.emptied}),
      ...(prepared.warnings.length > 0 && {warnings: prepared.warnings}),
    })
  }

  /** A failed restore of a VM is not cleaned up by the server, that of a container takes the old one along (reference 2.14): says what is there now. */
  private async withRemains(failed: Failure, type: GuestType, node: string, at?: number): Promise<Failure> {
    const vmid = at ?? failed.details?.['vmid']
    if (failed.upid === undefined || failed.kind === 'timeout' || failed.kind === 'interrupted') return failed
    if (typeof vmid !== 'number') return failed
    const left = await this.parts.guests.config({type, vmid, node})
    const gone = left.isErr() && left.error.kind === 'not-found'
    const noun = guestNoun(type)
    const state = gone
      ? at === undefined
        ? `Nothing was left behind`
        : `The ${noun} ${vmid} is gone`
      : `Proxmox VE does not clean up: ${noun} ${vmid} is there, incomplete. Remove it: homelab proxmox ${command(type)} delete ${vmid} --yes`
    return {
      ...failed,
      hint: [failed.hint, state].filter(Boolean).join('. '),
      details: {...failed.details, vmid, node, leftBehind: !gone},
    }
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

function parametersOf(type: GuestType, {volume}: Backup, {parameters}: RestorePlan): GuestOptions {
  return type === 'qemu' ? {archive: volume, ...parameters} : {ostemplate: volume, restore: true, ...parameters}
}

function taskTypeOf(type: GuestType): string {
  return type === 'qemu' ? 'qmrestore' : 'vzrestore'
}

function command(type: GuestType): 'lxc' | 'vm' {
  return type === 'qemu' ? 'vm' : 'lxc'
}

function notAsPlanned(type: GuestType, config: Readonly<Record<string, unknown>>, plan: RestorePlan): string[] {
  const wrong: string[] = []
  if (config['lock'] !== undefined) wrong.push(`it is locked (${String(config['lock'])})`)
  for (const key of plan.unplugged)
    if (!/(?:^|,)link_down=1/.test(String(config[key] ?? ''))) wrong.push(`${key} is connected`)
  for (const {key, source} of plan.leftOut)
    if (String(config[key] ?? '').startsWith(source)) wrong.push(`${key} mounts ${source} of the node`)
  for (const key of Object.keys(plan.parameters))
    if (type === 'lxc' && /^(?:rootfs|mp\d+)$/.test(key) && config[key] === undefined) wrong.push(`${key} is missing`)
  return wrong
}

/** Directories of the node are mounted for root@pam alone. */
function rootOnly(failed: Failure, {parameters}: RestorePlan): Failure {
  const mounted = Object.entries(parameters).find(
    ([key, value]) => /^mp\d+$/.test(key) && String(value).startsWith('/'),
  )
  if (mounted === undefined || !isRootOnly(failed)) return failed
  const [key, value] = mounted
  return {
    ...failed,
    hint: `${key} mounts ${String(value).split(',', 1)[0]} of the node, which only root@pam may ask for, logged in with the password. Leave such mounts out with --no-keep-mounts`,
  }
}

function withCopy(failed: Failure, copy: BackupMade | undefined): Failure {
  if (copy === undefined) return failed
  const how = failed.details?.['leftBehind'] === false ? `--vmid ${copy.vmid}` : '--in-place --no-safety-copy'
  const back = `What was there is saved; to get it back: homelab proxmox backup restore ${copy.volume} ${how}`
  return {
    ...failed,
    hint: [failed.hint, back].filter(Boolean).join('. '),
    details: {...failed.details, safetyCopy: copy.volume},
  }
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
