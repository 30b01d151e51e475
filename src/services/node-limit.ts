/**
 * Lets only so many requests be under way at each node; the others queue in the order they came. A node has three workers for everybody
 * (reference 2.4).
 */
export class NodeLimit {
  readonly #busy = new Map<string, number>()
  readonly #queues = new Map<string, (() => void)[]>()

  /** @param most how many at a time at one node */
  constructor(private readonly most = 4) {}

  async run<T>(node: string, work: () => PromiseLike<T>): Promise<T> {
    const busy = this.#busy.get(node) ?? 0
    if (busy < this.most) this.#busy.set(node, busy + 1)
    else await this.#turn(node)
    try {
      return await work()
    } finally {
      const next = this.#queues.get(node)?.shift()
      // Whoever is next takes over this place.
      if (next === undefined) this.#busy.set(node, (this.#busy.get(node) ?? 1) - 1)
      else next()
    }
  }

  #turn(node: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#queues.get(node)
      if (queue === undefined) this.#queues.set(node, [resolve])
      else queue.push(resolve)
    })
  }
}
