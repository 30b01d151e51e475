import type {ResultAsync} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {
  readHaResources,
  readNodePriorities,
  type HaRules,
  type NodeAffinity,
  type ResourceAffinity,
} from '../domain/ha-rules.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asText, records, type Fields} from './reply.js'

/** A guest that HA looks after. */
export interface HaMember {
  readonly vmid: number
  readonly sid: string
  /** What it is to be: `started`, `stopped`, `disabled`, `ignored`. */
  readonly state: string
  readonly group?: string
  /** Whether HA takes it back to a better node; a group may say otherwise. */
  readonly failback: boolean
}

/** A group of releases before 9.0, with what says nothing about where. */
export interface HaGroup {
  readonly name: string
  readonly nodes: ReadonlyMap<string, number>
  readonly restricted: boolean
  readonly failback: boolean
}

/** High availability: who is looked after, and where it is to be; `/cluster/ha/…` (needs Sys.Audit on `/`). */
export class HaRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** `GET /cluster/ha/resources` */
  members(): ResultAsync<HaMember[], Failure> {
    return ask('list the HA resources', () => this.connection.api.cluster.ha.resources.$get(), records).map((rows) =>
      rows.flatMap((row) => memberFrom(row) ?? []),
    )
  }

  /** Before 9.0, and until their nodes all run it; `GET /cluster/ha/groups`. */
  groups(): ResultAsync<HaGroup[], Failure> {
    return ask('list the HA groups', () => this.connection.api.cluster.ha.groups.$get(), records).map((rows) =>
      (rows as Fields[]).map((row) => ({
        name: asText(row['group']) ?? '',
        nodes: readNodePriorities(asText(row['nodes']) ?? ''),
        restricted: asFlag(row['restricted']),
        failback: !asFlag(row['nofailback']),
      })),
    )
  }

  /** Those in force, since 9.0; a failure for which `hasHaGroups` is true where groups still are; `GET /cluster/ha/rules`. */
  rules(): ResultAsync<HaRules, Failure> {
    return ask('list the HA rules', () => this.rulesPath().$get(), records).map((rows) => {
      const inForce = rows.filter((row) => !asFlag(row['disable']))
      return {
        nodeAffinities: inForce.filter((row) => row['type'] === 'node-affinity').map(nodeAffinityFrom),
        resourceAffinities: inForce.filter((row) => row['type'] === 'resource-affinity').map(resourceAffinityFrom),
      }
    })
  }

  /** The typed builder is older than the rules. */
  private rulesPath() {
    return (this.connection.api.cluster.ha as unknown as {rules: {$get(): Promise<unknown>}}).rules
  }
}

function memberFrom(row: Fields): HaMember | undefined {
  const sid = asText(row['sid']) ?? ''
  const [vmid] = readHaResources(sid)
  if (vmid === undefined) return undefined
  const group = asText(row['group'])
  const failback = row['failback']
  return {
    vmid,
    sid,
    state: asText(row['state']) ?? 'started',
    ...(group !== undefined && {group}),
    failback: failback === undefined || asFlag(failback),
  }
}

function nodeAffinityFrom(row: Fields): NodeAffinity {
  return {
    name: asText(row['rule']) ?? '',
    vmids: readHaResources(asText(row['resources']) ?? ''),
    nodes: readNodePriorities(asText(row['nodes']) ?? ''),
    strict: asFlag(row['strict']),
  }
}

function resourceAffinityFrom(row: Fields): ResourceAffinity {
  return {
    name: asText(row['rule']) ?? '',
    affinity: row['affinity'] === 'negative' ? 'negative' : 'positive',
    vmids: readHaResources(asText(row['resources']) ?? ''),
  }
}
