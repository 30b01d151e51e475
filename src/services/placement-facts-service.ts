import {errAsync, okAsync, ResultAsync} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import type {Failure} from '../domain/failure.js'
import {guestNeeds} from '../domain/guest-needs.js'
import type {Guest} from '../domain/guest.js'
import {groupOf} from '../domain/move-groups.js'
import {NO_HA_RULES, type HaRules} from '../domain/ha-rules.js'
import {
  mappingId,
  type DeviceNeed,
  type GuestNeeds,
  type HaResource,
  type PlacementFacts,
} from '../domain/placement-facts.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {GuestRepository} from '../repositories/guest-repository.js'
import {hasHaGroups} from '../repositories/failure-from-request.js'
import type {HaGroup, HaMember, HaRepository} from '../repositories/ha-repository.js'
import type {MappingRepository, ResourceMapping} from '../repositories/mapping-repository.js'
import type {NodeRepository} from '../repositories/node-repository.js'
import type {NodeLimit} from './node-limit.js'
import {compareReleases, type ReleaseGate} from './release-gate.js'
import {following} from './relocation.js'

/** Which guests somebody wants to place: their configurations are read, those of guests that HA ties to them, and no others. */
export type Concerned = (guest: Guest) => boolean

type Mappings = ReadonlyMap<DeviceNeed['kind'], readonly ResourceMapping[]>

interface HaFacts {
  readonly rules: HaRules
  readonly members: ReadonlyMap<number, HaResource>
}

/** One look at all that decides where guests may be. */
export class PlacementFactsService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly guests: GuestRepository,
    private readonly nodes: NodeRepository,
    private readonly ha: HaRepository,
    private readonly mappings: MappingRepository,
    private readonly releases: ReleaseGate,
    private readonly limit: NodeLimit,
  ) {}

  /**
   * What the planner needs to know. HA is asked for its rules only where it looks after a guest, mappings only where a guest has one. What a node or a guest does not tell is
   * absent; what HA wants has to be known, or this fails.
   */
  look(concerned: Concerned): ResultAsync<PlacementFacts, Failure> {
    return this.cluster.resources().andThen((resources) => this.complete(resources, concerned))
  }

  /** The same, for a look at the cluster that somebody has had already. */
  complete(resources: ClusterResources, concerned: Concerned): ResultAsync<PlacementFacts, Failure> {
    const online = new Set(resources.nodes.filter(({status}) => status === 'online').map(({node}) => node))
    const chosen = resources.guests.filter((guest) => online.has(guest.node) && concerned(guest))
    return this.haFacts(resources).andThen((ha) =>
      ResultAsync.combine([this.configs(withTied(chosen, resources, ha.rules)), this.bridges(online, chosen)]).andThen(
        ([configs, bridges]) =>
          this.mappingsFor([...configs].map(([vmid, config]) => needsOf(vmid, config, resources))).map((mappings) =>
            factsOf(resources, ha, configs, bridges, mappings),
          ),
      ),
    )
  }

  private haFacts({guests}: ClusterResources): ResultAsync<HaFacts, Failure> {
    const members = this.ha
      .members()
      // A login that may not see HA does not have to, where the guests show that there is none.
      .orElse((failed) =>
        failed.kind === 'permission' && guests.every(({haState}) => haState === undefined)
          ? okAsync<HaMember[], Failure>([])
          : errAsync(failed),
      )
    return members.andThen((known) => {
      if (known.length === 0) return okAsync<HaFacts, Failure>({rules: NO_HA_RULES, members: new Map()})
      return this.releases.release().andThen((release) =>
        compareReleases(release, '9.0') >= 0
          ? this.ha
              .rules()
              .map((rules): HaFacts => ({rules, members: looksAfter(known)}))
              .orElse((failed) => (hasHaGroups(failed) ? this.groupFacts(known) : errAsync(failed)))
          : this.groupFacts(known),
      )
    })
  }

  /** Before 9.0, and since then until the cluster has made rules of its groups (reference 2.15). */
  private groupFacts(known: readonly HaMember[]): ResultAsync<HaFacts, Failure> {
    return this.ha.groups().map((groups) => fromGroups(known, groups))
  }

  /** By VMID; without those that are gone or may not be read. */
  private configs(guests: readonly Guest[]): ResultAsync<Map<number, Record<string, unknown>>, Failure> {
    const reads = guests.map((guest) =>
      this.limit.run(guest.node, () =>
        following(this.cluster, guest, (there) => this.guests.config(there)).map(
          (config) => [guest.vmid, config] as const,
        ),
      ),
    )
    return ResultAsync.fromSafePromise(Promise.all(reads)).andThen((done) => {
      const broken = done.find((one) => one.isErr() && !isUntold(one.error))
      return broken?.isErr() === true
        ? errAsync<Map<number, Record<string, unknown>>, Failure>(broken.error)
        : okAsync(new Map(done.flatMap((one) => (one.isOk() ? [one.value] : []))))
    })
  }

  /** By node; without those that do not tell. Bridges of the nodes matter only where somebody may move. */
  private bridges(
    nodes: ReadonlySet<string>,
    guests: readonly Guest[],
  ): ResultAsync<Map<string, Set<string>>, Failure> {
    if (guests.length === 0) return okAsync(new Map())
    const reads = [...nodes].map((node) =>
      this.limit.run(node, () => this.nodes.bridges(node).map((names) => [node, new Set(names)] as const)),
    )
    return ResultAsync.fromSafePromise<Map<string, Set<string>>, Failure>(
      // A login that may see none gets an empty list.
      Promise.all(reads).then(
        (done) => new Map(done.flatMap((one) => (one.isOk() && one.value[1].size > 0 ? [one.value] : []))),
      ),
    )
  }

  private mappingsFor(needs: readonly GuestNeeds[]): ResultAsync<Mappings, Failure> {
    const kinds = [...new Set(needs.flatMap(({devices}) => devices.map(({kind}) => kind)))].sort()
    return ResultAsync.combine(kinds.map((kind) => this.mappings.list(kind).map((list) => [kind, list] as const))).map(
      (lists) => new Map(lists),
    )
  }
}

/** Guests, and those that HA keeps together with them: they move as one. */
function withTied(chosen: readonly Guest[], {guests}: ClusterResources, rules: HaRules): Guest[] {
  const tied = new Set(chosen.flatMap((guest) => groupOf(guest, {guests, rules}).map(({vmid}) => vmid)))
  return guests.filter(({vmid}) => tied.has(vmid))
}

/** What says only that this login, or this moment, does not tell. */
function isUntold({kind}: Failure): boolean {
  return kind === 'permission' || kind === 'not-found' || kind === 'unreachable' || kind === 'node-offline'
}

function needsOf(
  vmid: number,
  config: Record<string, unknown>,
  {guests}: ClusterResources,
  live?: ReadonlySet<string>,
): GuestNeeds {
  return guestNeeds(guests.find((guest) => guest.vmid === vmid)?.type ?? 'qemu', config, live)
}

function looksAfter(members: readonly HaMember[]): Map<number, HaResource> {
  return new Map(members.filter(({state}) => state !== 'ignored').map(({failback, vmid}) => [vmid, {failback}]))
}

/** What the groups of older releases become in rules: the same, with whether to go back told by the group. */
function fromGroups(members: readonly HaMember[], groups: readonly HaGroup[]): HaFacts {
  const inForce = members.filter(({state}) => state !== 'ignored')
  const groupOf = new Map(groups.map((group) => [group.name, group]))
  return {
    rules: {
      nodeAffinities: groups.map(({name, nodes, restricted}) => ({
        name,
        nodes,
        strict: restricted,
        vmids: new Set(inForce.filter(({group}) => group === name).map(({vmid}) => vmid)),
      })),
      resourceAffinities: [],
    },
    members: new Map(
      inForce.map(({failback, group, vmid}) => [vmid, {failback: groupOf.get(group ?? '')?.failback ?? failback}]),
    ),
  }
}

function factsOf(
  resources: ClusterResources,
  {members, rules}: HaFacts,
  configs: ReadonlyMap<number, Record<string, unknown>>,
  bridges: ReadonlyMap<string, ReadonlySet<string>>,
  mappings: Mappings,
): PlacementFacts {
  const all = [...mappings].flatMap(([kind, list]) =>
    list.map((one) => ({...one, name: mappingId({kind, mapping: one.id})})),
  )
  const live = new Set(all.filter((one) => one.live).map(({name}) => name))
  return {
    storages: resources.storages,
    rules,
    nodes: resources.nodes.map((node) => {
      const own = bridges.get(node.node)
      return {
        ...node,
        ...(own !== undefined && {bridges: own}),
        mappings: new Set(all.filter(({nodes}) => nodes.includes(node.node)).map(({name}) => name)),
      }
    }),
    guests: resources.guests.map((guest) => {
      const ha = members.get(guest.vmid)
      const config = configs.get(guest.vmid)
      return {
        ...guest,
        ...(ha !== undefined && {ha}),
        ...(config !== undefined && {needs: needsOf(guest.vmid, config, resources, live)}),
      }
    }),
  }
}
