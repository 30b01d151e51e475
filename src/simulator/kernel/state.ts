import type {ClusterFault} from '../faults/fault.js'
import type {Json} from './pve-error.js'

/**
 * Every collection of the simulated cluster, by name, with the type of its records. Records are plain JSON. A noun that needs another collection adds a line
 * here (or merges it in from its own file: `declare module '../kernel/state.js' { interface State { … } }`). A type that is an array is an append-only list
 * (`store.append`).
 *
 * Keys: nodes by name, guests by VMID, storages by id, volumes by `volumeKey`, users by userid, tokens by `userid!tokenid`, the rest by their Proxmox id.
 */
export interface State {
  acl: AclRecord
  backupJobs: PropertyRecord
  clusterLog: readonly ClusterLogEntry[]
  /** Single records: `options` (datacenter.cfg). */
  datacenter: PropertyRecord
  domains: DomainRecord
  /** What is wrong with the cluster on purpose, by id. */
  faults: FaultRecord
  /** By scope: `cluster`, `node/NAME`, `qemu/VMID`, `lxc/VMID`, `group/NAME`. */
  firewall: FirewallRecord
  groups: GroupRecord
  guests: GuestRecord
  haGroups: PropertyRecord
  haResources: PropertyRecord
  haRules: PropertyRecord
  /** `TYPE/ID`, e.g. `pci/gpu`. */
  mappings: PropertyRecord
  /** One record, `world`. */
  meta: MetaRecord
  metricServers: PropertyRecord
  /** `NODE/IFACE`. */
  network: NetworkRecord
  /** Node configuration by node name (`/nodes/{node}/config`, dns, time, hosts). */
  nodeConfig: PropertyRecord
  nodes: NodeRecord
  /** `TYPE/NAME`, e.g. `matcher/default-matcher`. */
  notifications: PropertyRecord
  pools: PoolRecord
  replication: PropertyRecord
  roles: RoleRecord
  /** `zones/ID`, `vnets/ID`, `subnets/ID`, … */
  sdn: PropertyRecord
  storages: StorageRecord
  taskLogs: readonly string[]
  tasks: TaskRecord
  tfa: TfaRecord
  tokens: TokenRecord
  users: UserRecord
  volumes: VolumeRecord
}

/** A fault that changed the state, kept so that a later process can undo it. */
export interface FaultRecord {
  readonly id: string
  readonly spec: ClusterFault
}

/** A section of one of Proxmox's own files, value by key as it is answered. */
export type PropertyRecord = {readonly [key: string]: Json}

export interface MetaRecord {
  readonly fixture: string
  /** The cluster's name; absent on a stand-alone host. */
  readonly clusterName?: string
  /** `config_version` of the cluster. */
  readonly clusterVersion?: number
  /** The machine besides the nodes whose votes count for the quorum. */
  readonly quorumDevice?: QuorumDeviceRecord
  readonly version: {readonly version: string; readonly release: string; readonly repoid: string}
  /** HMAC key of tickets and CSRF tokens, base64. */
  readonly authKey: string
  /** The last pid given to a worker. */
  readonly lastPid: number
}

export interface QuorumDeviceRecord {
  readonly host: string
  /** One vote that splits a tie, or so many that the last node standing keeps quorum. */
  readonly algorithm: 'ffsplit' | 'lms'
  readonly connected: boolean
}

export interface NodeRecord {
  readonly node: string
  readonly nodeid: number
  readonly ip: string
  /** False: known by its configuration directory alone, not listed by `/nodes`. */
  readonly member: boolean
  /** Off: dead. `refusing`: the machine is up, its API is not. */
  readonly power: 'off' | 'on' | 'refusing'
  /** Its proxy answers, and the daemon behind it, which executes what needs privileges, does not run. */
  readonly daemonDown?: boolean
  /** False: cut off from the other nodes by the network, but running. */
  readonly connected: boolean
  /** Epoch ms at which `connected` last became false, or true again; absent: long ago. */
  readonly cutSince?: number
  readonly joinedSince?: number
  /** False: its name has no address (variant `offline-nodes`). */
  readonly resolves: boolean
  /** The last figures of a dead node are older than five minutes, or it never sent any. */
  readonly expired?: boolean
  /** Epoch ms. */
  readonly bootedAt: number
  readonly downSince?: number
  readonly sockets: number
  readonly cores: number
  readonly memoryBytes: number
  /** In use without guests. */
  readonly baseMemoryBytes: number
  readonly swapBytes: number
  readonly rootfsTotalBytes: number
  /** In use besides volumes. */
  readonly rootfsUsedBytes: number
  /** Load without guests, 0..1. */
  readonly baseCpu: number
  readonly timezone: string
  /** Subscription level, '' without one. */
  readonly level: string
}

/** A guest's options as its configuration file has them: `memory` of a VM is text, of a container a number, and so on. */
export type GuestConfig = {readonly [key: string]: number | string}

export interface GuestRecord {
  readonly vmid: number
  readonly type: 'lxc' | 'qemu'
  readonly node: string
  /** `lock`, `template`, `parent` live here too, as in the file. */
  readonly config: GuestConfig
  /** Changes waiting for the next start: a value, or null for a deletion. */
  readonly pending?: {readonly [key: string]: number | string | null}
  /** Drives whose disks a pending deletion destroys. */
  readonly forcedDeletions?: readonly string[]
  /** Values of cloud-init options as the drive holds them, where the configuration has others by now; null: the drive has none. */
  readonly cloudInit?: {readonly [key: string]: number | string | null}
  readonly snapshots?: {readonly [name: string]: SnapshotRecord}
  /** Present while the guest runs. */
  readonly run?: RunRecord
  /** How the guest behaves; absent is that of an empty disk (qemu) or a small system (lxc). */
  readonly behaviour?: GuestBehaviour
}

export interface SnapshotRecord {
  readonly config: GuestConfig
  readonly snaptime: number
  readonly description?: string
  readonly parent?: string
  readonly vmstate?: boolean
  readonly snapstate?: string
}

export interface RunRecord {
  readonly pid: number
  /** Epoch ms. */
  readonly startedAt: number
  readonly paused?: boolean
  /** The configuration the process was started with. */
  readonly config: GuestConfig
  readonly agent?: AgentState
  readonly leaving?: DepartureRecord
  readonly arrived?: ArrivalRecord
}

/** A process whose guest is on its way to another node. */
export interface DepartureRecord {
  readonly to: string
  /** Where the other node listens for its memory and disks, when they go there without a tunnel. */
  readonly ports: readonly number[]
  /** Epoch ms since when all of it is there, and this process waits for its end. */
  readonly overSince?: number
}

/** A process that has come from another node, and what that one last sent of it. */
export interface ArrivalRecord {
  /** Epoch ms. */
  readonly at: number
  readonly sent: {readonly status: string; readonly startedAt: number; readonly at: number}
}

/** What a guest agent did and keeps until the guest stops. */
export interface AgentState {
  readonly frozen?: boolean
  readonly processes?: {readonly [pid: string]: ProcessRecord}
  readonly nextPid?: number
  /** It waits for the rest of a request that was cut off, and answers nothing. */
  readonly stuck?: boolean
  /** Written files, each byte a character. */
  readonly files?: {readonly [path: string]: string}
}

/** A program that the agent has started. */
export interface ProcessRecord {
  readonly running?: boolean
  /** What `exec-status` answers once it has ended. */
  readonly outcome?: {[key: string]: Json}
  /** Epoch ms; absent: it has ended. */
  readonly endsAt?: number
}

export interface GuestBehaviour {
  /** Obeys a shutdown request after so many seconds; absent: never. */
  readonly shutdownSeconds?: number
  /** Answers of the guest agent by command; absent: no agent runs. */
  readonly agent?: {readonly [command: string]: Json}
}

export interface StorageRecord {
  readonly storage: string
  readonly type: string
  /** What `/storage/{storage}` answers besides `storage`, `type` and `digest`. */
  readonly config: PropertyRecord
  /** Place in the configuration file. */
  readonly order: number
  /** Bytes, of each node's own (or the one shared) file system. */
  readonly totalBytes: number
  /** In use besides volumes. */
  readonly usedBytes: number
  /** Bytes taken away from it on purpose, by node; shared storage under ''. */
  readonly filled?: {readonly [node: string]: number}
  /** Storages with the same text share one file system. */
  readonly filesystem?: string
  /** Nodes that don't find what it is made of: no such volume group or pool on their disks. */
  readonly missingOn?: readonly string[]
}

export interface VolumeRecord {
  readonly volid: string
  readonly storage: string
  /** The node whose disk it lies on; absent on shared storage. */
  readonly node?: string
  readonly content: string
  readonly format: string
  /** Bytes, as a guest sees it. */
  readonly size: number
  /** Bytes taken from the storage. */
  readonly used: number
  readonly ctime: number
  readonly vmid?: number
  /** The base volume of a linked clone. */
  readonly parent?: string
  readonly notes?: string
  readonly protected?: boolean
  /** On a backup server: what its last verification found. */
  readonly verification?: 'failed' | 'ok'
  /** On a backup server: fingerprint of the key. */
  readonly encrypted?: string
  /** Facts only the simulator knows, e.g. what a template archive holds or a backup contains. */
  readonly inside?: Json
}

/** The key of a volume: the same volid may lie on several nodes' own storage. */
export function volumeKey(volume: Pick<VolumeRecord, 'node' | 'volid'>): string {
  return `${volume.node ?? ''}/${volume.volid}`
}

export interface UserRecord {
  readonly userid: string
  readonly enable: boolean
  /** Epoch seconds, 0 is never. */
  readonly expire: number
  /** `SALT:SHA-256`; absent: the user cannot log in. */
  readonly password?: string
  readonly firstname?: string
  readonly lastname?: string
  readonly email?: string
  readonly comment?: string
  readonly keys?: string
}

export interface TokenRecord {
  readonly userid: string
  readonly tokenid: string
  /** SHA-256 of the secret, hex. */
  readonly secretHash: string
  readonly privsep: boolean
  readonly expire: number
  readonly comment?: string
}

export interface GroupRecord {
  readonly groupid: string
  readonly users: readonly string[]
  readonly comment?: string
}

/** A role made by an administrator; the built-in ones are in `access/roles.ts`. */
export interface RoleRecord {
  readonly roleid: string
  readonly privs: readonly string[]
}

/** Keyed by `aclKey`. */
export interface AclRecord {
  readonly path: string
  readonly type: 'group' | 'token' | 'user'
  readonly ugid: string
  readonly roleid: string
  readonly propagate: boolean
}

/** The key of an ACL entry. */
export function aclKey(entry: Pick<AclRecord, 'path' | 'roleid' | 'type' | 'ugid'>): string {
  return `${entry.path} ${entry.type} ${entry.ugid} ${entry.roleid}`
}

export interface DomainRecord {
  readonly realm: string
  readonly type: string
  readonly comment?: string
  readonly default?: boolean
  readonly tfa?: string
  readonly config?: PropertyRecord
}

/** A user's second factors, keyed by userid. */
export interface TfaRecord {
  readonly entries: readonly TfaEntry[]
}

export interface TfaEntry {
  readonly id: string
  readonly type: 'recovery' | 'totp'
  readonly description: string
  readonly created: number
  readonly enable: boolean
  /** TOTP: base32 secret. */
  readonly secret?: string
  readonly digits?: number
  readonly step?: number
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512'
  /** Recovery: SHA-256 of each key that is still unused, null for a used one. */
  readonly keys?: readonly (string | null)[]
}

export interface PoolRecord {
  readonly poolid: string
  readonly comment?: string
  readonly vms: readonly number[]
  readonly storages: readonly string[]
}

export interface FirewallRecord {
  readonly rules?: readonly PropertyRecord[]
  readonly options?: PropertyRecord
  readonly aliases?: readonly PropertyRecord[]
  readonly ipsets?: readonly PropertyRecord[]
  readonly groups?: readonly PropertyRecord[]
  readonly comment?: string
}

export interface NetworkRecord {
  readonly node: string
  readonly iface: string
  /** As `GET /nodes/{node}/network/{iface}` answers it; absent: only pending. */
  readonly active?: PropertyRecord
  /** What the next apply makes of it; null: removed. Absent: no change. */
  readonly pending?: PropertyRecord | null
}

export interface TaskRecord {
  readonly upid: string
  readonly node: string
  readonly type: string
  readonly id: string
  /** With `!token` if it was started by one. */
  readonly user: string
  readonly pid: number
  readonly pstart: number
  readonly starttime: number
  readonly endtime?: number
  /** Exit status; absent while it runs. */
  readonly status?: string
}

export interface ClusterLogEntry {
  readonly uid: number
  readonly time: number
  readonly pri: number
  readonly tag: string
  readonly pid: number
  readonly node: string
  readonly user: string
  readonly msg: string
}
