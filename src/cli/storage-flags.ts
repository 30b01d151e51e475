import {Flags} from '@oclif/core'
import {ok, type Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {formatRetention} from '../domain/retention.js'
import type {StorageValues} from '../domain/new-storage.js'
import {storageTypeOf, type StorageTypeName} from '../domain/storage-types.js'
import {countFlag, dryRunFlag, parallelFlags} from './flags.js'
import {keepFlags, retentionOf, type KeepFlagValues} from './keep-flags.js'

const flag = (description: string) => Flags.boolean({description})
const openFlag = (description: string) => Flags.boolean({description, allowNo: true})

const nodes = Flags.string({
  description: 'Only for these nodes; for all of them by default.',
  helpValue: 'NODE,NODE',
})
const content = (description: string) => Flags.string({description, helpValue: 'KIND,KIND'})
const bwlimit = Flags.string({
  description: 'Limits in KiB per second, by what is done: clone, migration, move, restore, default.',
  helpValue: 'restore=102400,…',
})
const native = Flags.boolean({
  description: 'Print the line of pvesm that does the same, for a shell on a node; do nothing.',
})

/** What `storage add` of any type takes; `kinds` are those it can hold. */
export function addFlags(type: StorageTypeName) {
  const {content: kinds, defaultContent} = storageTypeOf(type) ?? {content: [], defaultContent: []}
  return {
    content: content(`What may lie there, of ${kinds.join(', ')}; ${defaultContent.join(' and ')} by default.`),
    nodes,
    disabled: flag('Add it disabled: no node uses it until it is enabled.'),
    bwlimit,
    ...dryRunFlag,
    'print-native': native,
    parallel: parallelFlags.parallel,
  }
}

/** What every storage may be changed in. */
export const changeFlags = {
  content: content('What may lie there.'),
  nodes: Flags.string({description: 'Only for these nodes.', helpValue: 'NODE,NODE'}),
  'all-nodes': Flags.boolean({description: 'For all nodes again.', exclusive: ['nodes']}),
  shared: openFlag('It is the same on each of its nodes; this says so, and makes nothing the same.'),
  bwlimit,
}

export const sharedFlag = {
  shared: flag('It is the same on each of its nodes; this says so, and makes nothing the same.'),
}

/** Of directories of the nodes. */
export const directoryFlags = {
  path: Flags.string({description: 'The directory.', helpValue: 'PATH', required: true}),
  'is-mountpoint': Flags.string({
    description:
      'Use it only while something is mounted there: yes, no, or the path of the mount point where it is another.',
    helpValue: 'yes|no|PATH',
  }),
}

/** Of what is a directory in the end. */
export const folderFlags = {
  'create-base-path': openFlag('Make the directory where it is missing (the default); from Proxmox VE 8 on.'),
  'create-subdirs': openFlag('Make the folders for each kind of content (the default); from Proxmox VE 8 on.'),
}

/** Of directories with images of disks in them. */
export const fileFlags = {
  ...folderFlags,
  preallocation: Flags.string({
    description: 'How much of a new raw or qcow2 image is made at once; metadata by default.',
    options: ['off', 'metadata', 'falloc', 'full'],
  }),
}

export const formatFlag = {
  format: Flags.string({
    description: 'The format of new disks, where nothing else is said.',
    options: ['raw', 'qcow2', 'vmdk'],
  }),
}

export const chainFlag = {
  'snapshot-as-volume-chain': openFlag('Keep snapshots as a chain of volumes; from Proxmox VE 9 on.'),
}

/** Of what may hold backups: which of them to keep when they are pruned. */
export const backupFlags = {
  ...keepFlags,
  'max-protected-backups': countFlag({
    description: 'How many backups of a guest may be protected from being pruned.',
    min: 0,
  }),
}

export const passwordFlags = {
  'password-stdin': Flags.boolean({description: 'Read the password from stdin.', exclusive: ['password-file']}),
  'password-file': Flags.string({
    description: 'File with the password in its first line (mode 0600).',
    helpValue: 'FILE',
  }),
}

export const keyringFlag = {
  'keyring-file': Flags.string({
    description: 'File with the keyring of a Ceph cluster that is not run by Proxmox VE.',
    helpValue: 'FILE',
  }),
}

export type StorageFlagValues = Readonly<Record<string, unknown>> &
  KeepFlagValues & {
    readonly content?: string | undefined
    readonly nodes?: string | undefined
    readonly bwlimit?: string | undefined
    readonly disabled?: boolean
    readonly shared?: boolean | undefined
    readonly 'password-stdin'?: boolean
    readonly 'password-file'?: string | undefined
  }

/** What the flags say, by the API's names; secrets apart. */
export function valuesFrom(type: StorageTypeName, flags: StorageFlagValues): Result<StorageValues, Failure> {
  const {changeable = [], fixed = [], required = []} = storageTypeOf(type) ?? {}
  const values: Record<string, boolean | number | string> = {}
  for (const option of [...required, ...fixed, ...changeable]) {
    const value = flags[option.replaceAll('_', '-')]
    if (typeof value === 'string' || typeof value === 'number') values[option] = value
    // A flag that is not there is false, and false is what it is anyway; one with a --no- form is told.
    else if (value === true || (value === false && OPEN.has(option))) values[option] = value
  }

  for (const list of ['content', 'nodes'] as const) {
    const words = wordsOf(flags[list])
    if (words !== undefined) values[list] = words
  }

  if (flags.bwlimit !== undefined) values['bwlimit'] = flags.bwlimit
  if (flags.shared === true) values['shared'] = true
  if (flags.disabled === true) values['disable'] = true
  return (retentionOf(flags) ?? ok(undefined)).map((keep) => ({
    ...values,
    ...(keep !== undefined && {'prune-backups': formatRetention(keep)}),
  }))
}

const OPEN: ReadonlySet<string> = new Set(['create-base-path', 'create-subdirs', 'snapshot-as-volume-chain'])

/** `a, b` -> `a,b`; undefined where nothing was said. */
export function wordsOf(text: string | undefined): string | undefined {
  return text
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
    .join(',')
}
