/** The types of storages that can be added here; `pvesm` knows a few more that exist for special setups. */
export const STORAGE_TYPES = [
  'dir',
  'nfs',
  'cifs',
  'lvm',
  'lvmthin',
  'zfspool',
  'btrfs',
  'iscsi',
  'rbd',
  'cephfs',
  'pbs',
] as const
export type StorageTypeName = (typeof STORAGE_TYPES)[number]

/** What Proxmox VE knows of a type (its storage manual, `pvesm add --help`). */
export interface StorageType {
  /** What may lie on such a storage. */
  readonly content: readonly string[]
  /** What may lie there where nothing is said. */
  readonly defaultContent: readonly string[]
  /** Whether all nodes see the same: always by its nature, as its definition says, or never. */
  readonly shared: 'always' | 'as-defined' | 'never'
  /** Options it cannot be added without. */
  readonly required: readonly string[]
  /** Further options that are fixed once it is added. */
  readonly fixed: readonly string[]
  /** Options that can change. */
  readonly changeable: readonly string[]
  /** Options that no answer ever shows. */
  readonly secret: readonly string[]
}

/** What Proxmox VE files volumes under. */
export const CONTENT_TYPES = ['images', 'rootdir', 'iso', 'vztmpl', 'backup', 'snippets', 'import'] as const

const FILES = ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'import'] as const
const DISKS = ['images', 'rootdir'] as const
const FOLDER_OPTIONS = ['content-dirs', 'create-base-path', 'create-subdirs', 'mkdir'] as const
const FILE_OPTIONS = [...FOLDER_OPTIONS, 'preallocation'] as const
const BACKUP_OPTIONS = ['prune-backups', 'max-protected-backups'] as const
const CHAIN = 'snapshot-as-volume-chain'

const TYPES: Readonly<Record<StorageTypeName, StorageType>> = {
  dir: {
    content: FILES,
    defaultContent: DISKS,
    shared: 'as-defined',
    required: ['path'],
    fixed: [],
    changeable: [...FILE_OPTIONS, ...BACKUP_OPTIONS, 'format', 'is_mountpoint', CHAIN],
    secret: [],
  },
  nfs: {
    content: FILES,
    defaultContent: ['images'],
    shared: 'always',
    required: ['server', 'export'],
    fixed: ['path'],
    changeable: [...FILE_OPTIONS, ...BACKUP_OPTIONS, 'format', 'options', CHAIN],
    secret: [],
  },
  cifs: {
    content: FILES,
    defaultContent: ['images'],
    shared: 'always',
    required: ['server', 'share'],
    fixed: ['path'],
    changeable: [
      ...FILE_OPTIONS,
      ...BACKUP_OPTIONS,
      'domain',
      'format',
      'options',
      'smbversion',
      'subdir',
      'username',
      CHAIN,
    ],
    secret: ['password'],
  },
  lvm: {
    content: DISKS,
    defaultContent: ['images'],
    shared: 'as-defined',
    required: ['vgname'],
    fixed: ['base'],
    changeable: ['saferemove', 'saferemove-stepsize', 'saferemove_throughput', 'tagged_only', CHAIN],
    secret: [],
  },
  lvmthin: {
    content: DISKS,
    defaultContent: DISKS,
    shared: 'never',
    required: ['vgname', 'thinpool'],
    fixed: [],
    changeable: [],
    secret: [],
  },
  zfspool: {
    content: DISKS,
    defaultContent: DISKS,
    shared: 'never',
    required: ['pool'],
    fixed: ['mountpoint'],
    changeable: ['blocksize', 'sparse'],
    secret: [],
  },
  btrfs: {
    content: FILES,
    defaultContent: DISKS,
    shared: 'as-defined',
    required: ['path'],
    fixed: [],
    changeable: [...FILE_OPTIONS, ...BACKUP_OPTIONS, 'format', 'is_mountpoint', 'nocow'],
    secret: [],
  },
  iscsi: {
    content: ['images'],
    defaultContent: ['images'],
    shared: 'always',
    required: ['portal', 'target'],
    fixed: [],
    changeable: [],
    secret: [],
  },
  rbd: {
    content: DISKS,
    defaultContent: ['images'],
    shared: 'always',
    required: [],
    fixed: [],
    changeable: ['data-pool', 'krbd', 'monhost', 'namespace', 'pool', 'username'],
    secret: ['keyring'],
  },
  cephfs: {
    content: ['vztmpl', 'iso', 'backup', 'snippets', 'import'],
    defaultContent: ['backup'],
    shared: 'always',
    required: [],
    fixed: ['path'],
    changeable: [...FOLDER_OPTIONS, ...BACKUP_OPTIONS, 'fs-name', 'fuse', 'monhost', 'options', 'subdir', 'username'],
    secret: ['keyring'],
  },
  pbs: {
    content: ['backup'],
    defaultContent: ['backup'],
    shared: 'always',
    required: ['server', 'datastore'],
    fixed: [],
    changeable: [...BACKUP_OPTIONS, 'fingerprint', 'namespace', 'port', 'username'],
    secret: ['encryption-key', 'master-pubkey', 'password'],
  },
}

/** Undefined for a type that this program knows nothing of; Proxmox VE may. */
export function storageTypeOf(type: string): StorageType | undefined {
  return (TYPES as Readonly<Record<string, StorageType | undefined>>)[type]
}

/** Types whose nodes all see the same, whatever the definition says. */
export const SHARED_TYPES: ReadonlySet<string> = new Set([
  ...STORAGE_TYPES.filter((type) => TYPES[type].shared === 'always'),
  'esxi',
  'glusterfs',
  'iscsidirect',
  'zfs',
])

/** Options that are yes or no; `is_mountpoint` may be a path too, and is none of them. */
export const BOOLEAN_OPTIONS: ReadonlySet<string> = new Set([
  'create-base-path',
  'create-subdirs',
  'fuse',
  'krbd',
  'mkdir',
  'nocow',
  'saferemove',
  'shared',
  'sparse',
  'tagged_only',
  CHAIN,
])

/** The first release of what not every one has; absent: all do. */
export function releaseOf(option: string): {readonly what: string; readonly since: `${number}.${number}`} | undefined {
  return {
    'create-base-path': {what: '--create-base-path', since: '8.0' as const},
    'create-subdirs': {what: '--create-subdirs', since: '8.0' as const},
    'saferemove-stepsize': {what: '--saferemove-stepsize', since: '9.1' as const},
    [CHAIN]: {what: 'snapshots as a chain of volumes', since: '9.0' as const},
  }[option]
}
