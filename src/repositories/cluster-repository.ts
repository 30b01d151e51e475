import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {ClusterMember, ClusterResources, ClusterStatus} from '../domain/cluster.js'
import type {Failure} from '../domain/failure.js'
import {parseTags, type Guest, type GuestStatus} from '../domain/guest.js'
import type {ClusterNode, NodeStatus} from '../domain/node.js'
import type {NodeStorage} from '../domain/storage.js'
import {parseVmidRange, type VmidRange} from '../domain/vmid.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, record, records, type Fields} from './reply.js'

const nextId = z.union([z.string(), z.number()])

/** What the cluster says of itself: `/cluster/…`. */
export class ClusterRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** Guests, nodes and storages, as far as the caller may see them; `GET /cluster/resources`. */
  resources(type?: 'node' | 'storage' | 'vm'): ResultAsync<ClusterResources, Failure> {
    return ask(
      'list the cluster resources',
      () => this.connection.api.cluster.resources.$get(type === undefined ? {} : {type}),
      records,
    ).map((rows) => {
      const nodes: ClusterNode[] = []
      const guests: Guest[] = []
      const storages: NodeStorage[] = []
      for (const row of rows) {
        if (row.type === 'qemu' || row.type === 'lxc') guests.push(guestFrom(row))
        else if (row.type === 'node') nodes.push(nodeFrom(row))
        else if (row.type === 'storage') storages.push(storageFrom(row))
      }

      return {nodes, guests, storages}
    })
  }

  /** Membership and quorum; `GET /cluster/status`. */
  status(): ResultAsync<ClusterStatus, Failure> {
    return ask('read the cluster status', () => this.connection.api.cluster.status.$get(), records).map((rows) => {
      const cluster = rows.find((row) => row.type === 'cluster')
      return {
        ...(cluster !== undefined && {
          cluster: {
            name: asText(cluster.name) ?? '',
            quorate: asFlag(cluster.quorate),
            nodeCount: asNumber(cluster.nodes) ?? 0,
            configVersion: asNumber(cluster.version) ?? 0,
          },
        }),
        members: rows.filter((row) => row.type === 'node').map((row) => memberFrom(row)),
      }
    })
  }

  /** The lowest VMID that is free at this moment; it reserves nothing; `GET /cluster/nextid`. */
  nextId(): ResultAsync<number, Failure> {
    return ask('ask for a free VMID', () => this.connection.api.cluster.nextid.$get(), nextId).map(Number)
  }

  /** The range that VMIDs are handed out from; `GET /cluster/options` (needs Sys.Audit on `/`). */
  vmidRange(): ResultAsync<VmidRange, Failure> {
    return ask('read the datacenter options', () => this.connection.api.cluster.options.$get(), record).map(
      (options) => {
        const range = options['next-id']
        // The server answers with the property string taken apart; older ones with the string itself.
        return typeof range === 'object' && range !== null
          ? parseVmidRange(
              Object.entries(range)
                .map(([key, value]) => `${key}=${String(value)}`)
                .join(','),
            )
          : parseVmidRange(asText(range))
      },
    )
  }
}

function guestFrom(row: Fields): Guest {
  return present({
    vmid: asNumber(row.vmid) ?? 0,
    name: asText(row.name),
    type: row.type as Guest['type'],
    node: asText(row.node) ?? '',
    status: (asText(row.status) ?? 'unknown') as GuestStatus,
    template: asFlag(row.template),
    tags: parseTags(asText(row.tags)),
    pool: asText(row.pool),
    lock: asText(row.lock),
    haState: asText(row.hastate),
    cpus: asNumber(row.maxcpu),
    cpuUsage: asNumber(row.cpu),
    memoryBytes: asNumber(row.maxmem),
    memoryUsedBytes: asNumber(row.mem),
    diskBytes: asNumber(row.maxdisk),
    diskUsedBytes: row.type === 'lxc' ? asNumber(row.disk) : undefined,
    netInBytes: asNumber(row.netin),
    netOutBytes: asNumber(row.netout),
    uptimeSeconds: asNumber(row.uptime),
  }) as Guest
}

function nodeFrom(row: Fields): ClusterNode {
  return present({
    node: asText(row.node) ?? '',
    status: (asText(row.status) ?? 'unknown') as NodeStatus,
    cpus: asNumber(row.maxcpu),
    cpuUsage: asNumber(row.cpu),
    memoryBytes: asNumber(row.maxmem),
    memoryUsedBytes: asNumber(row.mem),
    diskBytes: asNumber(row.maxdisk),
    diskUsedBytes: asNumber(row.disk),
    uptimeSeconds: asNumber(row.uptime),
    haState: asText(row.hastate),
  }) as ClusterNode
}

function storageFrom(row: Fields): NodeStorage {
  return present({
    storage: asText(row.storage) ?? '',
    node: asText(row.node) ?? '',
    available: row.status === 'available',
    shared: asFlag(row.shared),
    type: asText(row.plugintype),
    content: (asText(row.content) ?? '').split(',').filter((kind) => kind !== ''),
    totalBytes: asNumber(row.maxdisk),
    usedBytes: asNumber(row.disk),
  }) as NodeStorage
}

function memberFrom(row: Fields): ClusterMember {
  return present({
    node: asText(row.name) ?? '',
    online: asFlag(row.online),
    nodeId: asNumber(row.nodeid),
    ip: asText(row.ip),
  }) as ClusterMember
}
