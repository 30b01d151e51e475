/** How a storage keeps volumes: as files below a directory, or as named devices. */
type Layout = 'device' | 'file'

/** What a volume is when a feature is asked for: a base image, itself as it is, or one of its snapshots. */
export type VolumeState = 'base' | 'current' | 'snap'
export type Feature = 'clone' | 'copy' | 'rename' | 'replicate' | 'snapshot' | 'sparseinit' | 'template'

type FeatureTable = Readonly<Partial<Record<Feature, Readonly<Partial<Record<VolumeState, readonly string[]>>>>>>

/** What a type of storage can do, as the release notes and the storage chapter of the manual describe it. */
export interface StorageType {
  readonly layout: Layout
  /** Content it can be configured for, and what it is configured for when nothing is said. */
  readonly content: readonly string[]
  readonly defaultContent: readonly string[]
  /** Image formats; the first is the default. Empty: no images. */
  readonly formats: readonly string[]
  /** Every node sees the same, whatever the configuration says. */
  readonly shared?: true
  /** A volume takes its whole size at once. */
  readonly thick?: true
  readonly features: FeatureTable
  /** Options a new storage must have. */
  readonly required: readonly string[]
  /** Options a new storage may have besides; null: cannot be changed afterwards (`required` ones never can unless listed here). */
  readonly noun: string
}

const FILES = ['raw', 'qcow2', 'vmdk'] as const
const ALL = ['raw', 'qcow2', 'vmdk', 'subvol'] as const
const FILE_CONTENT = ['images', 'rootdir', 'vztmpl', 'iso', 'backup', 'snippets', 'import'] as const

const FILE_FEATURES: FeatureTable = {
  snapshot: {current: ['qcow2'], snap: ['qcow2']},
  clone: {base: FILES},
  template: {current: ALL},
  copy: {base: FILES, current: FILES, snap: ['qcow2']},
  sparseinit: {base: FILES, current: FILES},
  rename: {current: FILES},
}
const RAW = ['raw']
const ZFS = ['raw', 'subvol']

const TYPES: Readonly<Record<string, StorageType>> = {
  dir: {
    layout: 'file',
    content: [...FILE_CONTENT, 'none'],
    defaultContent: ['images', 'rootdir'],
    formats: ALL,
    features: FILE_FEATURES,
    required: ['path'],
    noun: 'directory',
  },
  nfs: {
    layout: 'file',
    content: FILE_CONTENT,
    defaultContent: ['images'],
    formats: FILES,
    shared: true,
    features: FILE_FEATURES,
    required: ['export', 'server'],
    noun: 'directory',
  },
  cifs: {
    layout: 'file',
    content: FILE_CONTENT,
    defaultContent: ['images'],
    formats: FILES,
    shared: true,
    features: FILE_FEATURES,
    required: ['server', 'share'],
    noun: 'directory',
  },
  glusterfs: {
    layout: 'file',
    content: ['images', 'vztmpl', 'iso', 'backup', 'snippets', 'import'],
    defaultContent: ['images'],
    formats: FILES,
    features: FILE_FEATURES,
    required: ['volume'],
    noun: 'directory',
  },
  cephfs: {
    layout: 'file',
    content: ['vztmpl', 'iso', 'backup', 'snippets', 'import'],
    defaultContent: ['backup'],
    formats: [],
    shared: true,
    features: {},
    required: [],
    noun: 'directory',
  },
  btrfs: {
    layout: 'file',
    content: [...FILE_CONTENT, 'none'],
    defaultContent: ['images', 'rootdir'],
    formats: ALL,
    features: {
      snapshot: {current: ['qcow2', 'raw', 'subvol'], snap: ['qcow2', 'raw', 'subvol']},
      clone: {base: ALL, current: RAW, snap: RAW},
      template: {current: ALL},
      copy: {base: ALL, current: ALL, snap: ['qcow2', 'raw', 'subvol']},
      sparseinit: {base: FILES, current: FILES},
      replicate: {base: ['qcow2', 'raw', 'subvol'], current: ['qcow2', 'raw', 'subvol']},
    },
    required: ['path'],
    noun: 'directory',
  },
  lvm: {
    layout: 'device',
    content: ['images', 'rootdir'],
    defaultContent: ['images'],
    formats: RAW,
    thick: true,
    features: {copy: {base: RAW, current: RAW}, rename: {current: RAW}},
    required: ['vgname'],
    noun: 'lvm',
  },
  lvmthin: {
    layout: 'device',
    content: ['images', 'rootdir'],
    defaultContent: ['images', 'rootdir'],
    formats: RAW,
    features: {
      snapshot: {current: RAW},
      clone: {base: RAW, snap: RAW},
      template: {current: RAW},
      copy: {base: RAW, current: RAW, snap: RAW},
      sparseinit: {base: RAW, current: RAW},
      rename: {current: RAW},
    },
    required: ['thinpool', 'vgname'],
    noun: 'lvm',
  },
  zfspool: {
    layout: 'device',
    content: ['images', 'rootdir'],
    defaultContent: ['images', 'rootdir'],
    formats: ZFS,
    thick: true,
    features: {
      snapshot: {current: ZFS, snap: ZFS},
      clone: {base: ZFS},
      template: {current: ZFS},
      copy: {base: ZFS, current: ZFS},
      sparseinit: {base: ZFS, current: ZFS},
      replicate: {base: ZFS, current: ZFS},
      rename: {base: ZFS, current: ZFS},
    },
    required: ['pool'],
    noun: 'zfs',
  },
  zfs: {
    layout: 'device',
    content: ['images'],
    defaultContent: ['images'],
    formats: RAW,
    shared: true,
    thick: true,
    features: {
      snapshot: {current: RAW, snap: RAW},
      clone: {base: RAW},
      template: {current: RAW},
      copy: {base: RAW, current: RAW},
    },
    required: ['blocksize', 'iscsiprovider', 'pool', 'portal', 'target'],
    noun: 'zfs',
  },
  rbd: {
    layout: 'device',
    content: ['images', 'rootdir'],
    defaultContent: ['images'],
    formats: RAW,
    shared: true,
    features: {
      snapshot: {current: RAW, snap: RAW},
      clone: {base: RAW, snap: RAW},
      template: {current: RAW},
      copy: {base: RAW, current: RAW, snap: RAW},
      sparseinit: {base: RAW, current: RAW},
      rename: {current: RAW},
    },
    required: [],
    noun: 'rbd',
  },
  iscsi: {
    layout: 'device',
    content: ['images', 'none'],
    defaultContent: ['images'],
    formats: RAW,
    shared: true,
    features: {copy: {current: RAW}},
    required: ['portal', 'target'],
    noun: 'iscsi',
  },
  iscsidirect: {
    layout: 'device',
    content: ['images'],
    defaultContent: ['images'],
    formats: RAW,
    shared: true,
    features: {copy: {current: RAW}},
    required: ['portal', 'target'],
    noun: 'iscsi',
  },
  pbs: {
    layout: 'device',
    content: ['backup', 'none'],
    defaultContent: ['backup'],
    formats: [],
    shared: true,
    features: {},
    required: ['datastore', 'server'],
    noun: 'PBS',
  },
  esxi: {
    layout: 'device',
    content: ['import'],
    defaultContent: ['import'],
    formats: [],
    shared: true,
    features: {},
    required: ['server', 'username'],
    noun: 'esxi',
  },
}

const UNKNOWN: StorageType = {
  layout: 'device',
  content: [],
  defaultContent: [],
  formats: [],
  features: {},
  required: [],
  noun: 'storage',
}

/** The facts about a type of storage; those of a type that can do nothing if it is unknown. */
export function storageType(type: string): StorageType {
  return TYPES[type] ?? UNKNOWN
}

/** Whether a volume of that format on that type of storage has a feature, in the state it is in. */
export function supports(type: string, format: string, feature: Feature, state: VolumeState = 'current'): boolean {
  return storageType(type).features[feature]?.[state]?.includes(format) ?? false
}
