import {err, ok, type Result} from 'neverthrow'
import {normalizeFingerprint} from './endpoint.js'
import {failure, type Failure} from './failure.js'
import type {StorageDefinition} from './storage-definition.js'
import {BOOLEAN_OPTIONS, storageTypeOf, type StorageType, type StorageTypeName} from './storage-types.js'
import {closest} from './suggest.js'

/** Values of options by the API's names. Lists (`content`, `nodes`) are written with commas. */
export type StorageValues = Readonly<Record<string, boolean | number | string>>

/** A storage that is to be added; passwords and keys are kept apart. */
export interface NewStorage {
  readonly storage: string
  readonly type: StorageTypeName
  readonly values: StorageValues
}

/** Types that may be there for what is said elsewhere only, without any content of their own. */
const MAY_HOLD_NOTHING: ReadonlySet<string> = new Set(['btrfs', 'dir', 'iscsi', 'pbs'])
const STORAGE_ID = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i
const LVM_NAME = /^[a-z0-9][a-z0-9\-_.]*[a-z0-9]$/i
const LIMITS = ['clone', 'default', 'migration', 'move', 'restore']

interface Shape {
  readonly pattern: RegExp
  readonly hint: string
}

const DIRECTORY: Shape = {
  pattern: /^\/[-/\w.@]*$/,
  hint: 'Write an absolute path of letters, digits and - _ . @ /: /srv/files',
}
const ABSOLUTE: Shape = {pattern: /^\/\S*$/, hint: 'Write an absolute path: /srv/files'}
const HOST: Shape = {
  pattern: /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:]*:[0-9a-f:.]*)$/i,
  hint: 'Write a name or an address, without https:// and without a port: nas.lan',
}
const LVM: Shape = {pattern: LVM_NAME, hint: 'Write the name as "vgs" or "lvs" on the node shows it'}

/** What values have to look like, as far as Proxmox VE checks it, or takes it and fails later. */
const SHAPES: Readonly<Record<string, Shape>> = {
  path: DIRECTORY,
  export: ABSOLUTE,
  subdir: ABSOLUTE,
  mountpoint: ABSOLUTE,
  server: HOST,
  vgname: LVM,
  thinpool: LVM,
  portal: {
    pattern: /^(?:[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\]|[0-9a-f:]+)(?::\d{1,5})?$/i,
    hint: 'Write a name or an address, with a port where it is not 3260: 192.0.2.20:3260',
  },
  target: {pattern: /^\S+$/, hint: 'Write the name of the target: iqn.2003-01.lan.nas:disks'},
  base: {pattern: /^[a-z][\w.-]*:\S+$/i, hint: 'Write the id of a volume: san:0.0.1.scsi-36001405'},
  pool: {pattern: /^[\w.:/-]+$/, hint: 'Write the name of the pool, or of a dataset in it: tank/vms'},
  blocksize: {pattern: /^\d+[kmg]?$/i, hint: 'Write a size like 16k'},
}

/** A name for a storage (reference 2.1): what volumes' ids begin with. */
export function checkStorageName(name: string): Result<string, Failure> {
  return STORAGE_ID.test(name)
    ? ok(name)
    : err(
        failure('usage', `"${name}" cannot be the name of a storage`, {
          hint: 'It begins with a letter, ends with a letter or digit, has at least two characters, and - _ . between them',
          details: {field: 'storage', value: name},
        }),
      )
}

/** Whether Proxmox VE would take it, before anything is sent: what is missing, what does not go together, what cannot be. */
export function checkNewStorage(wish: NewStorage): Result<NewStorage, Failure> {
  const type = storageTypeOf(wish.type)
  if (type === undefined) return err(failure('usage', `there is no type of storage "${wish.type}"`))
  const missing = type.required.filter((option) => wish.values[option] === undefined)
  if (missing.length > 0) {
    return err(
      failure(
        'usage',
        `a storage of type ${wish.type} needs ${missing.map((option) => flagOf(option)).join(' and ')}`,
        {
          details: {fields: missing},
        },
      ),
    )
  }

  return checkStorageName(wish.storage)
    .andThen(() => checkStorageValues(wish.type, type, wish.values))
    .andThen((values) => keptWithoutBackups(type, values).map(() => ({...wish, values})))
}

/** Each value for itself; the ones that have several spellings come back in Proxmox VE's. */
export function checkStorageValues(
  name: string,
  type: Pick<StorageType, 'content'>,
  values: StorageValues,
): Result<StorageValues, Failure> {
  const checked: Record<string, boolean | number | string> = {...values}
  for (const [option, value] of Object.entries(values)) {
    const shape = SHAPES[option]
    if (shape !== undefined && !shape.pattern.test(String(value))) return err(unlike(option, value, shape.hint))
    if (option === 'content') {
      const wrong = contentProblem(name, type, listOf(value))
      if (wrong !== undefined) return err(wrong)
    }

    if (option === 'bwlimit') {
      const wrong = listOf(value).find((part) => !new RegExp(`^(?:${LIMITS.join('|')})=\\d+(?:\\.\\d+)?$`).test(part))
      if (wrong !== undefined)
        return err(unlike(option, wrong, `Write KiB per second for ${LIMITS.join(', ')}: restore=102400,move=51200`))
    }

    if (option === 'fingerprint') {
      const fingerprint = normalizeFingerprint(String(value))
      if (fingerprint === undefined) return err(unlike(option, value, 'Write 32 bytes in hex, like AA:BB:…'))
      checked[option] = fingerprint
    }
  }

  return ok(checked)
}

/** Whether a definition already says all of this. Passwords and keys cannot be compared: no answer shows them. */
export function isDefinedSo(
  definition: StorageDefinition,
  {type, values}: Pick<NewStorage, 'type' | 'values'>,
): boolean {
  return (
    definition.type === type && Object.entries(values).every(([option, value]) => isValueSo(definition, option, value))
  )
}

/** Whether a definition has this value already. */
export function isValueSo(definition: StorageDefinition, option: string, value: boolean | number | string): boolean {
  switch (option) {
    case 'content': {
      return sameWords(
        definition.content,
        listOf(value).filter((kind) => kind !== 'none'),
      )
    }

    case 'nodes': {
      return sameWords(definition.nodes ?? [], listOf(value))
    }

    case 'shared': {
      return definition.shared === asBoolean(value)
    }

    case 'disable': {
      return definition.enabled === !asBoolean(value)
    }

    default: {
      const now = definition.options[option]
      return now === undefined
        ? value === false || (value === '0' && BOOLEAN_OPTIONS.has(option))
        : String(now) === String(typeof value === 'boolean' ? Number(value) : value)
    }
  }
}

/** `is_mountpoint` -> `--is-mountpoint` */
export function flagOf(option: string): string {
  return `--${option.replaceAll('_', '-')}`
}

function asBoolean(value: boolean | number | string): boolean {
  return value === true || value === 1 || value === '1'
}

function listOf(value: boolean | number | string): string[] {
  return String(value)
    .split(/[\s,;]+/)
    .filter((word) => word !== '')
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set([...a, ...b]).size && new Set(b).size === new Set([...a, ...b]).size
}

function contentProblem(
  name: string,
  {content}: Pick<StorageType, 'content'>,
  wanted: readonly string[],
): Failure | undefined {
  const able = MAY_HOLD_NOTHING.has(name) ? [...content, 'none'] : content
  const wrong = wanted.find((kind) => !able.includes(kind))
  if (wrong !== undefined) {
    const near = closest(wrong, able)
    return failure('usage', `a storage of type ${name} cannot hold "${wrong}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}It can hold: ${able.join(', ')}`,
      details: {field: 'content', value: wrong, possible: able},
    })
  }

  return wanted.length === 0 || (wanted.includes('none') && wanted.length > 1)
    ? failure('usage', wanted.length === 0 ? 'no content is named' : '"none" stands alone', {
        hint: `Name some of: ${able.join(', ')}`,
        details: {field: 'content'},
      })
    : undefined
}

/** Rules of what to keep do nothing where no backup may lie: that is a slip. */
function keptWithoutBackups({content, defaultContent}: StorageType, values: StorageValues): Result<void, Failure> {
  const rule = ['prune-backups', 'max-protected-backups'].find((option) => values[option] !== undefined)
  const kinds = values['content'] === undefined ? defaultContent : listOf(values['content'])
  return rule === undefined || kinds.includes('backup') || !content.includes('backup')
    ? ok(undefined)
    : err(
        failure('usage', `${rule} is about backups, and this storage is to hold ${kinds.join(', ')} only`, {
          hint: `Let it hold backups too: --content ${[...kinds, 'backup'].join(',')}`,
          details: {field: rule},
        }),
      )
}

function unlike(option: string, value: boolean | number | string, hint: string): Failure {
  return failure('usage', `"${String(value)}" is no ${option}`, {hint, details: {field: option, value}})
}
