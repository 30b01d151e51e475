import type {ResultAsync} from 'neverthrow'
import type {ClusterLogEntry, HaStatus} from '../domain/cluster-health.js'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, record, records, type Fields} from './reply.js'

const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']

/** What the cluster keeps for itself: `/cluster/log`, `/cluster/options`, `/cluster/ha/status`, `/cluster/ceph`. */
export class ClusterInfoRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** Newest first; without Sys.Syslog on `/` only what is about the caller. `GET /cluster/log` */
  log(limit: number): ResultAsync<ClusterLogEntry[], Failure> {
    return ask('read the cluster log', () => this.connection.api.cluster.log.$get({max: limit}), records).map((rows) =>
      rows.map((row) => ({
        time: new Date((asNumber(row.time) ?? 0) * 1000).toISOString(),
        node: asText(row.node) ?? '',
        user: asText(row.user) ?? '',
        service: asText(row.tag) ?? '',
        severity: SEVERITIES[asNumber(row.pri) ?? 6] ?? 'info',
        message: asText(row.msg) ?? '',
      })),
    )
  }

  /** The datacenter's options, as Proxmox VE names them; `GET /cluster/options`. */
  options(): ResultAsync<Fields, Failure> {
    return ask('read the datacenter options', () => this.connection.api.cluster.options.$get(), record)
  }

  /** `GET /cluster/ha/status/current` (needs Sys.Audit on `/`). */
  ha(): ResultAsync<HaStatus, Failure> {
    return ask(
      'read the state of high availability',
      () => this.connection.api.cluster.ha.status.current.$get(),
      records,
    ).map((rows) => {
      const master = asText(rows.find((row) => row.type === 'master')?.node)
      return {
        quorate: asFlag(rows.find((row) => row.type === 'quorum')?.quorate),
        ...(master !== undefined && {master}),
        services: rows
          .filter((row) => row.type === 'service')
          .map((row) => ({
            id: asText(row.sid) ?? '',
            node: asText(row.node) ?? '',
            state: asText(row.state) ?? asText(row.crm_state) ?? 'unknown',
          })),
      }
    })
  }

  /** `HEALTH_OK` and the like; a failure where Ceph is not installed. `GET /cluster/ceph/status` */
  cephHealth(): ResultAsync<string | undefined, Failure> {
    return ask('read the state of Ceph', () => this.connection.api.cluster.ceph.status.$get(), record).map((row) =>
      asText(present((row.health ?? {}) as Fields).status),
    )
  }
}
