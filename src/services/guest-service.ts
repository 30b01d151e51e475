import {err, errAsync, ok, Result, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {byVmid, guestNoun, guestsCalled, type Guest, type GuestType} from '../domain/guest.js'
import {chosenOneWay, type GuestChoice} from '../domain/guest-choice.js'
import {readConfig, type ConfigValues} from '../domain/guest-config.js'
import {namelessHint} from '../domain/nameless-guests.js'
import {parseSelector, selectorOf, type Selector} from '../domain/selector.js'
import {closest} from '../domain/suggest.js'
import type {TaskReport} from '../domain/task.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import {following} from './relocation.js'
import type {Visibility} from './visibility.js'

/** Which guests a command is about; what is not named includes templates only if it says so. */
export interface Targets extends GuestChoice {
  readonly templates?: boolean
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

/** A guest with its configuration. `digest` is that of the configuration file. */
export type ShownGuest = Guest & {readonly config: ConfigValues; readonly digest?: string}

/** Finding guests. Without a type both kinds are meant: a name that a VM and a container bear is a conflict then. */
export class GuestService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly visibility: Visibility,
    private readonly guests: GuestRepository,
  ) {}

  /** All guests of a type, by VMID, as one request tells them. */
  list(type: GuestType | undefined, selectors: readonly string[] = []): ResultAsync<Guest[], Failure> {
    return selectorOf(selectors).asyncAndThen((matches) =>
      this.cluster
        .resources('vm')
        .map(({guests}) => guests.filter((guest) => isOf(guest, type) && matches(guest)).sort(byVmid)),
    )
  }

  /** The one guest of a type that a name or VMID means. */
  find(type: GuestType | undefined, nameOrId: string): ResultAsync<Guest, Failure> {
    return this.cluster.resources('vm').andThen(({guests}) =>
      resolveGuest(guests, type, nameOrId)
        .asyncMap((guest) => Promise.resolve(guest))
        .orElse((missing) => this.visibility.explain<Guest>(missing, guests.length)),
    )
  }

  /** The guests that a command is about, each once, in the order of their VMIDs for selections. */
  select(type: GuestType | undefined, targets: Targets): ResultAsync<Guest[], Failure> {
    if (targets.names.length === 0 && targets.selectors.length === 0 && !targets.all) {
      return errAsync(
        failure('usage', `no ${guestNoun(type)} named`, {hint: 'Give a name or VMID, or -l/--selector, or --all'}),
      )
    }

    return chosenOneWay(targets)
      .asyncAndThen(() => this.cluster.resources('vm'))
      .andThen(({guests}) =>
        choose(guests, type, targets)
          .asyncMap((chosen) => Promise.resolve(chosen))
          .orElse((missing) => this.visibility.explain<Guest[]>(missing, guests.length)),
      )
  }

  /** What Proxmox reports of a guest now, and its configuration as people read it: flags as booleans, secrets masked. */
  show(type: GuestType, nameOrId: string): ResultAsync<ShownGuest, Failure> {
    return this.find(type, nameOrId).andThen((found) =>
      following(this.cluster, found, (guest) =>
        this.guests.config(guest).map((fields) => ({
          ...guest,
          config: readConfig(guest.type, fields),
          ...(typeof fields.digest === 'string' && {digest: fields.digest}),
        })),
      ),
    )
  }
}

export function changeOf(guest: Guest, status: string, changed: boolean): GuestChange {
  const {vmid, name, type, node} = guest
  return {vmid, ...(name !== undefined && {name}), type, node, status, changed}
}

/** Those that were named, or those that a selector or `--all` picks. */
function choose(guests: readonly Guest[], type: GuestType | undefined, targets: Targets): Result<Guest[], Failure> {
  const selector: Result<Selector, Failure> =
    targets.selectors.length === 0 ? ok(() => targets.all) : parseSelector(targets.selectors)
  return Result.combine([Result.combine(targets.names.map((name) => resolveGuest(guests, type, name))), selector]).map(
    ([named, matches]) => {
      const wanted = (guest: Guest): boolean => targets.templates === true || !guest.template
      const selected = guests.filter((guest) => isOf(guest, type) && wanted(guest) && matches(guest)).sort(byVmid)
      return [...new Map([...named, ...selected].map((guest) => [guest.vmid, guest])).values()]
    },
  )
}

/** The one guest of a type that a name or VMID means; a name that two bear is a conflict, never the first one. */
export function resolveGuest(
  guests: readonly Guest[],
  type: GuestType | undefined,
  nameOrId: string,
): Result<Guest, Failure> {
  const noun = guestNoun(type)
  const list =
    type === undefined
      ? 'homelab proxmox vm list, homelab proxmox lxc list'
      : `homelab proxmox ${type === 'qemu' ? 'vm' : 'lxc'} list`
  const found = guestsCalled(guests, nameOrId)
  const own = found.filter((guest) => isOf(guest, type))
  const [guest, another] = own
  if (guest !== undefined && another === undefined) return ok(guest)
  if (another !== undefined) {
    return err(
      failure('ambiguous-name', `${own.length} ${noun}s are called "${nameOrId}"`, {
        hint: `Use the VMID of the one you mean: ${own.map((one) => `${type === undefined ? `${guestNoun(one.type)} ` : ''}${one.vmid} (on ${one.node})`).join(', ')}`,
        details: {name: nameOrId, candidates: own.map(({vmid, node}) => ({vmid, node}))},
      }),
    )
  }

  const [other] = found
  if (other !== undefined) {
    return err(
      failure('not-found', `"${nameOrId}" is a ${guestNoun(other.type)}, not a ${noun}`, {
        hint: `See: homelab proxmox ${other.type === 'qemu' ? 'vm' : 'lxc'} show ${nameOrId}`,
        details: {name: nameOrId, vmid: other.vmid, type: other.type},
      }),
    )
  }

  const near = closest(
    nameOrId,
    guests.flatMap((g) => (isOf(g, type) && g.name !== undefined ? [g.name] : [])),
  )
  const nameless = /^\d+$/.test(nameOrId) ? undefined : namelessHint(guests, type)
  return err(
    failure('not-found', `there is no ${noun} "${nameOrId}"`, {
      hint: [
        ...(near === undefined ? [] : [`Did you mean "${near}"?`]),
        ...(nameless === undefined ? [] : [`${nameless}.`]),
        `See: ${list}`,
      ].join(' '),
      details: {name: nameOrId},
    }),
  )
}

function isOf(guest: Guest, type: GuestType | undefined): boolean {
  return type === undefined || guest.type === type
}
