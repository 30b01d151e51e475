import {err, okAsync, type Result, type ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import type {NodeRepository} from '../repositories/node-repository.js'

/** Whether nodes have the bridges that new NICs are to be connected to. */
export class BridgeCheck {
  readonly #known = new Map<string, ResultAsync<string[], Failure>>()

  constructor(private readonly nodes: NodeRepository) {}

  /**
   * The best place on a node with all bridges.
   * @param place decides, given the nodes that are out
   * @param refused is told of the nodes that lack one
   */
  async placeWith<P>(
    place: (refused: ReadonlyMap<string, string>) => Result<P, Failure>,
    nodeOf: (placed: P) => string,
    bridgesOn: (node: string) => readonly string[],
    refused: Map<string, string>,
  ): Promise<Result<P, Failure>> {
    for (;;) {
      const placed = place(refused)
      if (placed.isErr()) return err(placed.error)
      const node = nodeOf(placed.value)
      const lacking = await this.lacking(node, bridgesOn(node))
      if (lacking === undefined || refused.has(node)) return placed
      refused.set(node, lacking)
    }
  }

  /** Where the bridges may not be seen, the server decides. */
  private async lacking(node: string, bridges: readonly string[]): Promise<string | undefined> {
    if (bridges.length === 0) return undefined
    const known = this.#known.get(node) ?? this.nodes.bridges(node).orElse(() => okAsync<string[], Failure>([]))
    this.#known.set(node, known)
    const there = (await known).unwrapOr<string[]>([])
    const missing = there.length === 0 ? undefined : bridges.find((bridge) => !there.includes(bridge))
    return missing === undefined ? undefined : `it has no bridge ${missing}, only ${[...there].sort().join(', ')}`
  }
}
