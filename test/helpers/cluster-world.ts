import {routes} from '../../src/simulator/api/routes.js'
import {findFixture, loadFixture} from '../../src/simulator/fixtures/load.js'
import {frontDoorChecks} from '../../src/simulator/front-door-checks.js'
import {startHighAvailability} from '../../src/simulator/ha/start.js'
import {PveError} from '../../src/simulator/kernel/pve-error.js'
import {ProxyError, Router} from '../../src/simulator/kernel/router.js'
import {openWorld, type World} from '../../src/simulator/kernel/world.js'
import {quorumGate, ringDelay} from '../../src/simulator/quorum/gate.js'
import {loadSchema} from '../../src/schema/schema.js'

import type {Answer} from './api-world.js'

export type Params = Readonly<Record<string, number | string>>

/** Which node is asked, and by whom; by default n1 by root's token. */
export interface Asked {
  readonly via?: string
  readonly user?: string
}

/** Three nodes n1, n2, n3 without guests; time passes only when a test says so or a call has to wait. */
export interface Cluster {
  readonly world: World
  /** The answer's `data`; throws what the call ends with. */
  call(request: string, params?: Params, asked?: Asked): Promise<Answer>
  /**
   * How a call ends: `200 …` with the data as JSON, `task: …` with the exit status of the task it started, or status, text and errors. Lets time pass until
   * then.
   */
  outcome(request: string, params?: Params, asked?: Asked): Promise<string>
  /** Virtual seconds the last call needed, without its task. */
  took(): number
  /** The log of the last task. */
  log(): readonly string[]
  /** Makes guests and waits for them: throws where that fails. */
  make(...guests: readonly [string, Params][]): Promise<void>
  close(): void
}

export const TEMPLATE = 'shared:vztmpl/alpine-3.19-busybox_20240101_amd64.tar.gz'
const TURN_SECONDS = 0.1
const MOST_TURNS = 4000

export function openCluster(): Cluster {
  const world = openWorld(loadSchema('8.4'), {kind: 'stepped'})
  loadFixture(world, 'recorded-cluster', findFixture('recorded-cluster'))
  for (const node of world.store.of('nodes').keys()) world.fingerprints.set(node, 'AA:BB')
  startHighAvailability(world, routes)
  const router = new Router(routes, frontDoorChecks, {before: quorumGate, delay: ringDelay})
  let last = ''
  let seconds = 0

  const passUntil = async (isOver: () => boolean): Promise<void> => {
    for (let turn = 0; turn < MOST_TURNS && !isOver(); turn++) await world.clock.advance(TURN_SECONDS)
    if (!isOver()) throw new Error('it takes too long')
  }

  const cluster: Cluster = {
    world,
    async call(request, params = {}, {via = 'n1', user = 'root@pam!t1'} = {}) {
      const [method = '', path = ''] = request.split(' ')
      const result = await router.handle(world, {method, path, params, user, via})
      return 'data' in result ? result.data : result.text
    },
    async outcome(request, params, asked) {
      const began = world.clock.nowMs()
      let text: string | undefined
      void cluster.call(request, params, asked).then(
        (data: unknown) => {
          text = `200 ${JSON.stringify(data)}`
        },
        (error: unknown) => {
          text = errorText(error)
        },
      )
      await new Promise(setImmediate)
      await passUntil(() => text !== undefined)
      seconds = (world.clock.nowMs() - began) / 1000
      const upid = /^200 "(UPID:.*)"$/.exec(text!)?.[1]
      if (upid === undefined) return text!
      last = upid
      await passUntil(() => world.tasks.get(upid)?.status !== undefined)
      return `task: ${world.tasks.get(upid)!.status}`
    },
    took: () => Math.round(seconds * 10) / 10,
    log: () => world.tasks.log(last) ?? [],
    async make(...guests) {
      for (const [request, params] of guests) {
        const [node, type] = request.split(' ')
        const isContainer = type === 'lxc'
        const outcome = await cluster.outcome(
          `POST /nodes/${node}/${type}`,
          {...(isContainer ? {ostemplate: TEMPLATE, rootfs: 'shared:1', swap: 0} : {}), memory: 64, ...params},
          {user: 'root@pam'},
        )
        if (outcome !== 'task: OK') throw new Error(`${request}: ${outcome}`)
      }
    },
    close: () => world.close(),
  }
  return cluster
}

function errorText(error: unknown): string {
  if (error instanceof ProxyError) return `${error.status} ${error.reason}`
  if (!(error instanceof PveError)) return String(error)
  const errors = Object.entries(error.errors ?? {}).map(([key, text]) => `${key}: ${text.trim()}`)
  return [`${error.status} ${error.message.trim()}`, ...errors].join(' | ')
}
