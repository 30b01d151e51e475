import {storageType} from './types.js'

/** Options of a storage that keeps files. */
const FILES = ['mkdir', 'create-base-path', 'create-subdirs', 'format', 'preallocation', 'content-dirs'] as const
const BACKUPS = ['maxfiles', 'prune-backups', 'max-protected-backups'] as const
const COMMON = ['content', 'nodes', 'disable', 'bwlimit'] as const

/** Options each type takes besides the required and the common ones. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  dir: [...FILES, ...BACKUPS, 'shared', 'is_mountpoint', 'snapshot-as-volume-chain'],
  nfs: [...FILES, ...BACKUPS, 'path', 'options', 'snapshot-as-volume-chain'],
  cifs: [
    ...FILES,
    ...BACKUPS,
    'path',
    'options',
    'subdir',
    'username',
    'password',
    'domain',
    'smbversion',
    'snapshot-as-volume-chain',
  ],
  glusterfs: [...FILES, ...BACKUPS, 'path', 'server', 'server2', 'transport'],
  cephfs: [
    'mkdir',
    'create-base-path',
    'create-subdirs',
    'content-dirs',
    'format',
    ...BACKUPS,
    'path',
    'monhost',
    'subdir',
    'options',
    'username',
    'fuse',
    'keyring',
    'fs-name',
  ],
  btrfs: [...FILES, ...BACKUPS, 'shared', 'is_mountpoint', 'nocow'],
  lvm: [
    'shared',
    'saferemove',
    'saferemove_throughput',
    'saferemove-stepsize',
    'base',
    'tagged_only',
    'snapshot-as-volume-chain',
  ],
  lvmthin: [],
  zfspool: ['blocksize', 'sparse', 'mountpoint'],
  zfs: ['nowritecache', 'sparse', 'comstar_hg', 'comstar_tg', 'lio_tpg', 'zfs-base-path'],
  rbd: ['monhost', 'pool', 'data-pool', 'namespace', 'username', 'krbd', 'keyring'],
  iscsi: [],
  iscsidirect: [],
  pbs: [...BACKUPS, 'port', 'username', 'password', 'encryption-key', 'master-pubkey', 'fingerprint', 'namespace'],
  esxi: ['shared', 'password', 'skip-cert-verification', 'port'],
}

/** Cannot be changed once the storage exists. */
const FIXED =
  /^(?:path|server|export|share|volume|vgname|thinpool|base|pool|portal|target|datastore|iscsiprovider|blocksize|monhost)$/
/** Optional ones among them, of types that let them change. */
const CHANGEABLE: Readonly<Record<string, readonly string[]>> = {
  cephfs: ['monhost'],
  glusterfs: ['server'],
  rbd: ['monhost', 'pool'],
  zfspool: ['blocksize'],
  pbs: ['server', 'datastore'],
  esxi: [],
}

/** Kept in files of their own that no answer shows. */
export const SECRET_OPTIONS: ReadonlySet<string> = new Set(['encryption-key', 'keyring', 'master-pubkey', 'password'])

export type OptionKind = 'fixed' | 'optional' | 'required' | 'unknown'

/** What an option is to a type of storage. */
export function optionKind(type: string, option: string): OptionKind {
  const isRequired = storageType(type).required.includes(option)
  const isOptional = COMMON.includes(option as never) || (OPTIONAL[type] ?? []).includes(option)
  if (!isRequired && !isOptional) return 'unknown'
  if (FIXED.test(option) && !CHANGEABLE[type]?.includes(option)) return 'fixed'
  return isRequired ? 'required' : 'optional'
}
