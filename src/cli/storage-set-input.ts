import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {pvesmCommand, type NativeLine} from '../domain/native-command.js'
import type {StorageValues} from '../domain/new-storage.js'
import {BOOLEAN_OPTIONS} from '../domain/storage-types.js'
import type {StorageChange, StorageWish} from '../services/storage-change-service.js'
import {wordsOf, type StorageFlagValues} from './storage-flags.js'
import {nativeSecrets} from './storage-secrets.js'

/** What `--dry-run` says; both are empty where nothing would change. */
export interface PlannedStorageChange {
  readonly dryRun: true
  readonly action: 'set'
  readonly storage: string
  readonly parameters: StorageValues
  readonly remove: readonly string[]
}

export interface SetFlags {
  readonly content?: string | undefined
  readonly nodes?: string | undefined
  readonly 'all-nodes': boolean
  readonly shared?: boolean | undefined
  readonly bwlimit?: string | undefined
  readonly delete?: readonly string[] | undefined
  readonly 'password-stdin': boolean
  readonly 'password-file'?: string | undefined
  readonly 'keyring-file'?: string | undefined
}

const SECRETS = ['encryption-key', 'keyring', 'master-pubkey', 'password']
/** Options with flags and commands of their own, which say what they do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  disable: 'storage enable and storage disable do that',
  content: 'Write --content a,b',
  nodes: 'Write --nodes a,b or --all-nodes',
}

/** What flags and `key=value` words ask for; a `usage` failure where they ask for nothing, or show a secret. */
export function wishFrom(flags: SetFlags, pairs: Readonly<Record<string, string>>): Result<StorageWish, Failure> {
  const secret = SECRETS.find((key) => pairs[key] !== undefined)
  if (secret !== undefined) {
    return err(
      failure('usage', `${secret} is not taken from the command line, where everybody on this machine can read it`, {
        hint:
          secret === 'keyring'
            ? 'Give its file: --keyring-file FILE'
            : 'Give it with --password-stdin or --password-file',
        details: {field: secret},
      }),
    )
  }

  const misplaced = Object.keys(ELSEWHERE).find((key) => pairs[key] !== undefined)
  if (misplaced !== undefined)
    return err(
      failure('usage', `${misplaced} has its own way`, {hint: ELSEWHERE[misplaced] ?? '', details: {field: misplaced}}),
    )
  const content = wordsOf(flags.content)
  const nodes = wordsOf(flags.nodes)
  const values = {
    ...Object.fromEntries(Object.entries(pairs).map(([key, value]) => [key, wireValue(key, value)])),
    ...(content !== undefined && {content}),
    ...(nodes !== undefined && {nodes}),
    ...(flags.shared !== undefined && {shared: flags.shared}),
    ...(flags.bwlimit !== undefined && {bwlimit: flags.bwlimit}),
  }
  const remove = [...(flags.delete ?? []).flatMap((keys) => keys.split(',')), ...(flags['all-nodes'] ? ['nodes'] : [])]
  const secrets = flags['password-stdin'] || flags['password-file'] !== undefined || flags['keyring-file'] !== undefined
  if (Object.keys(values).length === 0 && remove.length === 0 && !secrets)
    return err(failure('usage', 'nothing to change', {hint: 'Give --content, --nodes, key=value or --delete KEY'}))
  return ok({values, remove: [...new Set(remove)]})
}

/** `pvesm set …`, for any node. */
export function nativeChange({definition, remove, values}: StorageChange, flags: SetFlags): NativeLine {
  const password = flags['password-stdin'] || flags['password-file'] !== undefined
  return {
    node: definition.nodes?.[0] ?? 'any node',
    command: pvesmCommand('set', [definition.storage], {
      ...values,
      ...nativeSecrets(flags as unknown as StorageFlagValues, password),
      ...(remove.length > 0 && {delete: remove.join(',')}),
    }),
  }
}

/** The change in words, a line for each option. */
export function changeText({definition, remove, values}: StorageChange): string {
  const {content, nodes, options, shared, storage} = definition
  const now: Readonly<Record<string, unknown>> = {...options, content, nodes, shared}
  const was = (option: string) => (now[option] === undefined ? 'not set' : String(now[option]))
  const lines = [
    ...Object.entries(values).map(([option, value]) => `  ${option}: ${was(option)} -> ${String(value)}`),
    ...remove.map((option) => `  ${option}: ${was(option)} -> not set`),
  ]
  return lines.length === 0
    ? `storage "${storage}" is so already`
    : [`would change storage "${storage}"`, ...lines].join('\n')
}

/** The API takes 1 and 0 only (reference 2.1); people write yes and no. */
function wireValue(key: string, value: string): string {
  if (!BOOLEAN_OPTIONS.has(key)) return value
  return /^(?:yes|on|true)$/i.test(value) ? '1' : /^(?:no|off|false)$/i.test(value) ? '0' : value
}
