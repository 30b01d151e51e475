import {err, ok, type Result} from 'neverthrow'
import {bootDisk, withBridge} from '../domain/vm-disks.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import type {TaskReport} from '../domain/task.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {QemuRepository} from '../repositories/qemu-repository.js'
import type {Patience} from './patience.js'
import type {TaskService} from './task-service.js'

/** A guest that exists already, and what is still to be done to it. */
export interface NewVm {
  readonly vmid: number
  readonly name: string
  readonly type: GuestType
  readonly node: string
  /** What has been done already; `clone` where nothing else is said. */
  readonly made?: 'clone' | 'create'
}

export interface Finish {
  readonly cores?: number
  readonly memoryBytes?: number
  readonly bridge?: string
  readonly diskBytes?: number
  readonly tags?: readonly string[]
  readonly start: boolean
  readonly removeOnFailure: boolean
}

export interface FinishStep {
  readonly step: 'configure' | 'resize' | 'start'
  readonly task?: TaskReport
}

export interface Finished {
  readonly status: string
  readonly steps: readonly FinishStep[]
  readonly warnings: readonly string[]
}

/** What comes after a clone: configuration, a bigger disk, the first start. A step that fails leaves a VM that the failure tells about. */
export class VmFinishService {
  constructor(
    private readonly guests: GuestRepository,
    private readonly qemu: QemuRepository,
    private readonly tasks: TaskService,
  ) {}

  async finish(vm: NewVm, finish: Finish, patience: Patience): Promise<Result<Finished, Failure>> {
    const steps: FinishStep[] = []
    const warnings: string[] = []
    let at: FinishStep['step'] = 'configure'
    const outcome = await this.steps(vm, finish, patience, (step) => {
      at = step
      return {
        done: (task?: TaskReport) => {
          steps.push({step, ...(task !== undefined && {task})})
          if (task?.outcome === 'warnings') warnings.push(`${step}: the task ended with ${task.exitStatus}`)
        },
      }
    })
    if (outcome.isOk()) return ok({status: outcome.value, steps, warnings})
    return err(await this.settle(vm, finish, at, steps, outcome.error, patience))
  }

  private async steps(
    vm: NewVm,
    finish: Finish,
    patience: Patience,
    begin: (step: FinishStep['step']) => {done: (task?: TaskReport) => void},
  ): Promise<Result<string, Failure>> {
    const label = guestLabel(vm)
    const needsConfig = finish.bridge !== undefined || finish.diskBytes !== undefined
    const read = needsConfig ? await this.guests.config(vm) : ok({})
    if (read.isErr()) return err(read.error)
    const config: Record<string, unknown> = read.value

    const values = newValues(config, finish)
    if (Object.keys(values).length > 0) {
      const step = begin('configure')
      const done = await this.follow(await this.qemu.setConfig(vm, values), `configuration of ${label}`, patience)
      if (done.isErr()) return err(done.error)
      step.done(done.value)
    }

    if (finish.diskBytes !== undefined) {
      const step = begin('resize')
      const disk = bootDisk(config)
      if (disk === undefined)
        return err(failure('refused', `the boot disk of ${label} cannot be told from its configuration`))
      const done = await this.follow(
        await this.qemu.resize(vm, disk, finish.diskBytes),
        `resize of ${disk} of ${label}`,
        patience,
      )
      if (done.isErr()) return err(done.error)
      step.done(done.value)
    }

    if (!finish.start) return ok('stopped')
    const step = begin('start')
    const started = await this.follow(await this.guests.start(vm), `start of ${label}`, patience)
    if (started.isErr()) return err(started.error)
    step.done(started.value)
    // A task that ended well does not prove that the guest runs (reference 2.8).
    return this.guests.status(vm)
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
    vm: NewVm,
    finish: Finish,
    at: FinishStep['step'],
    steps: readonly FinishStep[],
    cause: Failure,
    patience: Patience,
  ): Promise<Failure> {
    const label = guestLabel(vm)
    const remove = `homelab proxmox ${vm.type === 'qemu' ? 'vm' : 'lxc'} delete ${vm.vmid} --yes`
    const details = {
      ...cause.details,
      vmid: vm.vmid,
      name: vm.name,
      node: vm.node,
      failedStep: at,
      done: [vm.made ?? 'clone', ...steps.map(({step}) => step)],
    }
    const stillRuns = cause.kind === 'interrupted' || cause.kind === 'timeout' || cause.kind === 'outcome-unknown'
    if (!finish.removeOnFailure || stillRuns) {
      return {
        ...cause,
        message: `${label} exists on ${vm.node}, but its step "${at}" did not come to its end: ${cause.message}`,
        hint: [cause.hint, `Keep it and do the rest by hand, or remove it with: ${remove}`].filter(Boolean).join('. '),
        details,
      }
    }

    const removed = await this.follow(await this.guests.delete(vm, {purge: true}), `removal of ${label}`, patience)
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
      message: `${label} is left on ${vm.node}: its step "${at}" failed (${cause.message}), and so did its removal (${removed.error.message})`,
      hint: `Remove it with: ${remove}`,
      details: {...details, cause: cause.kind},
    }
  }
}

function newValues(config: Readonly<Record<string, unknown>>, finish: Finish): Record<string, number | string> {
  const net = config['net0']
  return {
    ...(finish.cores !== undefined && {cores: finish.cores}),
    ...(finish.memoryBytes !== undefined && {memory: Math.round(finish.memoryBytes / 2 ** 20)}),
    ...(finish.tags !== undefined && {tags: finish.tags.join(';')}),
    ...(finish.bridge !== undefined && typeof net === 'string' && {net0: withBridge(net, finish.bridge)}),
  }
}
