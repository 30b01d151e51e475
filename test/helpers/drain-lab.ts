import {errAsync, ok, okAsync, type ResultAsync} from 'neverthrow'

import type {ClusterResources} from '../../src/domain/cluster.js'
import type {DrainJournal} from '../../src/domain/drain-journal.js'
import {failure, type Failure} from '../../src/domain/failure.js'
import {PLACEMENT_POLICY} from '../../src/domain/guest-reach.js'
import type {Guest, GuestType} from '../../src/domain/guest.js'
import {NO_HA_RULES} from '../../src/domain/ha-rules.js'
import type {MoveWish} from '../../src/domain/migration.js'
import type {PlacementFacts} from '../../src/domain/placement-facts.js'
import type {Upid} from '../../src/domain/upid.js'
import {DrainService, type DrainParts} from '../../src/services/drain-service.js'
import {DrainWatch} from '../../src/services/drain-watch.js'
import {MigrateService} from '../../src/services/migrate-service.js'
import {PowerService} from '../../src/services/power-service.js'
import {ReturnService} from '../../src/services/return-service.js'
import {TaskService} from '../../src/services/task-service.js'
import {FakeClock} from './fake-clock.js'

export const GIB = 1024 ** 3

export interface LabGuest {
  vmid: number
  type: GuestType
  node: string
  status: 'running' | 'stopped'
  memoryBytes: number
  /** It cannot leave its node. */
  pinned: boolean
  lock?: string
}

interface LabTask {
  readonly upid: string
  readonly vmid: number
  readonly type: string
  readonly node: string
  readonly endsAt: number
  readonly end: () => void
  over: boolean
}

/** The end of a process at one moment: nothing of it acts any more. */
export class Killed extends Error {}

/** A process that dies at its n-th act on the world, just before it or just after. */
export class Mortal {
  acts = 0
  #dead = false

  constructor(
    private readonly diesAt: number,
    private readonly after: boolean,
  ) {}

  look<T>(see: () => T): T {
    if (this.#dead) throw new Killed()
    return see()
  }

  act<T>(change: () => T): T {
    if (this.#dead) throw new Killed()
    this.acts++
    if (this.acts !== this.diesAt) return change()
    this.#dead = true
    if (this.after) change()
    throw new Killed()
  }
}

/** Nodes and guests whose migrations, starts and shutdowns go on whatever becomes of who asked for them. */
export class DrainLab {
  readonly clock = new FakeClock()
  readonly guests = new Map<number, LabGuest>()
  /** What must never happen. */
  readonly wrongs: string[] = []
  quorate = true
  readonly offline = new Set<string>()
  journal: string | undefined
  readonly #tasks = new Map<string, LabTask>()
  #serial = 0

  constructor(
    readonly nodes: ReadonlyMap<string, number>,
    guests: readonly LabGuest[],
    private readonly random: () => number,
  ) {
    for (const guest of guests) this.guests.set(guest.vmid, {...guest})
  }

  /** Where each guest is and how: `n2 running`. */
  state(): Record<number, string> {
    this.pass()
    return Object.fromEntries([...this.guests].map(([vmid, {node, status}]) => [vmid, `${node} ${status}`]))
  }

  /** Lets everything that is under way end. */
  rest(): void {
    this.clock.advance(1_000_000)
    this.pass()
  }

  private pass(): void {
    for (const task of this.#tasks.values()) {
      if (task.over || task.endsAt > this.clock.now()) continue
      task.over = true
      task.end()
    }
  }

  private task(type: string, guest: LabGuest, end: () => void): string {
    const number = (++this.#serial).toString(16).toUpperCase().padStart(8, '0')
    const start = Math.floor(this.clock.now() / 1000)
      .toString(16)
      .toUpperCase()
    const upid = `UPID:${guest.node}:${number}:${number}:${start}:${type}:${guest.vmid}:root@pam:`
    const endsAt = this.clock.now() + 500 + this.random() * 8000
    this.#tasks.set(upid, {upid, vmid: guest.vmid, type, node: guest.node, endsAt, end, over: false})
    return upid
  }

  private resources(): ClusterResources {
    this.pass()
    const guests = [...this.guests.values()].map(({lock, memoryBytes, node, status, type, vmid}): Guest => ({
      vmid,
      type,
      node,
      status,
      memoryBytes,
      template: false,
      tags: [],
      ...(lock !== undefined && {lock}),
    }))
    return {
      guests,
      nodes: [...this.nodes].map(([node, memoryBytes]) => ({
        node,
        status: this.offline.has(node) ? ('offline' as const) : ('online' as const),
        memoryBytes,
        memoryUsedBytes: guests
          .filter((guest) => guest.node === node && guest.status === 'running')
          .reduce((sum, guest) => sum + (guest.memoryBytes ?? 0), 0),
      })),
      storages: [...this.nodes.keys()].map((node) => ({
        node,
        storage: 'shared',
        available: true,
        shared: true,
        content: ['images', 'rootdir'],
      })),
    }
  }

  private facts(): PlacementFacts {
    const {guests, nodes, storages} = this.resources()
    return {
      nodes,
      storages,
      rules: NO_HA_RULES,
      guests: guests.map((guest) => ({
        ...guest,
        needs: {
          disks: [{key: 'disk0', storage: 'shared', kind: 'disk' as const}],
          bridges: [],
          devices: [],
          pins: this.guests.get(guest.vmid)?.pinned === true ? ['it uses a device of its node'] : [],
        },
      })),
    }
  }

  private at({node, vmid}: {readonly node: string; readonly vmid: number}): LabGuest | undefined {
    this.pass()
    const guest = this.guests.get(vmid)
    return guest?.node === node ? guest : undefined
  }

  private migrate(ref: {readonly node: string; readonly vmid: number}, wish: MoveWish): ResultAsync<string, Failure> {
    const guest = this.at(ref)
    if (guest === undefined) return errAsync(failure('not-found', 'Configuration file does not exist'))
    if (guest.lock !== undefined) {
      this.wrongs.push(`${guest.vmid} is to move while it is locked`)
      return errAsync(failure('locked', `VM is locked (${guest.lock})`))
    }

    const ran = guest.status === 'running'
    guest.lock = 'migrate'
    if (guest.type === 'lxc') guest.status = 'stopped'
    return okAsync(
      this.task(guest.type === 'qemu' ? 'qmigrate' : 'vzmigrate', guest, () => {
        delete guest.lock
        guest.node = wish.target
        guest.status = ran ? 'running' : 'stopped'
      }),
    )
  }

  private switch(
    ref: {readonly node: string; readonly vmid: number},
    to: LabGuest['status'],
  ): ResultAsync<string, Failure> {
    const guest = this.at(ref)
    if (guest === undefined) return errAsync(failure('not-found', 'Configuration file does not exist'))
    if (guest.status === to) this.wrongs.push(`${guest.vmid} is ${to} already`)
    return okAsync(
      this.task(to === 'running' ? 'qmstart' : 'qmshutdown', guest, () => {
        if (guest.status === to) this.wrongs.push(`${guest.vmid} became ${to} twice`)
        guest.status = to
      }),
    )
  }

  /** The services of a process. */
  process(mortal: Mortal): {drains: DrainService; returns: ReturnService} {
    const cluster = {
      resources: () => mortal.look(() => okAsync(this.resources())),
      status: () =>
        mortal.look(() =>
          okAsync({
            cluster: {name: 'lab', quorate: this.quorate, nodeCount: this.nodes.size, configVersion: 1},
            members: [...this.nodes.keys()].map((node) => ({node, online: !this.offline.has(node)})),
          }),
        ),
    }
    const guests = {
      status: (ref: LabGuest) =>
        mortal.look(() => {
          const guest = this.at(ref)
          return guest === undefined
            ? errAsync(failure('not-found', 'Configuration file does not exist'))
            : okAsync(guest.status)
        }),
      config: () => mortal.look(() => okAsync({})),
      start: (ref: LabGuest) => mortal.act(() => this.switch(ref, 'running')),
      shutdown: (ref: LabGuest) => mortal.act(() => this.switch(ref, 'stopped')),
    }
    const migrations = {
      check: (ref: LabGuest) =>
        mortal.look(() => okAsync({running: ref.status === 'running', localDisks: [], localResources: []})),
      migrate: (ref: LabGuest, wish: MoveWish) => mortal.act(() => this.migrate(ref, wish)),
    }
    const taskList = {
      recent: () =>
        mortal.look(() => {
          this.pass()
          return okAsync(
            [...this.#tasks.values()].map(({node, over, type, upid, vmid}) => ({
              upid,
              node,
              type,
              id: String(vmid),
              user: 'root@pam',
              state: over ? 'ok' : 'running',
              startedAt: '',
            })),
          )
        }),
      status: ({upid}: Upid) =>
        mortal.look(() => {
          this.pass()
          const running = this.#tasks.get(upid)?.over === false
          return okAsync({running, ...(!running && {exitStatus: 'OK'}), startedAt: new Date(0)})
        }),
      log: () => mortal.look(() => okAsync([])),
      list: () => mortal.look(() => okAsync([])),
    }
    const timing = {
      now: () => this.clock.now(),
      random: () => 0.5,
      sleep: (ms: number) => this.clock.sleep(ms),
    }
    const unchecked = (value: unknown) => value as never
    const tasks = new TaskService(unchecked(taskList), timing)
    const releases = {release: () => okAsync('9.2')}
    const parts: DrainParts = {
      facts: {look: () => mortal.look(() => okAsync(this.facts()))},
      journals: () => ({
        read: () =>
          mortal.look(() => ok(this.journal === undefined ? undefined : (JSON.parse(this.journal) as DrainJournal))),
        write: (journal) =>
          mortal.act(() => {
            this.journal = JSON.stringify(journal)
            return ok(undefined)
          }),
        remove: () =>
          mortal.act(() => {
            this.journal = undefined
            return ok(undefined)
          }),
      }),
      mover: new MigrateService(
        unchecked(cluster),
        unchecked(guests),
        unchecked(migrations),
        unchecked(taskList),
        tasks,
        unchecked(releases),
        timing,
      ),
      policy: PLACEMENT_POLICY,
      power: new PowerService(unchecked(cluster), unchecked(guests), unchecked({}), tasks, timing),
      run: String(++this.#serial),
      timing,
      watch: new DrainWatch(cluster, unchecked(guests), unchecked(taskList), timing),
    }
    return {drains: new DrainService(parts), returns: new ReturnService(parts)}
  }
}
