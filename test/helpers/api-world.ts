import {routes} from '../../src/simulator/api/routes.js'
import {findFixture, loadFixture} from '../../src/simulator/fixtures/load.js'
import {frontDoorChecks} from '../../src/simulator/front-door-checks.js'
import {PveError} from '../../src/simulator/kernel/pve-error.js'
import {Router} from '../../src/simulator/kernel/router.js'
import {quorumGate, ringDelay} from '../../src/simulator/quorum/gate.js'
import {openWorld, type World} from '../../src/simulator/kernel/world.js'
import {loadSchema, type PveVersion} from '../../src/schema/schema.js'

export type Answer = ReturnType<typeof JSON.parse>

/** A simulated cluster without any network: calls go straight to its handlers. */
export interface ApiWorld {
  readonly world: World
  /** The answer's `data`; throws the PveError. */
  call(method: string, path: string, params?: Readonly<Record<string, number | string>>): Promise<Answer>
  /** The text of the error a call ends with, and of its parameters if there are any. */
  failure(method: string, path: string, params?: Readonly<Record<string, number | string>>): Promise<string>
  /** Starts a task and waits for it: its exit status. */
  task(method: string, path: string, params?: Readonly<Record<string, number | string>>): Promise<string>
  /** The log of the last task. */
  log(): readonly string[]
  close(): void
}

/** Opens a world from a fixture; everything that takes time happens at once. */
export function openApiWorld(
  fixture: string,
  {version = '8.4', user = 'root@pam!t1', via}: {version?: PveVersion; user?: string; via?: string} = {},
): ApiWorld {
  const world = openWorld(loadSchema(version), {kind: 'instant'})
  loadFixture(world, fixture, findFixture(fixture))
  const router = new Router(routes, frontDoorChecks, {before: quorumGate, delay: ringDelay})
  const node = via ?? [...world.store.of('nodes').keys()][0]!
  let last = ''
  const api: ApiWorld = {
    world,
    async call(method, path, params = {}) {
      const result = await router.handle(world, {method, path, params, user, via: node})
      return 'data' in result ? result.data : result.text
    },
    async failure(method, path, params) {
      try {
        await api.call(method, path, params)
      } catch (error) {
        if (!(error instanceof PveError)) throw error
        return [String(error.status), error.message, ...Object.entries(error.errors ?? {}).flat()].join(' ')
      }

      return 'no failure'
    },
    async task(method, path, params) {
      last = String(await api.call(method, path, params))
      await world.tasks.ended(last)
      return world.tasks.get(last)?.status ?? 'no such task'
    },
    log: () => world.tasks.log(last) ?? [],
    close: () => world.close(),
  }
  return api
}
