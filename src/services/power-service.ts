import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {parseStartup, type Startup} from '../domain/startup-order.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {isAlreadyRunning, isGuestNotThere, isNotRunning} from '../repositories/failure-from-request.js'
import type {GuestRepository, ShutdownOptions} from '../repositories/guest-repository.js'
import type {QemuRepository} from '../repositories/qemu-repository.js'
import {fanOut} from './fan-out.js'
import {changeOf, type GuestChange} from './guest-service.js'
import {impatience, tellAnswer, type Patience} from './patience.js'
import {whereNow} from './relocation.js'
import type {TaskService} from './task-service.js'

export type PowerVerb = 'reboot' | 'reset' | 'resume' | 'shutdown' | 'start' | 'stop' | 'suspend'

export interface PowerOptions extends ShutdownOptions {
  /** suspend: save the memory to disk and stop. */
  readonly toDisk?: boolean
}

export interface PowerPlan {
  readonly status: string
  /** False: it is so already. */
  readonly changed: boolean
}

/** The state each verb ends in, where being in it already means that there is nothing to do. */
const GOAL: Readonly<Record<PowerVerb, string>> = {
  start: 'running',
  stop: 'stopped',
  shutdown: 'stopped',
  suspend: 'paused',
  resume: 'running',
  reboot: 'running',
  reset: 'running',
}
/** These do something to a guest that is in that state already. */
const REPEATABLE: ReadonlySet<PowerVerb> = new Set(['reboot', 'reset'])

/** Tasks that only hand the wish to the HA manager, which acts ten to twenty seconds later (reference 2.12). */
const QUEUED_BY_HA: ReadonlySet<string> = new Set(['hamigrate', 'hastart', 'hastop'])
const HA_POLL_MS = 2000

/** Starting, stopping and what lies between, for VMs and containers alike. */
export class PowerService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly qemu: QemuRepository,
    private readonly tasks: TaskService,
    private readonly clock: Clock,
  ) {}

  /** Does it to one guest, unless it is so already. A guest that has moved to another node meanwhile is followed there, once. */
  power(
    verb: PowerVerb,
    guest: Guest,
    options: PowerOptions & {readonly wait: boolean},
    patience: Patience,
  ): ResultAsync<GuestChange, Failure> {
    if (guest.template) return errAsync(ofTemplate(verb, guest))

    // A container that is elsewhere is told to be stopped (cluster facts), so that is not believed without a look.
    return this.attempt(verb, guest, options, patience)
      .orElse((failed) =>
        isGuestNotThere(failed) || isNotRunning(failed) || isAlreadyRunning(failed)
          ? whereNow(this.cluster, guest).andThen((now) => {
              if (now.node !== guest.node) return this.attempt(verb, now, options, patience)
              return isGuestNotThere(failed) ? errAsync(failed) : this.perhapsDone(verb, now, options, failed)
            })
          : errAsync(failed),
      )
      .mapErr((failed) => (isNotRunning(failed) ? startedFirst(failed, guest) : failed))
  }

  /** What `power` would find, without doing it: the guest's status, and whether there is something to do. */
  plan(verb: PowerVerb, guest: Guest, options: PowerOptions): ResultAsync<PowerPlan, Failure> {
    if (guest.template) return errAsync(ofTemplate(verb, guest))
    return this.guests
      .status(guest)
      .andThen((status) =>
        status === 'stopped' && status !== goalOf(verb, options) && needsRunning(verb, guest)
          ? err(startedFirst(notRunning(verb, guest), guest))
          : ok({status, changed: REPEATABLE.has(verb) || status !== goalOf(verb, options)}),
      )
  }

  /** The `startup` option of each guest, a few requests at a time. A guest that cannot be read has none; acting on it will tell why. */
  async startups(
    guests: readonly Guest[],
    parallel: number,
    signal?: AbortSignal,
  ): Promise<{readonly guest: Guest; readonly startup: Startup}[]> {
    const read = await fanOut(
      guests,
      ({vmid}) => String(vmid),
      (guest) => this.guests.config(guest),
      {parallel, failFast: false, ...(signal !== undefined && {signal})},
    )
    const found = new Map(read.map((result) => [result.target, result.ok ? result.value.startup : undefined]))
    return guests.map((guest) => ({guest, startup: parseStartup(found.get(String(guest.vmid)))}))
  }

  private attempt(
    verb: PowerVerb,
    guest: Guest,
    options: PowerOptions & {readonly wait: boolean},
    patience: Patience,
  ): ResultAsync<GuestChange, Failure> {
    const goal = goalOf(verb, options)
    // The resources list is up to ten seconds old; the guest's own status is not.
    return this.guests
      .status(guest)
      .andThen((status) =>
        status === goal && !REPEATABLE.has(verb)
          ? okAsync(changeOf(guest, goal, false))
          : new ResultAsync(this.run(verb, guest, goal, options, patience)),
      )
  }

  /** The server says that there is nothing to do, which is success only when the guest is as it should be. */
  private perhapsDone(
    verb: PowerVerb,
    guest: Guest,
    options: PowerOptions,
    failed: Failure,
  ): ResultAsync<GuestChange, Failure> {
    const goal = goalOf(verb, options)
    if (REPEATABLE.has(verb)) return errAsync(failed)
    return this.guests
      .status(guest)
      .andThen((status) => (status === goal ? okAsync(changeOf(guest, goal, false)) : errAsync(failed)))
  }

  private send(verb: PowerVerb, guest: Guest, options: PowerOptions): ResultAsync<string, Failure> {
    switch (verb) {
      case 'shutdown': {
        return this.guests.shutdown(guest, options)
      }

      case 'reboot': {
        return this.guests.reboot(guest, options)
      }

      case 'suspend': {
        return this.qemu.suspend(guest, options.toDisk ?? false)
      }

      case 'resume':
      case 'reset': {
        return this.qemu[verb](guest)
      }

      default: {
        return this.guests[verb](guest)
      }
    }
  }

  private async run(
    verb: PowerVerb,
    guest: Guest,
    goal: string,
    options: PowerOptions & {readonly wait: boolean},
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    const what = `${verb} of ${guestLabel(guest)}`
    const upid = await this.send(verb, guest, options)
    if (upid.isErr()) return err(upid.error)
    if (!options.wait) return ok({...changeOf(guest, guest.status, true), upid: upid.value})
    const report = await this.tasks.waitOk(upid.value, what, patience)
    if (report.isErr()) return err(report.error)
    if (!QUEUED_BY_HA.has(upid.value.split(':')[5] ?? '')) {
      return ok({...changeOf(guest, goal, true), task: report.value})
    }

    const reached = await this.reach(guest, goal, what, upid.value, patience)
    return reached.map((now) => ({...changeOf(now, goal, true), task: report.value}))
  }

  /**
   * Waits until a guest under HA is in the state that was asked for: its task ended long before. The HA manager may start it on
   * another node, and gives up with the state `error`.
   */
  private async reach(
    guest: Guest,
    goal: string,
    what: string,
    upid: string,
    patience: Patience,
  ): Promise<Result<Guest, Failure>> {
    let now = guest
    for (;;) {
      const status = await this.guests.status(now)
      tellAnswer(patience, upid, status)
      if (status.isOk() && status.value === goal) return ok(now)
      const found = await whereNow(this.cluster, guest)
      if (found.isOk()) now = found.value
      else if (found.error.kind === 'not-found') return err(found.error)
      if (now.haState === 'error') return err(givenUp(now, what, upid))
      const gone = impatience(patience, this.clock, `the HA manager's ${what}`, upid)
      if (gone !== undefined) return err(gone)
      await this.clock.sleep(patience.pollIntervalMs ?? HA_POLL_MS, patience.signal)
    }
  }
}

function goalOf(verb: PowerVerb, options: PowerOptions): string {
  return verb === 'suspend' && options.toDisk === true ? 'stopped' : GOAL[verb]
}

function ofTemplate(verb: PowerVerb, guest: Guest): Failure {
  const command = guest.type === 'qemu' ? `vm create NAME ${guest.vmid}` : `lxc clone ${guest.vmid} NAME`
  return failure('refused', `${guestLabel(guest)} is a template and cannot ${verb}`, {
    hint: `Make a guest of it: homelab proxmox ${command}`,
  })
}

/** What was suspended to disk is resumed by being started. */
function needsRunning(verb: PowerVerb, {lock}: Guest): boolean {
  return verb !== 'start' && !(verb === 'resume' && lock === 'suspended')
}

/** As the server says it when it is asked. */
function notRunning(verb: PowerVerb, guest: Guest): Failure {
  return failure('conflict', `Cannot ${verb} ${guestLabel(guest)}: it is not running`, {
    details: {reason: 'not-running', vmid: guest.vmid, node: guest.node},
  })
}

function startedFirst(failed: Failure, {name, type, vmid}: Guest): Failure {
  return {...failed, hint: `Start it first: homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'} start ${name ?? vmid}`}
}

function givenUp(guest: Guest, what: string, upid: string): Failure {
  return failure('task-failed', `the HA manager gave up the ${what}: ${guestLabel(guest)} is in the state "error"`, {
    hint: `Disable it, which clears the error, then try again: homelab proxmox api put /cluster/ha/resources/${guest.type === 'qemu' ? 'vm' : 'ct'}:${guest.vmid} -d state=disabled`,
    upid,
    details: {reason: 'ha-error', vmid: guest.vmid, node: guest.node},
  })
}
