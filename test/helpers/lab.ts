import type {Fixture, FixtureGuest} from '../../src/simulator/fixtures/fixture.js'
import {demo} from '../../src/simulator/fixtures/demo.js'
import type {Interruption} from '../../src/simulator/http/server.js'
import type {SentRequest} from './cluster.js'

/** Three nodes and so many running VMs tagged `lab`, two thirds of them on the first node: VMIDs from 1000 on. */
export function lab(size: number, change: (guest: FixtureGuest, index: number) => FixtureGuest): Fixture {
  const guests = Array.from({length: size}, (_, index): FixtureGuest => {
    const vmid = 1000 + index
    const node = index % 6 < 4 ? 'pve1' : index % 6 === 4 ? 'pve2' : 'pve3'
    const config = {cores: 1, memory: '64', name: `lab-${vmid}`, ostype: 'l26', tags: 'lab'}
    return change({vmid, type: 'qemu', node, running: true, shutdownSeconds: 1, config}, index)
  })
  return {...demo, pools: [], guests}
}

/** Counts how many requests are under way at once at each node: by the node they are about, whoever passes them on. */
export class RequestCounter {
  readonly most = new Map<string, number>()
  readonly #now = new Map<string, number>()

  /** Makes the request take a little, so that those that may be sent at once are. */
  watch({path}: SentRequest, hold: (() => Promise<void>) | undefined = undefined): Interruption {
    const node = /^\/nodes\/([^/]+)/.exec(path)?.[1] ?? 'the cluster'
    const now = (this.#now.get(node) ?? 0) + 1
    this.#now.set(node, now)
    this.most.set(node, Math.max(now, this.most.get(node) ?? 0))
    return {
      ...(hold !== undefined && {holdRequest: hold}),
      holdAnswer: async () => {
        await new Promise((resolve) => setTimeout(resolve, 2))
        this.#now.set(node, (this.#now.get(node) ?? 0) - 1)
      },
    }
  }
}
