import type {Interruption} from '../../src/simulator/http/server.js'
import {startSimulator, type Simulator, type SimulatorOptions} from '../../src/simulator/start-simulator.js'
import {createServices, type Services} from '../../src/cli/services.js'
import {systemClock} from '../../src/domain/clock.js'
import {Secret} from '../../src/domain/secret.js'
import {openConnection} from '../../src/proxmox/connection.js'
import {runCommand, type RunOptions, type RunningCommand} from './run-command.js'

export interface SentRequest {
  readonly method: string
  /** Below `/api2/json`, with the query. */
  readonly path: string
}

/** What to do to a request instead of passing it on; undefined lets it through. */
export type Meddle = (request: SentRequest) => Interruption | undefined

/** A simulated cluster over real HTTPS, and commands that talk to it. */
export interface TestCluster {
  readonly simulator: Simulator
  /** The environment that points a command at it. */
  readonly env: Readonly<Record<string, string>>
  /** Every request that has arrived, in order. */
  readonly requests: SentRequest[]
  /** Set to break requests. */
  meddle: Meddle | undefined
  run(argv: readonly string[], options?: RunOptions): RunningCommand
  stop(): Promise<void>
}

export async function startCluster(options: SimulatorOptions = {}): Promise<TestCluster> {
  const requests: SentRequest[] = []
  const cluster = {requests, meddle: undefined as Meddle | undefined}
  const simulator = await startSimulator({
    fixture: 'demo',
    speed: 'instant',
    ...options,
    interference: {
      before({method, path}) {
        const request = {method, path: path.replace(/^\/api2\/json/, '')}
        requests.push(request)
        return cluster.meddle?.(request)
      },
    },
  })
  const env = {
    HOMELAB_ENDPOINTS: simulator.url,
    HOMELAB_FINGERPRINT: simulator.fingerprint,
    HOMELAB_TOKEN_ID: simulator.tokenId,
    HOMELAB_TOKEN_SECRET: simulator.tokenSecret,
  }
  return Object.assign(cluster, {
    simulator,
    env,
    run: (argv: readonly string[], run: RunOptions = {}) => runCommand(argv, {...run, env: {...env, ...run.env}}),
    stop: () => simulator.stop(),
  })
}

/** The services of a process of its own: with its own connection. */
export function servicesFor({simulator}: TestCluster): Services {
  const connection = openConnection({
    endpoints: [simulator.url],
    trust: {kind: 'pin', fingerprint: simulator.fingerprint},
    credentials: {kind: 'token', id: simulator.tokenId, secret: new Secret(simulator.tokenSecret)},
  })
  return createServices(connection, {...systemClock, random: Math.random})
}
