import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import {parseBackupVolume} from '../domain/backup.js'
import type {Failure} from '../domain/failure.js'
import type {GuestType} from '../domain/guest.js'
import type {RetentionMark} from '../domain/retention.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asFlag, asNumber, asText, present, record, records, upidText, type Fields} from './reply.js'

/** One guest, or several of one node, to be saved: `POST /nodes/{node}/vzdump`. */
export interface VzdumpOptions {
  readonly vmid: number
  readonly storage: string
  readonly mode: 'snapshot' | 'stop' | 'suspend'
  readonly compress?: '0' | 'gzip' | 'lzo' | 'zstd'
  readonly 'notes-template'?: string
  readonly protected?: boolean
  readonly fleecing?: string
  /** KiB/s; needs Sys.Modify on `/`. */
  readonly bwlimit?: number
  /** False keeps older backups whatever the storage's retention says; needs Datastore.Allocate on it. */
  readonly remove?: boolean
}

/** A backup as a storage lists it. */
export interface BackupVolume {
  readonly volume: string
  readonly vmid?: number
  readonly type?: GuestType
  /** Seconds since 1970. */
  readonly time: number
  readonly sizeBytes?: number
  readonly format?: string
  readonly protected: boolean
  readonly notes?: string
  readonly verified?: boolean
  readonly encrypted?: boolean
}

/** `GET …/content/{volume}`: the whole notes, where lists have their first line. */
export interface BackupFacts {
  readonly path?: string
  readonly notes?: string
  readonly protected: boolean
}

/** One backup, and what Proxmox VE would do with it. */
export interface PruneEntry {
  readonly volume: string
  readonly vmid?: number
  readonly type?: GuestType
  readonly time: number
  readonly mark: RetentionMark
}

export interface PruneSelection {
  readonly vmid?: number
  readonly type?: GuestType
  /** `keep-last=3,keep-daily=7` */
  readonly keep: string
}

/** A file or folder in a backup. */
export interface BackupFile {
  readonly name: string
  /** As the next request wants it: base64. */
  readonly filepath: string
  /** `f` file, `d` folder, `v` archive or disk, `l` link, … */
  readonly type: string
  readonly leaf: boolean
  readonly sizeBytes?: number
  readonly modifiedAt?: string
}

const upidOrNothing = z.nullish(z.string())

/** Backups: `/nodes/{node}/vzdump` and what lies under `/nodes/{node}/storage/{storage}` (reference 2.14). */
export class BackupRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /**
   * Starts a backup. Undefined: the guest is not on that node, and nothing was begun; the server says `OK` then (reference 2.14).
   * Needs VM.Backup on the guest and Datastore.AllocateSpace on the storage.
   */
  run(node: string, options: VzdumpOptions): ResultAsync<string | undefined, Failure> {
    const {vmid, ...rest} = options
    return ask(
      `back guest ${vmid} up on node ${node}`,
      () => this.node(node).vzdump.$post({vmid: String(vmid), ...present(rest)} as never),
      z.string(),
    ).map((answer) => (answer.startsWith('UPID:') ? answer : undefined))
  }

  /** What the node's vzdump does when nothing is said; with a storage, its rules of what to keep. */
  defaults(node: string, storage?: string): ResultAsync<{readonly storage?: string; readonly keep?: string}, Failure> {
    return ask(
      `read the backup defaults of node ${node}`,
      () => this.node(node).vzdump.defaults.$get(present({storage})),
      record,
    ).map((row) => present({storage: asText(row.storage), keep: keepText(row['prune-backups'])}))
  }

  /** `GET …/content?content=backup`: those whose guests the caller may see; the server can need long for a backup server. */
  list(node: string, storage: string, vmid?: number): ResultAsync<BackupVolume[], Failure> {
    return ask(
      `list the backups of storage ${storage} on node ${node}`,
      () => this.at(node, storage).content.$get(present({content: 'backup', vmid})),
      records,
    ).map((rows) => rows.map((row) => volumeFrom(row)))
  }

  facts(node: string, storage: string, volume: string): ResultAsync<BackupFacts, Failure> {
    return ask(`look at backup ${volume}`, () => this.volume(node, storage, volume).$get(), record).map((row) =>
      present({path: asText(row.path), notes: asText(row.notes), protected: asFlag(row.protected)}),
    )
  }

  /** Notes (an empty text takes them away) and protection; `PUT …/content/{volume}`, needs Datastore.AllocateSpace or more. */
  change(
    node: string,
    storage: string,
    volume: string,
    changes: {readonly notes?: string; readonly protected?: boolean},
  ): ResultAsync<void, Failure> {
    return ask(
      `change backup ${volume}`,
      () => this.volume(node, storage, volume).$put(present({...changes})),
      z.unknown(),
    ).map(() => undefined)
  }

  /** The task `imgdel`, or nothing when it was done at once. */
  delete(node: string, storage: string, volume: string): ResultAsync<string | undefined, Failure> {
    return ask(`delete backup ${volume}`, () => this.volume(node, storage, volume).$delete(), upidOrNothing).map(
      (upid) => upid ?? undefined,
    )
  }

  /** The guest's configuration as it was saved, as text; `GET …/vzdump/extractconfig`. */
  config(node: string, volume: string): ResultAsync<string, Failure> {
    return ask(
      `read the configuration in backup ${volume}`,
      () => this.node(node).vzdump.extractconfig.$get({volume}),
      z.string(),
    )
  }

  /** What pruning would do; nothing is removed. `GET …/prunebackups` */
  prunePlan(node: string, storage: string, selection: PruneSelection): ResultAsync<PruneEntry[], Failure> {
    return ask(
      `ask what pruning would remove from storage ${storage}`,
      () => this.at(node, storage).prunebackups.$get(pruneQuery(selection)),
      records,
    ).map((rows) => rows.map((row) => pruneEntryFrom(row)))
  }

  /** `DELETE …/prunebackups`, as query (reference 2.14); the task is `prunebackups`. */
  prune(node: string, storage: string, selection: PruneSelection): ResultAsync<string, Failure> {
    return ask(
      `prune the backups on storage ${storage}`,
      () => this.at(node, storage).prunebackups.$delete(pruneQuery(selection)),
      upidText,
    )
  }

  /** One level of files; backup servers only. @param filepath `/`, or what an entry said */
  files(node: string, storage: string, volume: string, filepath: string): ResultAsync<BackupFile[], Failure> {
    return ask(
      `list files in backup ${volume}`,
      () => this.at(node, storage)['file-restore'].list.$get({volume, filepath}),
      records,
    ).map((rows) => rows.map((row) => fileFrom(row)))
  }

  /** The time zone of a node's clock, which prunes by it; `GET /nodes/{node}/time`, needs Sys.Audit on the node. */
  timeZone(node: string): ResultAsync<string | undefined, Failure> {
    return ask(`read the time of node ${node}`, () => this.node(node).time.$get(), record).map((row) =>
      asText(row.timezone),
    )
  }

  private node(node: string) {
    return this.connection.api.nodes.$(node)
  }

  private at(node: string, storage: string) {
    return this.node(node).storage.$(storage)
  }

  private volume(node: string, storage: string, volume: string) {
    return this.at(node, storage).content.$(volume)
  }
}

function pruneQuery({keep, type, vmid}: PruneSelection) {
  return present({'prune-backups': keep, type, vmid})
}

function volumeFrom(row: Fields): BackupVolume {
  const volume = asText(row.volid) ?? ''
  const name = parseBackupVolume(volume)
  const verification =
    typeof row.verification === 'object' && row.verification !== null ? (row.verification as Fields) : undefined
  return present({
    volume,
    vmid: asNumber(row.vmid) ?? name?.vmid,
    type: name?.type ?? typeFrom(asText(row.subtype)),
    time: asNumber(row.ctime) ?? 0,
    sizeBytes: asNumber(row.size),
    format: asText(row.format),
    protected: asFlag(row.protected),
    notes: asText(row.notes),
    verified: verification === undefined ? undefined : asText(verification.state) === 'ok',
    // A fingerprint of the key, or just 1.
    encrypted: name?.server === true ? !['0', undefined].includes(asText(row.encrypted)) : undefined,
  }) as BackupVolume
}

function pruneEntryFrom(row: Fields): PruneEntry {
  return present({
    volume: asText(row.volid) ?? '',
    vmid: asNumber(row.vmid),
    type: typeFrom(asText(row.type)),
    time: asNumber(row.ctime) ?? 0,
    mark: (asText(row.mark) ?? 'keep') as RetentionMark,
  }) as PruneEntry
}

function fileFrom(row: Fields): BackupFile {
  const modified = asNumber(row.mtime)
  return present({
    name: asText(row.text) ?? '',
    filepath: asText(row.filepath) ?? '',
    type: asText(row.type) ?? '',
    leaf: asFlag(row.leaf),
    sizeBytes: asNumber(row.size),
    modifiedAt: modified === undefined ? undefined : new Date(modified * 1000).toISOString(),
  }) as BackupFile
}

function typeFrom(text: string | undefined): GuestType | undefined {
  return text === 'qemu' || text === 'lxc' ? text : text === 'openvz' ? 'lxc' : undefined
}

/** As a text, or taken apart. */
function keepText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return asText(value)
  return Object.entries(value)
    .map(([rule, count]) => `${rule}=${String(count)}`)
    .join(',')
}
