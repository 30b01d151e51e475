/** Work that may have to wait for other work. */
export interface Unit {
  readonly vmids: readonly number[]
  /** VMIDs of other units that have to be over before this one begins. */
  readonly after: readonly number[]
}

/**
 * Does units a few at a time, each as soon as what it waits for is over.
 * @param act gives whether the unit is over well; what waits for one that is not is never begun
 * @param mayBegin asked before each one
 */
export async function inOrder<U extends Unit>(
  units: readonly U[],
  parallel: number,
  act: (unit: U) => Promise<boolean>,
  mayBegin: () => boolean,
): Promise<void> {
  const waiting = [...units]
  const open = new Set(units.flatMap(({vmids}) => vmids))
  const running = new Set<Promise<void>>()
  for (;;) {
    while (mayBegin() && running.size < parallel) {
      const at = waiting.findIndex(({after}) => after.every((vmid) => !open.has(vmid)))
      const [unit] = at < 0 ? [] : waiting.splice(at, 1)
      if (unit === undefined) break
      const work = act(unit).then((well) => {
        running.delete(work)
        if (well) for (const vmid of unit.vmids) open.delete(vmid)
      })
      running.add(work)
    }

    if (running.size === 0) return
    await Promise.race(running)
  }
}
