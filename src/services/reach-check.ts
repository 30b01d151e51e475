import {err, okAsync, type Result, type ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {mappingId, type DeviceNeed, type GuestNeeds} from '../domain/placement-facts.js'
import type {MappingRepository, ResourceMapping} from '../repositories/mapping-repository.js'
import type {NodeRepository} from '../repositories/node-repository.js'

/** What a new guest will find on its node besides storages. */
export type ReachNeeds = Pick<GuestNeeds, 'bridges' | 'devices'>

/** Whether nodes have the bridges and mapped devices of new guests. Asks only about the node that is best otherwise, and the next one where that lacks something. */
export class ReachCheck {
  readonly #bridges = new Map<string, ResultAsync<string[], Failure>>()
  readonly #mappings = new Map<DeviceNeed['kind'], ResultAsync<ResourceMapping[], Failure>>()

  constructor(
    private readonly nodes: Pick<NodeRepository, 'bridges'>,
    private readonly mappings: Pick<MappingRepository, 'list'>,
  ) {}

  /**
   * The best place on a node that has everything.
   * @param place decides, given the nodes that are out
   * @param refused is told of the nodes that lack something
   */
  async placeWith<P>(
    place: (refused: ReadonlyMap<string, string>) => Result<P, Failure>,
    nodeOf: (placed: P) => string,
    needsOn: (node: string) => ReachNeeds,
    refused: Map<string, string>,
  ): Promise<Result<P, Failure>> {
    for (;;) {
      const placed = place(refused)
      if (placed.isErr()) return err(placed.error)
      const node = nodeOf(placed.value)
      const lack = refused.has(node) ? undefined : await this.lack(node, needsOn(node))
      if (lack === undefined) return placed
      refused.set(node, lack)
    }
  }

  /** What a node lacks; undefined where nothing is known to be missing: what may not be seen, the server decides. */
  async lack(node: string, {bridges, devices}: ReachNeeds): Promise<string | undefined> {
    if (bridges.length > 0) {
      const there = (await this.bridgesOf(node)).unwrapOr<string[]>([])
      const missing = there.length === 0 ? undefined : bridges.find((bridge) => !there.includes(bridge))
      if (missing !== undefined) return `it has no bridge ${missing}, only ${[...there].sort().join(', ')}`
    }

    for (const device of devices) {
      const known = (await this.mappingsOf(device.kind)).unwrapOr<ResourceMapping[]>([])
      const mapping = known.find(({id}) => id === device.mapping)
      if (mapping !== undefined && !mapping.nodes.includes(node))
        return `${device.key} (${mappingId(device)}) has no device there`
    }

    return undefined
  }

  private bridgesOf(node: string): ResultAsync<string[], Failure> {
    const known = this.#bridges.get(node) ?? this.nodes.bridges(node).orElse(() => okAsync<string[], Failure>([]))
    this.#bridges.set(node, known)
    return known
  }

  private mappingsOf(kind: DeviceNeed['kind']): ResultAsync<ResourceMapping[], Failure> {
    const known =
      this.#mappings.get(kind) ?? this.mappings.list(kind).orElse(() => okAsync<ResourceMapping[], Failure>([]))
    this.#mappings.set(kind, known)
    return known
  }
}
