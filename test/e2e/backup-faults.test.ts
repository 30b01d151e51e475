import {expect} from 'chai'

import {createServices} from '../../src/cli/services.js'
import {backupRunService} from '../../src/cli/wiring/backup.js'
import {systemClock} from '../../src/domain/clock.js'
import {Secret} from '../../src/domain/secret.js'
import {openConnection} from '../../src/proxmox/connection.js'
import type {BackupMade} from '../../src/services/backup-proof.js'
import {startCluster, type SentRequest, type TestCluster} from '../helpers/cluster.js'
import {clientOf} from '../helpers/simulator-client.js'

import type {Interruption} from '../../src/simulator/http/server.js'
import type {FailureKind} from '../../src/domain/failure.js'
import type {PveVersion} from '../../src/schema/schema.js'

/** Both on pve2, which shares the storages with pve1; the others are busy with something else. */
const GUESTS = {qemu: {vmid: 101, other: 103}, lxc: {vmid: 201, other: 103}} as const
type Kind = keyof typeof GUESTS

const isVzdump = ({method, path}: SentRequest): boolean => method === 'POST' && path.endsWith('/vzdump')
const isContent = ({method, path}: SentRequest): boolean => method === 'GET' && path.endsWith('/content')
const isStatus = ({method, path}: SentRequest): boolean =>
  method === 'GET' && path.includes('vzdump') && path.endsWith('/status')
const JSON_TYPE = 'application/json;charset=UTF-8'

/** What goes wrong, and what may come of it: `made` is a success, else the kind of the failure. */
interface Trouble {
  readonly name: string
  readonly expected: FailureKind | 'made'
  /** How many new backups there are then. */
  readonly backups: 0 | 1
  /** Tasks of the guest at the end. */
  readonly tasks?: number
  /** The task ended with warnings, or failed after the backup was complete. */
  readonly outcome?: 'warnings'
  arrange(scene: Scene): Promise<void> | void
}

class Scene {
  constructor(
    readonly cluster: TestCluster,
    readonly kind: Kind,
    readonly storage: string,
  ) {}

  get world() {
    return this.cluster.simulator.world
  }

  get guest() {
    return GUESTS[this.kind]
  }

  /** Does something to the first requests of a kind, or beside them. */
  meddle(matches: (request: SentRequest) => boolean, interruption: () => Interruption | undefined, times = 1): void {
    let left = times
    this.cluster.meddle = (request) => (matches(request) && left-- > 0 ? interruption() : undefined)
  }

  move(): void {
    this.world.store.of('guests').update(this.guest.vmid, {node: 'pve1'})
  }

  tasks(vmid: number = this.guest.vmid) {
    return [...this.world.store.of('tasks').values()].filter(({id, type}) => type === 'vzdump' && id === String(vmid))
  }

  backups() {
    return [...this.world.store.of('volumes').values()].filter(
      ({content, vmid}) => content === 'backup' && vmid === this.guest.vmid,
    )
  }

  /** Another backup that keeps the node busy until `done` is called. */
  async occupy(): Promise<() => void> {
    await this.cluster.simulator.faults.add({kind: 'task-hang', type: 'vzdump', vmid: this.guest.other})
    await this.begin(this.guest.other, 'nas')
    return () => {
      const [task] = this.tasks(this.guest.other)
      this.world.tasks.stop(task!.upid)
    }
  }

  /** Somebody else begins a backup. */
  async begin(vmid: number, storage: string): Promise<void> {
    const {status} = await clientOf(this.cluster.simulator).ask('POST', '/nodes/pve2/vzdump', {
      vmid: String(vmid),
      storage,
    })
    expect(status).to.equal(200)
  }

  /** As soon as the guest's own task is there. */
  async once(act: () => Promise<void> | void): Promise<void> {
    while (this.tasks().length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await act()
  }

  fault(fault: Parameters<TestCluster['simulator']['faults']['add']>[0]) {
    return this.cluster.simulator.faults.add(fault)
  }
}

const VZDUMP = {method: 'POST', path: '/nodes/*/vzdump'}

const TROUBLES: readonly Trouble[] = [
  {name: 'nothing', expected: 'made', backups: 1, tasks: 1, arrange: () => {}},
  {
    name: 'the guest moves before it is begun',
    expected: 'made',
    backups: 1,
    tasks: 1,
    arrange: (scene) =>
      scene.meddle(isVzdump, () => {
        scene.move()
        return undefined
      }),
  },
  {
    name: 'the guest moves while its task waits for another one',
    expected: 'made',
    backups: 1,
    tasks: 2,
    async arrange(scene) {
      const release = await scene.occupy()
      void scene.once(() => {
        scene.move()
        release()
      })
    },
  },
  {
    name: 'another backup holds the node for a while',
    expected: 'made',
    backups: 1,
    tasks: 1,
    async arrange(scene) {
      void scene.once(await scene.occupy())
    },
  },
  {
    name: 'the request is lost',
    expected: 'outcome-unknown',
    backups: 0,
    tasks: 0,
    arrange: async (scene) => void (await scene.fault({kind: 'drop', ...VZDUMP})),
  },
  {
    name: 'the answer is lost',
    expected: 'made',
    backups: 1,
    tasks: 1,
    arrange: async (scene) => void (await scene.fault({kind: 'drop', when: 'after', ...VZDUMP})),
  },
  {
    name: 'the answer is cut off',
    expected: 'made',
    backups: 1,
    tasks: 1,
    arrange: async (scene) => void (await scene.fault({kind: 'truncate', ...VZDUMP})),
  },
  {
    name: 'the proxy gives up waiting for the answer',
    expected: 'made',
    backups: 1,
    tasks: 1,
    arrange: async (scene) => void (await scene.fault({kind: 'fail', status: 596, when: 'after', ...VZDUMP})),
  },
  {
    name: 'the task is killed',
    expected: 'task-failed',
    backups: 0,
    tasks: 1,
    async arrange(scene) {
      await scene.fault({kind: 'task-hang', type: 'vzdump', vmid: scene.guest.vmid})
      void scene.once(() => scene.world.tasks.stop(scene.tasks()[0]!.upid))
    },
  },
  {
    name: 'the task fails',
    expected: 'task-failed',
    backups: 0,
    tasks: 1,
    arrange: async (scene) => void (await scene.fault({kind: 'task-fail', type: 'vzdump', text: 'disk read error'})),
  },
  {
    name: 'the storage fills up',
    expected: 'task-failed',
    backups: 0,
    tasks: 1,
    arrange: async (scene) => void (await scene.fault({kind: 'storage-full', storage: scene.storage, freeBytes: 1000})),
  },
  {
    name: 'the storage is full',
    expected: 'no-capacity',
    backups: 0,
    tasks: 0,
    async arrange(scene) {
      // What a backup server has left is known to itself alone.
      await scene.fault({kind: 'storage-full', storage: 'nas', freeBytes: 0})
    },
  },
  {
    name: 'OK without a task',
    expected: 'task-failed',
    backups: 0,
    tasks: 0,
    arrange: (scene) =>
      scene.meddle(isVzdump, () => ({
        answer: {status: 200, reason: 'OK', contentType: JSON_TYPE, body: '{"data":"OK"}'},
      })),
  },
  {
    name: 'the task is OK and the backup is not there',
    expected: 'task-failed',
    backups: 0,
    tasks: 1,
    arrange: (scene) =>
      scene.meddle(
        isContent,
        () => {
          for (const volume of scene.backups())
            scene.world.store.of('volumes').delete(`${volume.node ?? ''}/${volume.volid}`)
          return undefined
        },
        9,
      ),
  },
  {
    name: 'the task ends with warnings',
    expected: 'made',
    backups: 1,
    tasks: 1,
    outcome: 'warnings',
    arrange: async (scene) => void (await scene.fault({kind: 'task-warn', type: 'vzdump', text: 'mind the gap'})),
  },
  {
    name: 'the guest is locked by a backup that is over',
    expected: 'locked',
    backups: 0,
    tasks: 0,
    arrange: async (scene) => void (await scene.fault({kind: 'lock', vmid: scene.guest.vmid, lock: 'backup'})),
  },
  {
    name: 'nobody tells for a while how the task is',
    expected: 'made',
    backups: 1,
    tasks: 1,
    arrange: (scene) => scene.meddle(isStatus, () => ({drop: 'before'}), 3),
  },
  {
    name: 'the list of the storage fails after the backup',
    expected: 'outcome-unknown',
    backups: 1,
    tasks: 1,
    arrange(scene) {
      scene.cluster.meddle = (request) =>
        isContent(request) && scene.tasks().length > 0
          ? {answer: {status: 500, reason: 'connection timed out', contentType: JSON_TYPE, body: '{"data":null}'}}
          : undefined
    },
  },
  {
    name: 'the same backup was begun by somebody else',
    expected: 'made',
    backups: 1,
    tasks: 1,
    async arrange(scene) {
      const release = await scene.occupy()
      await scene.begin(scene.guest.vmid, scene.storage)
      // Once it is waited for.
      scene.meddle(isStatus, () => {
        release()
        return undefined
      })
    },
  },
  {
    name: 'the node loses its power',
    expected: 'outcome-unknown',
    backups: 0,
    tasks: 1,
    async arrange(scene) {
      await scene.fault({kind: 'task-hang', type: 'vzdump', vmid: scene.guest.vmid})
      void scene.once(() => scene.fault({kind: 'node-offline', node: 'pve2'}).then(() => undefined))
    },
  },
]

describe('backups while something goes wrong', () => {
  for (const [pveVersion, kind] of [
    ['9.2', 'qemu'],
    ['8.4', 'lxc'],
  ] as const satisfies readonly (readonly [PveVersion, Kind])[]) {
    describe(`${kind}, ${pveVersion}`, () => {
      let cluster: TestCluster

      before(async () => {
        cluster = await startCluster({pveVersion})
      })

      afterEach(async () => {
        cluster.meddle = undefined
        await cluster.simulator.faults.clear()
        await cluster.simulator.reset()
      })

      after(() => cluster.stop())

      for (const [index, trouble] of TROUBLES.entries()) {
        const storage = trouble.name !== 'the storage is full' && (index + (kind === 'lxc' ? 1 : 0)) % 2 ? 'pbs' : 'nas'
        it(`tells the truth when ${trouble.name} (${storage})`, async () => {
          addBackupServer(cluster)
          const scene = new Scene(cluster, kind, storage)
          await trouble.arrange(scene)
          const result = await backUp(cluster, scene.guest.vmid, storage)
          const kindOfEnd = result.isOk() ? 'made' : result.error.kind
          expect(kindOfEnd, result.isErr() ? result.error.message : '').to.equal(trouble.expected)
          expect(scene.backups().length).to.equal(trouble.backups)
          if (trouble.tasks !== undefined) expect(scene.tasks().length).to.equal(trouble.tasks)
          if (result.isOk()) {
            const made = result.value as BackupMade
            expect(scene.backups().map(({volid}) => volid)).to.deep.equal([made.volume])
            expect(made.task.outcome).to.equal(trouble.outcome ?? 'ok')
          } else if (result.error.kind !== 'outcome-unknown') {
            expect(scene.backups()).to.deep.equal([])
          }
        })
      }
    })
  }

  it('makes one backup of two that are asked for at the same moment', async () => {
    const cluster = await startCluster({speed: 40})
    try {
      addBackupServer(cluster)
      const scene = new Scene(cluster, 'qemu', 'nas')
      const both = await Promise.all([backUp(cluster, 101, 'nas'), backUp(cluster, 101, 'nas')])
      const volumes = both.map((result) => (result._unsafeUnwrap() as BackupMade).volume)
      expect(new Set(volumes).size).to.equal(1)
      expect(scene.backups().length).to.equal(1)
    } finally {
      await cluster.stop()
    }
  })
})

function addBackupServer({simulator}: TestCluster): void {
  const storages = simulator.world.store.of('storages')
  const nas = storages.get('nas')!
  storages.put('pbs', {
    ...nas,
    storage: 'pbs',
    type: 'pbs',
    config: {storage: 'pbs', type: 'pbs', content: 'backup', server: '192.0.2.9', datastore: 'main', shared: 1},
  } as never)
}

/** With a connection of its own, as another process has it; waiting takes next to no time, but for what waits for a node. */
async function backUp(cluster: TestCluster, vmid: number, storage: string) {
  const {simulator} = cluster
  const connection = openConnection({
    endpoints: [simulator.url],
    trust: {kind: 'pin', fingerprint: simulator.fingerprint},
    credentials: {kind: 'token', id: simulator.tokenId, secret: new Secret(simulator.tokenSecret)},
  })
  try {
    const timing = {
      now: () => Date.now(),
      sleep: (milliseconds: number, signal?: AbortSignal) => systemClock.sleep(Math.min(milliseconds, 25), signal),
      random: Math.random,
    }
    const services = createServices(connection, timing)
    const service = backupRunService(services, 100)
    const guest = (await services.guests.find(undefined, String(vmid)))._unsafeUnwrap()
    return await service.run(guest, {mode: 'snapshot', storage}, {deadline: Date.now() + 15_000}, {wait: true})
  } finally {
    connection.close()
  }
}
