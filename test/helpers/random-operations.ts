import fc from 'fast-check'

import {routes} from '../../src/simulator/api/routes.js'
import {demo} from '../../src/simulator/fixtures/demo.js'
import {loadFixture} from '../../src/simulator/fixtures/load.js'
import {frontDoorChecks} from '../../src/simulator/front-door-checks.js'
import {PveError} from '../../src/simulator/kernel/pve-error.js'
import {ProxyError, Router} from '../../src/simulator/kernel/router.js'
import {openWorld, type World} from '../../src/simulator/kernel/world.js'
import {quorumGate, ringDelay} from '../../src/simulator/quorum/gate.js'
import {brokenAtRest, brokenInvariants} from './invariants.js'

import type {Schema} from '../../src/schema/schema.js'
import type {Fixture} from '../../src/simulator/fixtures/fixture.js'

const GIB = 1024 ** 3
const NODES = ['pve1', 'pve2', 'pve3']
const VMIDS = [100, 101, 102, 103, 200, 201, 202, 300, 301, 302, 9000, 9001, 9002]
const SNAPSHOTS = ['one', 'two']

/** A small cluster whose storages are soon full. */
const fixture: Fixture = {
  ...demo,
  storages: demo.storages!.map((storage) => ({
    ...storage,
    totalBytes: (storage.usedBytes ?? 0) + (storage.storage === 'local-lvm' ? 140 : 90) * GIB,
  })),
}

/** Something that happens to the cluster. */
export type Operation =
  | {readonly kind: 'advance'; readonly seconds: number}
  | {readonly kind: 'boot' | 'cut' | 'join' | 'kill'; readonly node: string}
  /** A call about a guest, on the node it is on. */
  | {readonly kind: 'guest'; readonly vmid: number; readonly call: GuestCall}
  /** A call that names its node, right or wrong. */
  | {readonly kind: 'node'; readonly node: string; readonly call: NodeCall}
  | {readonly kind: 'stop-task'; readonly which: number}
  | {readonly kind: 'task-fault'; readonly fault: 'fail' | 'warn'}

interface GuestCall {
  readonly method: 'DELETE' | 'POST' | 'PUT'
  /** Below the guest. */
  readonly path: string
  readonly params: Readonly<Record<string, number | string>>
}

interface NodeCall {
  readonly path: string
  readonly params: Readonly<Record<string, number | string>>
}

const vmid = fc.constantFrom(...VMIDS)
const node = fc.constantFrom(...NODES)
const storage = fc.constantFrom('local-lvm', 'nas')
const flag = fc.constantFrom(0, 1)
const snapname = fc.constantFrom(...SNAPSHOTS)

const guestCall = fc.oneof(
  fc.record({
    method: fc.constant('POST' as const),
    path: fc.constantFrom('status/start', 'status/stop', 'status/shutdown', 'status/resume', 'template'),
    params: fc.constant({}),
  }),
  fc.record({
    method: fc.constant('POST' as const),
    path: fc.constant('status/suspend'),
    params: fc.record({todisk: flag}),
  }),
  fc.record({
    method: fc.constant('POST' as const),
    path: fc.constant('clone'),
    params: fc.record({newid: vmid, target: node, full: flag, storage}, {requiredKeys: ['newid']}),
  }),
  fc.record({method: fc.constant('DELETE' as const), path: fc.constant(''), params: fc.record({purge: flag})}),
  fc.record({method: fc.constant('POST' as const), path: fc.constant('snapshot'), params: fc.record({snapname})}),
  fc.record({
    method: fc.constantFrom('POST' as const, 'DELETE' as const),
    path: fc.constantFrom(...SNAPSHOTS.flatMap((name) => [`snapshot/${name}/rollback`, `snapshot/${name}`])),
    params: fc.constant({}),
  }),
  fc.record({
    method: fc.constant('PUT' as const),
    path: fc.constant('resize'),
    params: fc.record({disk: fc.constantFrom('scsi0', 'rootfs'), size: fc.constantFrom('+1G', '+30G', '1G')}),
  }),
  fc.record({
    method: fc.constantFrom('PUT' as const, 'POST' as const),
    path: fc.constant('config'),
    params: fc.oneof(
      fc.record({scsi1: fc.constantFrom('local-lvm:4', 'nas:20', 'local-lvm:200')}),
      fc.record({mp0: fc.constantFrom('local-lvm:4,mp=/data', 'nas:20,mp=/data')}),
      fc.record({delete: fc.constantFrom('scsi1', 'mp0', 'unused0', 'scsi0'), force: flag}),
      fc.record({description: fc.constantFrom('a', 'b')}),
    ),
  }),
  fc.record({
    method: fc.constant('POST' as const),
    path: fc.constant('move_disk'),
    params: fc.record({disk: fc.constantFrom('scsi0', 'scsi1'), storage, delete: flag}),
  }),
  fc.record({
    method: fc.constant('POST' as const),
    path: fc.constant('move_volume'),
    params: fc.record({volume: fc.constantFrom('rootfs', 'mp0'), storage, delete: flag}),
  }),
  fc.record({
    method: fc.constant('POST' as const),
    path: fc.constant('migrate'),
    params: fc.record(
      {
        target: node,
        online: flag,
        restart: flag,
        'with-local-disks': flag,
        targetstorage: storage,
        'target-storage': storage,
      },
      {requiredKeys: ['target']},
    ),
  }),
)

const nodeCall = fc.oneof(
  fc.record({
    path: fc.constant('qemu'),
    params: fc.record(
      {vmid, scsi0: fc.constantFrom('local-lvm:8', 'nas:8', 'local-lvm:120'), memory: fc.constant('512'), start: flag},
      {requiredKeys: ['vmid']},
    ),
  }),
  fc.record({
    path: fc.constant('lxc'),
    params: fc.record({
      vmid,
      ostemplate: fc.constant('local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst'),
      rootfs: fc.constantFrom('local-lvm:8', 'nas:100'),
      start: flag,
    }),
  }),
  fc.record({
    path: fc.constant('vzdump'),
    params: fc.record({vmid, storage: fc.constantFrom('local', 'nas'), mode: fc.constantFrom('snapshot', 'stop')}),
  }),
)

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {weight: 12, arbitrary: fc.record({kind: fc.constant('guest' as const), vmid, call: guestCall})},
  {weight: 5, arbitrary: fc.record({kind: fc.constant('node' as const), node, call: nodeCall})},
  {
    weight: 6,
    arbitrary: fc.record({kind: fc.constant('advance' as const), seconds: fc.constantFrom(0, 1, 3, 20, 400)}),
  },
  {weight: 1, arbitrary: fc.record({kind: fc.constantFrom('boot' as const, 'cut', 'join', 'kill'), node})},
  {weight: 1, arbitrary: fc.record({kind: fc.constant('stop-task' as const), which: fc.nat(9)})},
  {
    weight: 1,
    arbitrary: fc.record({kind: fc.constant('task-fault' as const), fault: fc.constantFrom('fail' as const, 'warn')}),
  },
)

/** Random histories of a cluster. */
export const operations: fc.Arbitrary<Operation[]> = fc.array(operation, {minLength: 1, maxLength: 60, size: 'max'})

/**
 * Lets a history happen to a fresh cluster in memory, then gives everything the time to end.
 * @returns what was broken after the first step that broke something
 */
export async function live(schema: Schema, history: readonly Operation[]): Promise<string[]> {
  const world = openWorld(schema, {kind: 'stepped'})
  loadFixture(world, 'random', fixture)
  const router = new Router(routes, frontDoorChecks, {before: quorumGate, delay: ringDelay})
  const bugs: string[] = []
  try {
    for (const [step, each] of history.entries()) {
      perform(world, router, each, bugs)
      await world.clock.advance(each.kind === 'advance' ? each.seconds : 0)
      const broken = [...bugs, ...brokenInvariants(world)]
      if (broken.length > 0) return broken.map((line) => `after step ${step}: ${line}`)
    }

    world.tasks.fault = () => undefined
    for (const name of NODES) {
      if (world.node(name).power === 'off') world.bootNode(name)
      world.joinNode(name)
    }

    await world.clock.advance(48 * 3600)
    return [...bugs, ...brokenAtRest(world)].map((line) => `at rest: ${line}`)
  } finally {
    world.close()
  }
}

function perform(world: World, router: Router, operation: Operation, bugs: string[]): void {
  switch (operation.kind) {
    case 'advance': {
      break
    }

    case 'kill': {
      world.killNode(operation.node)
      break
    }

    case 'boot': {
      if (world.node(operation.node).power === 'off') world.bootNode(operation.node)
      break
    }

    case 'cut': {
      world.cutNode(operation.node)
      break
    }

    case 'join': {
      world.joinNode(operation.node)
      break
    }

    case 'stop-task': {
      const running = [...world.store.of('tasks').values()].filter(({upid}) => world.tasks.isRunning(upid))
      const task = running[operation.which % Math.max(1, running.length)]
      if (task) world.tasks.stop(task.upid)
      break
    }

    case 'task-fault': {
      world.tasks.fault = () => {
        world.tasks.fault = () => undefined
        return {kind: operation.fault, text: 'on purpose'}
      }

      break
    }

    case 'guest': {
      const guest = world.store.of('guests').get(operation.vmid)
      if (!guest) break
      const {method, path, params} = operation.call
      send(world, router, {method, path: `/nodes/${guest.node}/${guest.type}/${guest.vmid}/${path}`, params}, bugs)
      break
    }

    case 'node': {
      const {path, params} = operation.call
      send(world, router, {method: 'POST', path: `/nodes/${operation.node}/${path}`, params}, bugs)
      break
    }
  }
}

/** Asks the first node that has power; refusals are part of life, anything else is a bug. */
function send(
  world: World,
  router: Router,
  request: {method: string; path: string; params: Readonly<Record<string, number | string>>},
  bugs: string[],
): void {
  const via = world.members().find(({power}) => power === 'on')?.node
  if (via === undefined) return
  const note = (error: unknown): void => {
    if (!(error instanceof PveError) && !(error instanceof ProxyError))
      bugs.push(`${request.method} ${request.path} ${JSON.stringify(request.params)}: ${(error as Error).stack}`)
  }

  try {
    const result = router.handle(world, {...request, user: 'root@pam', via})
    if (result instanceof Promise) result.catch(note)
  } catch (error) {
    note(error)
  }
}
