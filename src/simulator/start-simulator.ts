import {join} from 'node:path'

import {loadSchema, type PveVersion} from '../schema/schema.js'
import {routes} from './api/routes.js'
import {startBackupScheduler} from './backup/scheduler.js'
import {Faults} from './faults/faults.js'
import {findFixture, loadFixture} from './fixtures/load.js'
import {frontDoorChecks} from './front-door-checks.js'
import {startHighAvailability} from './ha/start.js'
import {type Certificate, loadCertificate, makeCertificate} from './http/certificate.js'
import {type Interference, type InterferedRequest, type Interruption, NodeServer} from './http/server.js'
import {Router} from './kernel/router.js'
import {openWorld, type World} from './kernel/world.js'
import {quorumGate, ringDelay} from './quorum/gate.js'

import type {ClockMode} from './kernel/clock.js'
import type {NodeRecord} from './kernel/state.js'
import type {Fixture} from './fixtures/fixture.js'

export interface SimulatorOptions {
  /** Shown, nothing else. */
  readonly name?: string
  /** `demo`, `recorded`, `recorded-offline-nodes`, `recorded-cluster`, `empty`, a JSON file, or the data itself. */
  readonly fixture?: Fixture | string
  readonly pveVersion?: '8.4' | '9.2'
  /** Virtual seconds per second, `instant`, or `stepped` (time moves by `advance` alone). Default 1. */
  readonly speed?: number | 'instant' | 'stepped'
  /** Port of the first node; 0 picks a free one. */
  readonly port?: number
  /** Nodes that have just lost their power. */
  readonly offline?: readonly string[]
  /** Keeps the state in this directory and goes on from what it holds; absent: in memory. */
  readonly directory?: string
  /** Ports of a former run, by node. */
  readonly ports?: Readonly<Record<string, number>>
  readonly interference?: Interference
}

/** A running simulated cluster. */
export interface Simulator {
  readonly name: string
  /** Of the first node. */
  readonly url: string
  /** By node name; nodes without power have none. */
  readonly urls: Readonly<Record<string, string>>
  /** SHA-256 of the first node's certificate. */
  readonly fingerprint: string
  readonly fingerprints: Readonly<Record<string, string>>
  /** A token of the fixture that may do everything. */
  readonly tokenId: string
  readonly tokenSecret: string
  /** The state was that of a former run. */
  readonly resumed: boolean
  readonly world: World
  readonly router: Router
  /** What goes wrong on purpose. */
  readonly faults: Faults
  /** Goes back to a fixture (default: the one it started with), without faults; address, certificate and process stay. */
  reset(fixture?: Fixture | string): Promise<void>
  /** Lets virtual seconds pass at once. */
  advance(seconds: number): Promise<void>
  /** The node loses its power: its server is gone, its guests' figures grow old. */
  powerOff(node: string): Promise<void>
  /** The node boots and answers again. */
  powerOn(node: string): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts a simulated Proxmox VE cluster in this process, on loopback addresses only.
 * @throws Error for an unknown fixture, a broken state directory, or a port in use
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new RunningSimulator(options)
  await simulator.start()
  return simulator
}

function clockMode(speed: SimulatorOptions['speed'] = 1): ClockMode {
  return typeof speed === 'number' ? {kind: 'scaled', factor: speed} : {kind: speed}
}

class RunningSimulator implements Simulator {
  readonly name: string
  readonly world: World
  readonly router = new Router(routes, frontDoorChecks, {before: quorumGate, delay: ringDelay})
  readonly resumed: boolean
  readonly faults: Faults
  tokenId = ''
  tokenSecret = ''
  private fixture: Fixture | string
  private readonly servers = new Map<string, NodeServer>()
  private readonly ports = new Map<string, number>()
  private readonly certificates = new Map<string, Certificate>()

  constructor(private readonly options: SimulatorOptions) {
    this.name = options.name ?? 'simulator'
    this.fixture = options.fixture ?? 'demo'
    const version: PveVersion = options.pveVersion ?? '8.4'
    const directory = options.directory === undefined ? undefined : join(options.directory, 'state')
    this.world = openWorld(loadSchema(version), clockMode(options.speed), directory)
    this.resumed = this.world.store.of('meta').has('world')
    if (!this.resumed) this.world.restart()
    for (const [node, port] of Object.entries(options.ports ?? {})) this.ports.set(node, port)
    this.faults = new Faults({
      world: this.world,
      powerOff: (node) => this.powerOff(node),
      powerOn: (node) => this.powerOn(node),
      stopApi: (node) => this.closeServer(node),
      startApi: () => this.openServers(),
      changeCertificate: async (node) => this.present(node, await makeCertificate(node)),
      restoreCertificate: (node) => this.present(node, this.certificates.get(node)),
    })
  }

  get url(): string {
    return this.first().url
  }

  get urls(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.servers].map(([node, server]) => [node, server.url]))
  }

  get fingerprint(): string {
    return this.fingerprints[this.first().node]!
  }

  get fingerprints(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.world.fingerprints)
  }

  async start(): Promise<void> {
    const fixture = typeof this.fixture === 'string' ? findFixture(this.fixture) : this.fixture
    this.chooseToken(fixture)
    if (this.resumed) {
      this.world.resume()
      startHighAvailability(this.world, routes)
      startBackupScheduler(this.world)
    } else this.load(fixture, this.options.offline)
    await this.openServers()
    await this.faults.recover()
  }

  async reset(fixture: Fixture | string = this.fixture): Promise<void> {
    const data = typeof fixture === 'string' ? findFixture(fixture) : fixture
    // a fixture with a mistake must not cost the cluster that runs
    loadFixture(openWorld(this.world.schema, {kind: 'stepped'}), 'check', data)
    this.fixture = fixture
    await this.faults.clear()
    const main = this.first()
    const others = [...this.servers.values()].filter((server) => server !== main)
    this.world.restart()
    this.load(data)
    this.chooseToken(data)
    const alive = [...this.world.store.of('nodes').values()].filter((node) => node.power === 'on').map(({node}) => node)
    for (const server of others)
      if (!alive.includes(server.node) || server.node === alive[0]) await this.closeServer(server.node)
    // the main address stays, with its certificate, whatever its node is called now
    this.servers.delete(main.node)
    const rest = [...this.servers]
    this.servers.clear()
    main.node = alive[0] ?? main.node
    this.servers.set(main.node, main)
    for (const [node, server] of rest) this.servers.set(node, server)
    await this.openServers()
  }

  advance(seconds: number): Promise<void> {
    return this.world.clock.advance(seconds)
  }

  async powerOff(node: string): Promise<void> {
    this.world.killNode(node)
    this.world.store.flush()
    await this.closeServer(node)
  }

  async powerOn(node: string): Promise<void> {
    this.world.bootNode(node)
    this.world.store.flush()
    await this.openServers()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()))
    this.servers.clear()
    this.world.close()
  }

  private load(fixture: Fixture, offline: readonly string[] = []): void {
    const name = typeof this.fixture === 'string' ? this.fixture : 'custom'
    loadFixture(this.world, name, fixture, {offline})
    startHighAvailability(this.world, routes)
    startBackupScheduler(this.world)
    this.world.store.flush()
  }

  /** The strongest token of the fixture for whoever started this. */
  private chooseToken(fixture: Fixture): void {
    const token = fixture.tokens?.find(({privsep}) => privsep === 0) ?? fixture.tokens?.[0]
    this.tokenId = token?.tokenid ?? ''
    this.tokenSecret = token?.secret ?? ''
  }

  private first(): NodeServer {
    for (const node of this.world.store.of('nodes').keys()) {
      const server = this.servers.get(node)
      if (server) return server
    }

    throw new Error('the simulator is stopped')
  }

  private async certificate(node: string): Promise<Certificate> {
    let found = this.certificates.get(node)
    if (!found) this.certificates.set(node, (found = await loadCertificate(node, this.options.directory)))
    return found
  }

  /** Listens for every node that has power and no server yet. */
  private async openServers(): Promise<void> {
    const nodes = [...this.world.store.of('nodes').values()]
    for (const node of nodes) {
      const server = this.servers.get(node.node)
      const {fingerprint, cert} = server?.certificate ?? (await this.certificate(node.node))
      this.world.fingerprints.set(node.node, fingerprint)
      this.world.certificates.set(node.node, cert)
    }

    for (const node of nodes) if (node.power === 'on' && !this.servers.has(node.node)) await this.openServer(node)
  }

  private async openServer(node: NodeRecord): Promise<void> {
    const certificate = await this.certificate(node.node)
    const isFirst = this.servers.size === 0
    const mainPort = isFirst ? (this.options.port ?? 0) : this.first().port
    const own = /^127\./.test(node.ip) ? node.ip : '127.0.0.1'
    const remembered = this.ports.get(node.node)
    // like a real cluster: every node on its own address at the same port, where the machine has these addresses
    const attempts = [
      ...(remembered === undefined ? [] : [{host: own, port: remembered}]),
      ...(own !== '127.0.0.1' || isFirst ? [{host: own, port: mainPort}] : []),
      ...(isFirst ? [] : [{host: '127.0.0.1', port: 0}]),
    ]
    let failure: unknown
    for (const {host, port} of attempts) {
      const server = new NodeServer({
        node: node.node,
        host,
        port,
        certificate,
        world: () => this.world,
        router: this.router,
        interference: {before: (request) => this.interrupt(request)},
      })
      try {
        await server.listen()
        this.servers.set(node.node, server)
        this.ports.set(node.node, server.port)
        return
      } catch (error) {
        failure = error
      }
    }

    throw failure
  }

  /** What was handed in to meddle with requests goes first. */
  private interrupt(request: InterferedRequest): Interruption | Promise<Interruption | undefined> | undefined {
    const interruption = this.options.interference?.before?.(request)
    if (interruption instanceof Promise) return interruption.then((found) => found ?? this.faults.interrupt(request))
    return interruption ?? this.faults.interrupt(request)
  }

  private present(node: string, certificate: Certificate | undefined): void {
    if (!certificate) return
    this.servers.get(node)?.setCertificate(certificate)
    this.world.fingerprints.set(node, certificate.fingerprint)
  }

  private async closeServer(node: string): Promise<void> {
    await this.servers.get(node)?.close()
    this.servers.delete(node)
  }
}
