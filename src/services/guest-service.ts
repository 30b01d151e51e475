import {err, errAsync, ok, okAsync, Result, ResultAsync} from 'neverthrow'
import type {Clock} from '../domain/clock.js'
import {failure, type Failure} from '../domain/failure.js'
import {byVmid, guestLabel, guestNoun, guestsCalled, type Guest, type GuestType} from '../domain/guest.js'
import {parseSelector, selectorOf, type Selector} from '../domain/selector.js'
import {closest} from '../domain/suggest.js'
import type {TaskReport} from '../domain/task.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {DeleteOptions, GuestRepository, ShutdownOptions} from '../repositories/guest-repository.js'
import type {QemuRepository} from '../repositories/qemu-repository.js'
import {impatience, type Patience} from './patience.js'
import type {TaskService} from './task-service.js'
import type {Visibility} from './visibility.js'

/** Which guests a command is about: by name or VMID, by selector, or all of them. */
export interface Targets {
  readonly names: readonly string[]
  readonly selectors: readonly string[]
  readonly all: boolean
}

export type PowerVerb = 'reboot' | 'reset' | 'resume' | 'shutdown' | 'start' | 'stop' | 'suspend'

export interface PowerOptions extends ShutdownOptions {
  /** suspend: save the memory to disk and stop. */
  readonly toDisk?: boolean
}

/** What became of one guest. `changed: false`: it was so already. `task` is absent when nothing had to be done; `upid` alone without waiting. */
export interface GuestChange {
  readonly vmid: number
  readonly name?: string
  readonly type: GuestType
  readonly node: string
  readonly status: string
  readonly changed: boolean
  readonly upid?: string
  readonly task?: TaskReport
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

/** Finding guests, and the verbs that VMs and containers share. */
export class GuestService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly visibility: Visibility,
    private readonly guests: GuestRepository,
    private readonly qemu: QemuRepository,
    private readonly tasks: TaskService,
    private readonly clock: Clock,
  ) {}

  /** All guests of a type, by VMID, as one request tells them. */
  list(type: GuestType, selectors: readonly string[] = []): ResultAsync<Guest[], Failure> {
    return selectorOf(selectors).asyncAndThen((matches) =>
      this.cluster
        .resources('vm')
        .map(({guests}) => guests.filter((guest) => guest.type === type && matches(guest)).sort(byVmid)),
    )
  }

  /** The one guest of a type that a name or VMID means. */
  find(type: GuestType, nameOrId: string): ResultAsync<Guest, Failure> {
    return this.cluster.resources('vm').andThen(({guests}) =>
      resolveGuest(guests, type, nameOrId)
        .asyncMap((guest) => Promise.resolve(guest))
        .orElse((missing) => this.visibility.explain<Guest>(missing, guests.length)),
    )
  }

  /** The guests that a command is about, each once, in the order of their VMIDs for selections. */
  select(type: GuestType, targets: Targets): ResultAsync<Guest[], Failure> {
    if (targets.names.length === 0 && targets.selectors.length === 0 && !targets.all) {
      return errAsync(
        failure('usage', `no ${guestNoun(type)} named`, {hint: 'Give a name or VMID, or -l/--selector, or --all'}),
      )
    }

    return this.cluster.resources('vm').andThen(({guests}) =>
      choose(guests, type, targets)
        .asyncMap((chosen) => Promise.resolve(chosen))
        .orElse((missing) => this.visibility.explain<Guest[]>(missing, guests.length)),
    )
  }

  /** The configuration as Proxmox keeps it, and what it reports now. */
  show(type: GuestType, nameOrId: string): ResultAsync<Guest & {readonly config: Record<string, unknown>}, Failure> {
    return this.find(type, nameOrId).andThen((guest) => this.guests.config(guest).map((config) => ({...guest, config})))
  }

  /** Starts, stops or shuts down one guest, unless it is so already. */
  power(
    verb: PowerVerb,
    guest: Guest,
    options: PowerOptions & {readonly wait: boolean},
    patience: Patience,
  ): ResultAsync<GuestChange, Failure> {
    const goal = verb === 'suspend' && options.toDisk === true ? 'stopped' : GOAL[verb]
    if (guest.template) {
      return errAsync(
        failure('refused', `${guestLabel(guest)} is a template and cannot ${verb}`, {
          hint: 'Clone it first: homelab proxmox vm create NAME TEMPLATE',
        }),
      )
    }

    // The resources list is up to ten seconds old; the guest's own status is not.
    return this.guests
      .status(guest)
      .andThen((status) =>
        status === goal && !REPEATABLE.has(verb)
          ? okAsync(change(guest, goal, false))
          : new ResultAsync(
              this.run(
                () => this.send(verb, guest, options),
                guest,
                goal,
                `${verb} of ${guestLabel(guest)}`,
                options.wait,
                patience,
              ),
            ),
      )
  }

  /**
   * Deletes a guest for good. A running one is refused by the server; `stopFirst` pulls its plug before.
   * @returns what it was; `status` is `deleted` once the task has ended well
   */
  delete(
    guest: Guest,
    options: DeleteOptions & {readonly stopFirst: boolean; readonly wait: boolean},
    patience: Patience,
  ): ResultAsync<GuestChange, Failure> {
    const stopped: ResultAsync<unknown, Failure> = options.stopFirst
      ? this.power('stop', guest, {wait: true}, patience)
      : okAsync(undefined)
    const what = `deletion of ${guestLabel(guest)}`
    return stopped.andThen(
      () =>
        new ResultAsync(
          this.run(() => this.guests.delete(guest, options), guest, 'deleted', what, options.wait, patience),
        ),
    )
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
    send: () => ResultAsync<string, Failure>,
    guest: Guest,
    goal: string,
    what: string,
    wait: boolean,
    patience: Patience,
  ): Promise<Result<GuestChange, Failure>> {
    const upid = await send()
    if (upid.isErr()) return err(upid.error)
    if (!wait) return ok({...change(guest, guest.status, true), upid: upid.value})
    const report = await this.tasks.waitOk(upid.value, what, patience)
    if (report.isErr()) return err(report.error)
    if (QUEUED_BY_HA.has(upid.value.split(':')[5] ?? '')) {
      const reached = await this.reach(guest, goal, what, upid.value, patience)
      if (reached.isErr()) return err(reached.error)
    }

    return ok({...change(guest, goal, true), task: report.value})
  }

  /** Waits until a guest under HA is in the state that was asked for: its task ended long before. */
  private async reach(
    guest: Guest,
    goal: string,
    what: string,
    upid: string,
    patience: Patience,
  ): Promise<Result<void, Failure>> {
    for (;;) {
      const status = await this.guests.status(guest)
      if (status.isOk() && status.value === goal) return ok(undefined)
      const gone = impatience(patience, this.clock, `the HA manager's ${what}`, upid)
      if (gone !== undefined) return err(gone)
      await this.clock.sleep(patience.pollIntervalMs ?? 2000, patience.signal)
    }
  }
}

function change(guest: Guest, status: string, changed: boolean): GuestChange {
  const {vmid, name, type, node} = guest
  return {vmid, ...(name !== undefined && {name}), type, node, status, changed}
}

/** Those that were named, and those that a selector (without one, `--all`) picks; templates only when named. */
function choose(guests: readonly Guest[], type: GuestType, targets: Targets): Result<Guest[], Failure> {
  const selector: Result<Selector, Failure> =
    targets.selectors.length === 0 ? ok(() => targets.all) : parseSelector(targets.selectors)
  return Result.combine([Result.combine(targets.names.map((name) => resolveGuest(guests, type, name))), selector]).map(
    ([named, matches]) => {
      const selected = guests.filter((guest) => guest.type === type && !guest.template && matches(guest)).sort(byVmid)
      return [...new Map([...named, ...selected].map((guest) => [guest.vmid, guest])).values()]
    },
  )
}

/** The one guest of a type that a name or VMID means; a name that two bear is a conflict, never the first one. */
export function resolveGuest(guests: readonly Guest[], type: GuestType, nameOrId: string): Result<Guest, Failure> {
  const noun = guestNoun(type)
  const list = `homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'} list`
  const found = guestsCalled(guests, nameOrId)
  const own = found.filter((guest) => guest.type === type)
  const [guest, another] = own
  if (guest !== undefined && another === undefined) return ok(guest)
  if (another !== undefined) {
    return err(
      failure('ambiguous-name', `${own.length} ${noun}s are called "${nameOrId}"`, {
        hint: `Use the VMID of the one you mean: ${own.map(({vmid, node}) => `${vmid} (on ${node})`).join(', ')}`,
        details: {name: nameOrId, candidates: own.map(({vmid, node}) => ({vmid, node}))},
      }),
    )
  }

  const [other] = found
  if (other !== undefined) {
    return err(
      failure('not-found', `"${nameOrId}" is a ${guestNoun(other.type)}, not a ${noun}`, {
        details: {name: nameOrId, vmid: other.vmid, type: other.type},
      }),
    )
  }

  const near = closest(
    nameOrId,
    guests.flatMap((g) => (g.type === type && g.name !== undefined ? [g.name] : [])),
  )
  return err(
    failure('not-found', `there is no ${noun} "${nameOrId}"`, {
      hint: near === undefined ? `See: ${list}` : `Did you mean "${near}"? See: ${list}`,
      details: {name: nameOrId},
    }),
  )
}
