import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {deviceVotes, type QuorumDevice} from '../domain/vote-count.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asNumber, asText, present, record, records, type Fields} from './reply.js'

/** What a node says of itself. */
export interface NodeFigures {
  readonly version?: string
  readonly loadAverage?: readonly number[]
}

/** Single nodes: `/nodes/{node}/…`, and their votes. */
export class NodeRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET /nodes/{node}/status` (needs Sys.Audit on the node). */
  status(node: string): ResultAsync<NodeFigures, Failure> {
    return ask(`read the status of node ${node}`, () => this.connection.api.nodes.$(node).status.$get(), record).map(
      (row) => {
        // `pve-manager/8.4.1/2a5fa54a8503f96d`
        const version = asText(row.pveversion)?.split('/')[1]
        const load = Array.isArray(row.loadavg) ? row.loadavg.flatMap((value) => asNumber(value) ?? []) : []
        return {...(version !== undefined && {version}), ...(load.length > 0 && {loadAverage: load})}
      },
    )
  }

  /** The node's own file system, where uploads wait for being copied; `GET /nodes/{node}/status` (needs Sys.Audit on the node). */
  rootSpace(node: string): ResultAsync<{readonly totalBytes?: number; readonly freeBytes?: number}, Failure> {
    return ask(`read the status of node ${node}`, () => this.connection.api.nodes.$(node).status.$get(), record).map(
      ({rootfs}) => {
        const {avail, total} = (typeof rootfs === 'object' && rootfs !== null ? rootfs : {}) as Fields
        return present({totalBytes: asNumber(total), freeBytes: asNumber(avail)})
      },
    )
  }

  /** Votes of each member; `GET /cluster/config/nodes` (needs Sys.Audit on `/`). */
  votes(): ResultAsync<Map<string, number>, Failure> {
    return ask('read the cluster configuration', () => this.connection.api.cluster.config.nodes.$get(), records).map(
      (rows) =>
        new Map(rows.map((row) => [asText(row.node) ?? asText(row.name) ?? '', asNumber(row.quorum_votes) ?? 1])),
    )
  }

  /**
   * The quorum device; undefined without one. `GET /cluster/config/qdevice` (needs Sys.Audit on `/`)
   * @param nodes how many the cluster has
   */
  quorumDevice(nodes: number): ResultAsync<QuorumDevice | undefined, Failure> {
    return ask('read the quorum device', () => this.connection.api.cluster.config.qdevice.$get(), record).map((row) => {
      const host = asText(row['QNetd host'])
      const algorithm = asText(row['Algorithm'])
      const state = asText(row['State'])
      if (state === undefined && host === undefined && algorithm === undefined) return undefined
      return {
        ...(host !== undefined && {host}),
        ...(algorithm !== undefined && {algorithm}),
        state: state ?? 'unknown',
        connected: state === 'Connected',
        votes: deviceVotes(algorithm, nodes),
      }
    })
  }

  /** The zone of a node's clock, `Europe/Berlin`; `GET /nodes/{node}/time` (needs Sys.Audit on the node). */
  timeZone(node: string): ResultAsync<string | undefined, Failure> {
    return ask(`read the time of node ${node}`, () => this.connection.api.nodes.$(node).time.$get(), record).map(
      (row) => asText(row.timezone),
    )
  }

  /**
   * What guests' NICs can be connected to: bridges, and virtual networks as far as the caller may use them; `GET /nodes/{node}/network`. Empty where none may
   * be seen.
   */
  bridges(node: string): ResultAsync<string[], Failure> {
    return ask(
      `list the bridges of node ${node}`,
      () => this.connection.api.nodes.$(node).network.$get({type: 'any_bridge'}),
      records,
    ).map((rows) => rows.flatMap((row) => asText(row.iface) ?? []))
  }
}
