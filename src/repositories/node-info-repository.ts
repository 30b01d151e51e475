import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import type {HistorySpan} from '../domain/guest-now.js'
import type {
  NodeCertificate,
  NodeDetails,
  NodeService,
  NodeTime,
  NodeUpdate,
  NodeUsagePoint,
  Subscription,
} from '../domain/node-info.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, record, records, upidText, type Fields} from './reply.js'

const logLines = z.array(z.looseObject({t: z.string()}))

export interface SyslogFilter {
  readonly since?: string
  readonly until?: string
  readonly service?: string
  /** How many lines at most, from `start` on. */
  readonly limit: number
  readonly start: number
}

/** What a node tells about itself: `/nodes/{node}/…`; all of it needs Sys.Audit on the node, the log Sys.Syslog. */
export class NodeInfoRepository {
  constructor(private readonly connection: Pick<Connection, 'api' | 'request'>) {}

  /** `GET /nodes/{node}/status` */
  details(node: string): ResultAsync<NodeDetails, Failure> {
    return ask(`read the status of node ${node}`, () => this.at(node).status.$get(), record).map((row) =>
      detailsFrom(node, row),
    )
  }

  /** `GET /nodes/{node}/services` */
  services(node: string): ResultAsync<NodeService[], Failure> {
    return ask(`list the services of node ${node}`, () => this.at(node).services.$get(), records).map((rows) =>
      rows.map(
        (row) =>
          present({
            service: asText(row.service) ?? asText(row.name) ?? '',
            description: asText(row.desc),
            state: asText(row.state) ?? 'unknown',
            activeState: asText(row['active-state']),
            unitState: asText(row['unit-state']),
          }) as NodeService,
      ),
    )
  }

  /** `GET /nodes/{node}/syslog`; times are those of the node. */
  syslog(node: string, filter: SyslogFilter): ResultAsync<string[], Failure> {
    return ask(
      `read the system log of node ${node}`,
      () => this.at(node).syslog.$get(present({...filter})),
      logLines,
    ).map((lines) => lines.map(({t}) => t))
  }

  /** The last lines of the log; `GET /nodes/{node}/journal`, whose first and last line are cursors. */
  lastLog(node: string, lines: number): ResultAsync<string[], Failure> {
    return ask(
      `read the system log of node ${node}`,
      () => this.at(node).journal.$get({lastentries: lines}),
      z.array(z.string()),
    ).map((told) => told.slice(1, -1))
  }

  /** Packages that could be newer, as of the last look; `GET /nodes/{node}/apt/update` (needs Sys.Modify on the node). */
  updates(node: string): ResultAsync<NodeUpdate[], Failure> {
    return ask(`list the updates of node ${node}`, () => this.at(node).apt.update.$get(), records).map((rows) =>
      rows.map(
        (row) =>
          present({
            node,
            package: asText(row.Package) ?? '',
            title: asText(row.Title),
            installedVersion: asText(row.OldVersion),
            version: asText(row.Version) ?? '',
            origin: asText(row.Origin),
            section: asText(row.Section),
            priority: asText(row.Priority),
          }) as NodeUpdate,
      ),
    )
  }

  /** Looks for newer packages; the task is `aptupdate`. `POST /nodes/{node}/apt/update` */
  refreshUpdates(node: string): ResultAsync<string, Failure> {
    return ask(`look for updates on node ${node}`, () => this.at(node).apt.update.$post({}), upidText)
  }

  /** `GET /nodes/{node}/certificates/info` */
  certificates(node: string): ResultAsync<NodeCertificate[], Failure> {
    return ask(`list the certificates of node ${node}`, () => this.at(node).certificates.info.$get(), records).map(
      (rows) => rows.map((row) => certificateFrom(node, row)),
    )
  }

  /** `GET /nodes/{node}/time`; whole seconds. */
  time(node: string): ResultAsync<NodeTime, Failure> {
    return ask(`read the time of node ${node}`, () => this.at(node).time.$get(), record).map((row) => {
      const seconds = asNumber(row.time) ?? 0
      return {
        node,
        timezone: asText(row.timezone) ?? 'UTC',
        time: new Date(seconds * 1000).toISOString(),
        utcOffsetSeconds: (asNumber(row.localtime) ?? seconds) - seconds,
      }
    })
  }

  /** `GET /nodes/{node}/subscription`, open to every login. */
  subscription(node: string): ResultAsync<Subscription, Failure> {
    return ask(`read the subscription of node ${node}`, () => this.at(node).subscription.$get(), record).map(
      (row) =>
        present({
          node,
          status: asText(row.status) ?? 'unknown',
          level: asText(row.level),
          productName: asText(row.productname),
          message: asText(row.message),
          nextDueDate: asText(row.nextduedate),
          serverId: asText(row.serverid),
          sockets: asNumber(row.sockets),
        }) as Subscription,
    )
  }

  /** Averages, oldest first; a gap lacks its figures. `GET /nodes/{node}/rrddata` */
  history(node: string, span: HistorySpan): ResultAsync<NodeUsagePoint[], Failure> {
    return ask(
      `read the history of node ${node}`,
      () => this.at(node).rrddata.$get({timeframe: span, cf: 'AVERAGE'}),
      records,
    ).map((rows) =>
      rows
        .filter((row) => asNumber(row.time) !== undefined)
        .map((row) => pointFrom(row))
        .sort((a, b) => (a.time < b.time ? -1 : 1)),
    )
  }

  private at(node: string) {
    return this.connection.api.nodes.$(node)
  }
}

function detailsFrom(node: string, row: Fields): NodeDetails {
  const kernel = fieldsOf(row['current-kernel'])
  const cpu = fieldsOf(row.cpuinfo)
  const memory = fieldsOf(row.memory)
  const swap = fieldsOf(row.swap)
  const root = fieldsOf(row.rootfs)
  const load = Array.isArray(row.loadavg) ? row.loadavg.flatMap((value) => asNumber(value) ?? []) : []
  return present({
    node,
    // `pve-manager/8.4.1/2a5fa54a8503f96d`
    version: asText(row.pveversion)?.split('/')[1],
    kernel: asText(kernel.release) ?? asText(row.kversion),
    bootMode: asText(fieldsOf(row['boot-info']).mode),
    secureBoot: row['boot-info'] === undefined ? undefined : asFlag(fieldsOf(row['boot-info']).secureboot),
    cpuModel: asText(cpu.model),
    cpuSockets: asNumber(cpu.sockets),
    cpuCores: asNumber(cpu.cores),
    cpus: asNumber(cpu.cpus),
    cpuUsage: asNumber(row.cpu),
    ioWait: asNumber(row.wait),
    loadAverage: load.length > 0 ? load : undefined,
    memoryBytes: asNumber(memory.total),
    memoryUsedBytes: asNumber(memory.used),
    swapBytes: asNumber(swap.total),
    swapUsedBytes: asNumber(swap.used),
    rootBytes: asNumber(root.total),
    rootUsedBytes: asNumber(root.used),
    uptimeSeconds: asNumber(row.uptime),
  }) as NodeDetails
}

function certificateFrom(node: string, row: Fields): NodeCertificate {
  const date = (value: unknown): string | undefined => {
    const seconds = asNumber(value)
    return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString()
  }
  return present({
    node,
    file: asText(row.filename) ?? '',
    subject: asText(row.subject),
    issuer: asText(row.issuer),
    names: Array.isArray(row.san) ? row.san.map(String) : undefined,
    fingerprint: asText(row.fingerprint),
    notBefore: date(row.notbefore),
    notAfter: date(row.notafter),
    keyType: asText(row['public-key-type']),
    keyBits: asNumber(row['public-key-bits']),
  }) as NodeCertificate
}

function pointFrom(row: Fields): NodeUsagePoint {
  const whole = (value: unknown): number | undefined => {
    const number = asNumber(value)
    return number === undefined ? undefined : Math.round(number)
  }
  return present({
    time: new Date((asNumber(row.time) ?? 0) * 1000).toISOString(),
    cpuUsage: asNumber(row.cpu),
    ioWait: asNumber(row.iowait),
    loadAverage: asNumber(row.loadavg),
    memoryUsedBytes: whole(row.memused),
    swapUsedBytes: whole(row.swapused),
    rootUsedBytes: whole(row.rootused),
    netInBytesPerSecond: whole(row.netin),
    netOutBytesPerSecond: whole(row.netout),
  }) as NodeUsagePoint
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
