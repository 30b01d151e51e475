import {err, errAsync, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {
  freeInterface,
  freeNic,
  netOptions,
  nicAt,
  nicsOf,
  readNic,
  requireNic,
  withNetOptions,
  type GuestNic,
} from '../domain/guest-nics.js'
import {hasSetting} from '../domain/guest-settings.js'
import {guestLabel, type GuestType} from '../domain/guest.js'
import {netValue, parseNetSpec, type NetSpec} from '../domain/net-spec.js'
import {formatPropertyString} from '../domain/property-string.js'
import {closest} from '../domain/suggest.js'
import type {NodeRepository} from '../repositories/node-repository.js'
import {
  checkUnlocked,
  setCommand,
  type DeviceChanges,
  type DeviceFacts,
  type DevicePlan,
  type DeviceTarget,
  type PlannedChange,
} from './device-changes.js'

/** Options of a NIC by Proxmox VE's names; undefined removes one, what is absent stays as it is. */
export type NicChanges = Readonly<Record<string, string | undefined>>

/** The NICs of VMs and the network interfaces of containers. */
export class NicService {
  constructor(
    private readonly changes: DeviceChanges,
    private readonly nodes: NodeRepository,
  ) {}

  list(type: GuestType, nameOrId: string): ResultAsync<GuestNic[], Failure> {
    return this.changes.open(type, nameOrId).map(({settings}) => nicsOf(type, settings))
  }

  /**
   * Adds one at the next free place.
   * @param text `bridge=vmbr0,vlan=20,model=virtio,firewall`; without a bridge it is that of the guest's first NIC
   */
  add(type: GuestType, nameOrId: string, text: string): ResultAsync<DevicePlan, Failure> {
    return parseNetSpec(text, type).asyncAndThen((spec) =>
      this.changes.plan(type, nameOrId, (target) =>
        checkUnlocked(target, 'add a NIC')
          .andThen(() => freeNic(target.guest, target.settings))
          .andThen((key) => completed(target, spec).map((net) => ({key, net})))
          .asyncAndThen(({key, net}) => this.planSet(target, 'add', key, net)),
      ),
    )
  }

  /** Changes some options of one and keeps all others, its address above all. */
  set(type: GuestType, nameOrId: string, key: string, changes: NicChanges): ResultAsync<DevicePlan, Failure> {
    return this.changes.plan(type, nameOrId, (target) => {
      const {guest, settings} = target
      const value = settings.next[key] ?? ''
      return checkUnlocked(target, `set ${key}`)
        .andThen(() => requireNic(guest, settings, key))
        .andThen((nic) => (nic.pending === 'remove' ? err(goes(target, key)) : ok(nic)))
        .andThen((nic) => checkChanges(type, netOptions(type, value), changes).map((net) => ({nic, net})))
        .asyncAndThen(({net, nic}): ResultAsync<PlannedChange, Failure> => {
          if (sameOptions(net, netOptions(type, value))) {
            return okAsync({
              action: 'set',
              key,
              facts: {nic, ...(nic.pending !== undefined && {restartNeeded: true as const})},
              commands: [],
              what: '',
              finish: () => okAsync({}),
            })
          }

          return this.planSet(target, 'set', key, net, Object.hasOwn(changes, 'bridge'))
        })
    })
  }

  remove(type: GuestType, nameOrId: string, key: string): ResultAsync<DevicePlan, Failure> {
    return this.changes.plan(type, nameOrId, (target): Result<PlannedChange, Failure> => {
      const {guest, settings} = target
      const what = `remove ${key}`
      return requireNic(guest, settings, key).andThen((nic) => {
        const planned = {action: 'remove', key, what: `removal of ${key} of ${guestLabel(guest)}`} as const
        const finish = (now: DeviceTarget) => okAsync(asItIs(now, key))
        if (nic.pending === 'remove')
          return ok({...planned, facts: {nic, restartNeeded: true as const}, commands: [], finish})
        return checkUnlocked(target, what).map(() => ({
          ...planned,
          facts: {nic},
          commands: [setCommand(guest, {delete: key})],
          send: () => this.changes.change(target, `${what} of ${guestLabel(guest)}`, {delete: key}),
          finish,
        }))
      })
    })
  }

  private planSet(
    target: DeviceTarget,
    action: 'add' | 'set',
    key: string,
    net: NetSpec,
    checkBridge = true,
  ): ResultAsync<PlannedChange, Failure> {
    const {guest} = target
    const {type} = guest
    const values = {[key]: netValue(net, type)}
    const bridge = net.get('bridge')
    return (checkBridge && bridge !== undefined ? this.bridgeOn(guest.node, bridge) : okAsync(undefined)).map(() => ({
      action,
      key,
      facts: {nic: readNic(type, key, values[key] ?? '')},
      commands: [setCommand(guest, values)],
      what: `${action === 'add' ? 'adding' : 'setting'} of ${key} of ${guestLabel(guest)}`,
      send: () => this.changes.change(target, `${action} ${key} of ${guestLabel(guest)}`, values),
      finish: (now) => okAsync(asItIs(now, key)),
    }))
  }

  /** Where the bridges may not be seen, the server decides. */
  private bridgeOn(node: string, bridge: string): ResultAsync<void, Failure> {
    return this.nodes
      .bridges(node)
      .orElse((failed) => (failed.kind === 'permission' ? okAsync<string[], Failure>([]) : errAsync(failed)))
      .andThen((bridges) => {
        if (bridges.length === 0 || bridges.includes(bridge)) return ok(undefined)
        const near = closest(bridge, bridges)
        return err(
          failure('not-found', `there is no bridge "${bridge}" on node ${node}, or this login may not use it`, {
            hint: `${near === undefined ? '' : `Did you mean "${near}"? `}There are: ${bridges.sort().join(', ')}`,
            details: {reason: 'bridge-unknown', bridge, node, bridges},
          }),
        )
      })
  }
}

/** With the bridge of the first NIC and, in a container, a name of its own. */
function completed({guest, settings}: DeviceTarget, spec: NetSpec): Result<NetSpec, Failure> {
  const {type} = guest
  const nics = nicsOf(type, settings)
  const bridge = spec.get('bridge') ?? nics.find((nic) => nic.bridge !== undefined)?.bridge
  if (bridge === undefined) {
    return err(
      failure('usage', `it is not said which bridge the NIC is connected to, and ${guestLabel(guest)} has none yet`, {
        hint: 'Name it: bridge=vmbr0',
      }),
    )
  }

  if (type === 'qemu') return ok(new Map([...spec, ['bridge', bridge]]))
  const name = spec.get('name') ?? freeInterface(settings)
  const rival = nics.find((nic) => nic.interface === name || nic.next?.interface === name)
  if (rival !== undefined) {
    return err(
      failure('already-exists', `${rival.key} of ${guestLabel(guest)} is called ${name} already`, {
        hint: `Choose another name, or leave it out to get ${freeInterface(settings)}`,
        details: {nic: rival.key, interface: name},
      }),
    )
  }

  return ok(new Map([['name', name], ...[...spec].filter(([key]) => key !== 'name'), ['bridge', bridge]]))
}

/** What people call them, for messages. */
const SAID: Readonly<Record<string, string>> = {
  tag: 'vlan',
  macaddr: 'mac',
  hwaddr: 'mac',
  gw: 'gateway',
  gw6: 'gateway6',
}

/** The new options, once what is new in them is possible. A gateway goes when its fixed address goes. */
function checkChanges(type: GuestType, before: NetSpec, changes: NicChanges): Result<NetSpec, Failure> {
  const merged = withNetOptions(before, changes)
  const after = withNetOptions(merged, {
    ...(!isFixed(merged.get('ip')) && changes['gw'] === undefined && {gw: undefined}),
    ...(!isFixed(merged.get('ip6')) && changes['gw6'] === undefined && {gw6: undefined}),
  })
  const given = new Map(
    Object.entries(changes).flatMap(([name, value]) => (value === undefined ? [] : [[SAID[name] ?? name, value]])),
  )
  for (const [gateway, address] of [
    ['gateway', 'ip'],
    ['gateway6', 'ip6'],
  ] as const) {
    const value = after.get(address)
    if (given.has(gateway) && value !== undefined) given.set(address, value)
  }

  return given.size === 0 ? ok(after) : parseNetSpec(formatPropertyString(given), type).map(() => after)
}

function isFixed(address: string | undefined): boolean {
  return address?.includes('/') === true
}

function sameOptions(a: NetSpec, b: NetSpec): boolean {
  const [left, right] = [a, b].map((options) => new Map([...options].filter(([, value]) => value !== '0')))
  return left?.size === right?.size && [...(left ?? [])].every(([name, value]) => right?.get(name) === value)
}

function goes({guest}: DeviceTarget, key: string): Failure {
  return failure('conflict', `${key} of ${guestLabel(guest)} waits to be removed at the next start`, {
    hint: 'Add a new one instead: nic add',
    details: {reason: 'waits-for-removal', nic: key},
  })
}

function asItIs({guest, settings}: DeviceTarget, key: string): DeviceFacts {
  if (!hasSetting(settings, key)) return {}
  const nic = nicAt(guest.type, settings, key)
  return {
    ...(nic !== undefined && {nic}),
    ...(nic?.pending !== undefined && {restartNeeded: true as const}),
  }
}
