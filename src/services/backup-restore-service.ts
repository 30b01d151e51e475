import {err, ok, type Result} from 'neverthrow'
import type {Backup} from '../domain/backup.js'
import {failure, type Failure} from '../domain/failure.js'
import type {GuestOptions} from '../domain/guest-options.js'
import {guestLabel, guestNoun, type Guest, type GuestType} from '../domain/guest.js'
import type {LeftOutMount, RestoreKind, RestorePlan} from '../domain/restore-plan.js'
import type {TaskReport} from '../domain/task.js'
import {isRootOnly} from '../repositories/failure-from-request.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {NewGuestRepository} from '../repositories/new-guest-repository.js'
import type {TaskRepository} from '../repositories/task-repository.js'
import type {BackupMade} from './backup-proof.js'
import type {BackupRunService} from './backup-run-service.js'
import type {PlacementReport} from './guest-create-report.js'
import type {GuestWish, NewGuestService} from './new-guest-service.js'
import type {Patience, Timing} from './patience.js'
import type {PowerService} from './power-service.js'
import type {PreparedRestore} from './restore-preparation.js'
import type {TaskService} from './task-service.js'

const LOOKS_FOR_LOST_TASK = 3

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
  readonly creations: Pick<NewGuestService, 'create'>
  readonly guests: GuestRepository
  readonly newGuests: NewGuestRepository
  readonly power: PowerService
  readonly runs: BackupRunService
  readonly taskList: TaskRepository
  readonly tasks: TaskService
  readonly timing: Timing
}

/** Guests from backups: beside the original, in its place, or as itself when it is gone. */
export class BackupRestoreService {
  constructor(private readonly parts: RestoreParts) {}

  /** Restores what was prepared. In place the guest is stopped and saved first; nothing of it is lost before that is done. */
  async run(prepared: PreparedRestore, patience: Patience): Promise<Result<RestoredGuest, Failure>> {
    return prepared.target === undefined
      ? this.asNew(prepared, patience)
      : this.inPlace(prepared, prepared.target, patience)
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
