import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {proxmoxSize, readDisk} from '../domain/guest-disks.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {formatSize} from '../domain/size.js'
import type {TaskReport} from '../domain/task.js'
import {bootDisk} from '../domain/vm-disks.js'
import type {GuestOptions} from '../domain/guest-options.js'
import type {WaitCondition} from '../domain/wait-condition.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {DeviceRepository} from '../repositories/device-repository.js'
import type {Patience} from './patience.js'
import type {TaskService} from './task-service.js'
import type {WaitService} from './wait-service.js'

/** A guest that exists already. */
export interface FreshGuest {
  readonly vmid: number
  readonly name: string
  readonly type: GuestType
  readonly node: string
  /** What has been done already; `clone` where nothing else is said. */
  readonly made?: 'clone' | 'create'
}

/** What to set, told by the configuration as it is. */
export interface Configuring {
  readonly options: (config: Readonly<Record<string, unknown>>) => Result<GuestOptions, Failure>
  /** False: the options do not depend on it, and it need not be read. */
  readonly readsConfig: boolean
}

export interface Finish {
  readonly configuring?: Configuring
  /** Keys that the configuration must have: the creation's task was to make them. */
  readonly expected?: readonly string[]
  /** Of the boot disk, which only grows. */
  readonly diskBytes?: number
  /** What comes after all that, before a start. */
  readonly last?: {
    readonly step: 'template'
    readonly run: (guest: FreshGuest, patience: Patience) => Promise<Result<TaskReport | undefined, Failure>>
  }
  readonly start: boolean
  readonly waitFor?: readonly WaitCondition[]
  readonly removeOnFailure: boolean
}

export interface FinishStep {
  readonly step: 'configure' | 'download' | 'fetch' | 'resize' | 'start' | 'template' | 'wait'
  readonly task?: TaskReport
}

export interface Finished {
  readonly status: string
  readonly steps: readonly FinishStep[]
  readonly warnings: readonly string[]
}

/** Hears what is being done. */
interface Reporter {
  readonly begin: (step: FinishStep['step']) => {done: (task?: TaskReport) => void}
  readonly warn: (text: string) => void
}

/** What comes after a clone or a creation: configuration, a bigger disk, the first start. A step that fails leaves a guest that the failure tells about. */
export class GuestFinishService {
  constructor(
    private readonly guests: GuestRepository,
    private readonly devices: DeviceRepository,
    private readonly tasks: TaskService,
    private readonly waits: WaitService,
  ) {}

  async finish(guest: FreshGuest, finish: Finish, patience: Patience): Promise<Result<Finished, Failure>> {
    const steps: FinishStep[] = []
    const warnings: string[] = []
    let at: FinishStep['step'] = 'configure'
    const outcome = await this.steps(guest, finish, patience, {
      begin: (step) => {
        at = step
        return {
          done: (task?: TaskReport) => {
            steps.push({step, ...(task !== undefined && {task})})
            if (task?.outcome === 'warnings') warnings.push(`${step}: the task ended with ${task.exitStatus}`)
          },
        }
      },
      warn: (text) => warnings.push(text),
    })
    if (outcome.isOk()) return ok({status: outcome.value, steps, warnings})
    return err(await this.settle(guest, finish, at, steps, outcome.error, patience))
  }

  private async steps(
    guest: FreshGuest,
    finish: Finish,
    patience: Patience,
    {begin, warn}: Reporter,
  ): Promise<Result<string, Failure>> {
    const {configuring, diskBytes, expected = [], last, start, waitFor = []} = finish
    const needsConfig = configuring?.readsConfig === true || diskBytes !== undefined || expected.length > 0
    const read = needsConfig ? await this.guests.config(guest) : ok({})
    if (read.isErr()) return err(read.error)
    const config: Record<string, unknown> = read.value
    const missing = expected.filter((key) => config[key] === undefined)
    if (missing.length > 0) {
      return err(
        failure(
          'unexpected',
          `the task ended well, but ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
        ),
      )
    }

    const values = configuring?.options(config) ?? ok<GuestOptions, Failure>({})
    if (values.isErr()) return err(values.error)
    if (Object.keys(values.value).length > 0) {
      const step = begin('configure')
      const done = await this.follow(
        await this.devices.change(guest, `configure ${guestLabel(guest)}`, values.value, undefined),
        `configuration of ${guestLabel(guest)}`,
        patience,
      )
      if (done.isErr()) return err(done.error)
      step.done(done.value)
    }

    if (diskBytes !== undefined) {
      const resized = await this.resize(guest, config, diskBytes, patience, {begin, warn})
      if (resized.isErr()) return err(resized.error)
    }

    if (last !== undefined) {
      const step = begin(last.step)
      const done = await last.run(guest, patience)
      if (done.isErr()) return err(done.error)
      step.done(done.value)
    }

    return start ? this.start(guest, waitFor, patience, begin) : ok('stopped')
  }

  private async resize(
    guest: FreshGuest,
    config: Readonly<Record<string, unknown>>,
    bytes: number,
    patience: Patience,
    {begin, warn}: Reporter,
  ): Promise<Result<void, Failure>> {
    const label = guestLabel(guest)
    const disk = guest.type === 'lxc' ? 'rootfs' : bootDisk(config)
    if (disk === undefined) {
      begin('resize')
      return err(failure('refused', `the boot disk of ${label} cannot be told from its configuration`))
    }

    const {sizeBytes} = readDisk(guest.type, disk, String(config[disk]))
    if (sizeBytes === bytes) return ok(undefined)
    if (sizeBytes !== undefined && sizeBytes > bytes) {
      warn(`${disk} has ${formatSize(sizeBytes)} already, and disks only grow: it was not made ${formatSize(bytes)}`)
      return ok(undefined)
    }

    const step = begin('resize')
    const what = `resize of ${disk} of ${label}`
    const done = await this.follow(
      await this.devices.resize(guest, disk, proxmoxSize(bytes), undefined),
      what,
      patience,
    )
    return done.map((task) => step.done(task))
  }

  private async start(
    guest: FreshGuest,
    waitFor: readonly WaitCondition[],
    patience: Patience,
    begin: Reporter['begin'],
  ): Promise<Result<string, Failure>> {
    const step = begin('start')
    const started = await this.follow(await this.guests.start(guest), `start of ${guestLabel(guest)}`, patience)
    if (started.isErr()) return err(started.error)
    step.done(started.value)
    // A task that ended well does not prove that the guest runs (reference 2.8).
    if (waitFor.length === 0) return this.guests.status(guest)
    const waiting = begin('wait')
    const met = await this.waits.wait(guest, {conditions: waitFor, any: false, startedByUs: true}, patience)
    if (met.isErr()) return err(met.error)
    waiting.done()
    return ok(met.value.status)
  }

  private async follow(
    sent: Result<string | undefined, Failure>,
    what: string,
    patience: Patience,
  ): Promise<Result<TaskReport | undefined, Failure>> {
    if (sent.isErr()) return err(sent.error)
    if (sent.value === undefined) return ok(undefined)
    patience.onStep?.({text: what})
    return this.tasks.waitOk(sent.value, what, patience)
  }

  /** Says what exists now and how to go on, or takes it away again when that was asked for. */
  private async settle(
    guest: FreshGuest,
    finish: Finish,
    at: FinishStep['step'],
    steps: readonly FinishStep[],
    cause: Failure,
    patience: Patience,
  ): Promise<Failure> {
    const label = guestLabel(guest)
    const remove = `homelab proxmox ${guest.type === 'qemu' ? 'vm' : 'lxc'} delete ${guest.vmid} --yes`
    const details = {
      ...cause.details,
      vmid: guest.vmid,
      name: guest.name,
      node: guest.node,
      failedStep: at,
      done: [guest.made ?? 'clone', ...steps.map(({step}) => step)],
    }
    const stillRuns = cause.kind === 'interrupted' || cause.kind === 'timeout' || cause.kind === 'outcome-unknown'
    if (!finish.removeOnFailure || stillRuns) {
      return {
        ...cause,
        message: `${label} exists on ${guest.node}, but its step "${at}" did not come to its end: ${cause.message}`,
        hint: [cause.hint, `Keep it and do the rest by hand, or remove it with: ${remove}`].filter(Boolean).join('. '),
        details,
      }
    }

    const removed = await this.remove(guest, patience)
    if (removed.isOk()) {
      return {
        ...cause,
        kind: 'rolled-back',
        message: `${label} was removed again, because its step "${at}" failed: ${cause.message}`,
        details: {...details, cause: cause.kind},
      }
    }

    return {
      ...cause,
      kind: 'rollback-failed',
      message: `${label} is left on ${guest.node}: its step "${at}" failed (${cause.message}), and so did its removal (${removed.error.message})`,
      hint: `Remove it with: ${remove}`,
      details: {...details, cause: cause.kind},
    }
  }

  /** One that runs has to be stopped first. */
  private async remove(guest: FreshGuest, patience: Patience): Promise<Result<TaskReport | undefined, Failure>> {
    const label = guestLabel(guest)
    const status = await this.guests.status(guest)
    if (status.isOk() && status.value !== 'stopped') {
      const stopped = await this.follow(await this.guests.stop(guest), `stop of ${label}`, patience)
      if (stopped.isErr()) return stopped
    }

    return this.follow(await this.guests.delete(guest, {purge: true}), `removal of ${label}`, patience)
  }
}
