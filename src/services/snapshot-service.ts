import {okAsync, ResultAsync, type Result} from 'neverthrow'
import {CURRENT, snapshotCalled, type Snapshot, type SnapshotSet} from '../domain/snapshot.js'
import type {Failure} from '../domain/failure.js'
import type {Guest} from '../domain/guest.js'
import {readConfig, type ConfigValues} from '../domain/guest-config.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import type {SnapshotRepository} from '../repositories/snapshot-repository.js'
import {fanOut, type TargetResult} from './fan-out.js'
import {NodeLimit} from './node-limit.js'
import {following} from './relocation.js'

/** A guest with its snapshots. */
export interface GuestSnapshots {
  readonly guest: Guest
  readonly set: SnapshotSet
}

/** A snapshot with all that it holds. */
export interface SnapshotDetails {
  readonly guest: Guest
  readonly snapshot: Snapshot
  /** Those taken of what came from it. */
  readonly children: readonly string[]
  /** The guest as it is now has come from it. */
  readonly isParentOfCurrent: boolean
  readonly config: ConfigValues
}

/** Of the snapshot, or of the state it stands in, not of the guest: what no two moments have in common. */
const OF_THE_MOMENT = new Set([
  'description',
  'lock',
  'parent',
  'runningcpu',
  'runningmachine',
  'runningnetshostmtu',
  'vmstate',
])

/** Looking at snapshots. */
export class SnapshotService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly snapshots: SnapshotRepository,
  ) {}

  of(listed: Guest): ResultAsync<GuestSnapshots, Failure> {
    return following(this.cluster, listed, (guest) => this.snapshots.list(guest).map((set) => ({guest, set})))
  }

  /** Of several guests, at each node a few at a time; in the order of the guests. */
  ofMany(guests: readonly Guest[], signal?: AbortSignal): Promise<TargetResult<GuestSnapshots>[]> {
    const limit = new NodeLimit()
    return fanOut(
      guests,
      ({name, vmid}) => name ?? String(vmid),
      (guest): Promise<Result<GuestSnapshots, Failure>> => limit.run(guest.node, () => this.of(guest)),
      {parallel: Math.max(1, guests.length), failFast: false, ...(signal !== undefined && {signal})},
    )
  }

  show(listed: Guest, name: string): ResultAsync<SnapshotDetails, Failure> {
    return this.of(listed).andThen(({guest, set}) =>
      snapshotCalled(guest, set, name).asyncAndThen((snapshot) =>
        this.config(guest, name).map((config) => ({
          guest,
          snapshot,
          children: set.snapshots.filter(({parent}) => parent === name).map((child) => child.name),
          isParentOfCurrent: set.parent === name,
          config,
        })),
      ),
    )
  }

  /** The configurations at two moments, `current` being one; missing snapshots are looked for before anything else is read. */
  compare(listed: Guest, left: string, right: string): ResultAsync<readonly [ConfigValues, ConfigValues], Failure> {
    return this.of(listed).andThen(({guest, set}) =>
      ResultAsync.combine(
        [left, right].map((name) =>
          name === CURRENT
            ? okAsync<unknown, Failure>(name)
            : snapshotCalled(guest, set, name).asyncMap(async () => name),
        ),
      ).andThen(() => ResultAsync.combine([this.comparable(guest, left), this.comparable(guest, right)] as const)),
    )
  }

  private comparable(guest: Guest, name: string): ResultAsync<ConfigValues, Failure> {
    return this.config(guest, name).map((values) =>
      Object.fromEntries(Object.entries(values).filter(([key]) => !OF_THE_MOMENT.has(key))),
    )
  }

  private config(guest: Guest, name: string): ResultAsync<ConfigValues, Failure> {
    const read = name === CURRENT ? this.guests.config(guest) : this.snapshots.config(guest, name)
    return read.map((fields) => readConfig(guest.type, fields))
  }
}
