import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {naturalOrder} from '../domain/natural-order.js'
import {
  checkNewStorage,
  checkStorageValues,
  isDefinedSo,
  isValueSo,
  type NewStorage,
  type StorageValues,
} from '../domain/new-storage.js'
import type {Secret} from '../domain/secret.js'
import type {StorageDefinition} from '../domain/storage-definition.js'
import {releaseOf, storageTypeOf} from '../domain/storage-types.js'
import {closest} from '../domain/suggest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {StorageRepository} from '../repositories/storage-repository.js'
import type {ReleaseGate} from './release-gate.js'
import type {Bounds, StorageReport, StorageService} from './storage-service.js'

export type StorageSecrets = Readonly<Record<string, Secret>>

/** What is to be done about a new storage; nothing where it is there already, just so. */
export interface StorageAddition extends NewStorage {
  readonly existing?: StorageDefinition
  /** The nodes it will be for. */
  readonly nodes: readonly string[]
}

/** A change of a definition, key by key. */
export interface StorageChange {
  readonly definition: StorageDefinition
  /** Only what differs from what is. */
  readonly values: StorageValues
  /** Options that are there and go. */
  readonly remove: readonly string[]
}

export interface StorageWish {
  readonly values: StorageValues
  readonly remove: readonly string[]
}

/** The definition afterwards with what its nodes make of it. `changed: false`: it was so already. */
export type StorageOutcome = StorageReport & {readonly changed: boolean}

/** Options of every type that may be taken away. */
const REMOVABLE = ['bwlimit', 'content', 'disable', 'nodes', 'shared']

/** Adding storages and changing how they are defined. */
export class StorageChangeService {
  constructor(
    private readonly definitions: StorageRepository,
    private readonly storages: StorageService,
    private readonly cluster: ClusterRepository,
    private readonly releases: ReleaseGate,
  ) {}

  /** Everything that can be known to be wrong, found out with GET requests. */
  plan(wish: NewStorage): ResultAsync<StorageAddition, Failure> {
    return checkNewStorage(wish)
      .asyncAndThen((checked) => this.supported(checked.values).map(() => checked))
      .andThen((checked) =>
        ResultAsync.combine([this.definitions.list(), this.cluster.resources('node')] as const).andThen(
          ([definitions, resources]) => {
            const existing = definitions.find(({storage}) => storage === checked.storage)
            if (existing !== undefined && !isDefinedSo(existing, checked)) return err(alreadyThere(existing))
            return membersFrom(checked.values['nodes'], resources)
              .andThen((nodes) => baseProblem(checked.values, definitions).map(() => nodes))
              .map((nodes): StorageAddition => ({...checked, nodes, ...(existing && {existing})}))
          },
        ),
      )
  }

  /** Adds it and looks what each of its nodes makes of it. The definition is there even where no node can use it. */
  add(plan: StorageAddition, secrets: StorageSecrets, bounds: Bounds): ResultAsync<StorageOutcome, Failure> {
    const {existing, storage, type, values} = plan
    if (existing !== undefined) return this.report(storage, bounds).map((report) => ({...report, changed: false}))
    return this.definitions
      .add(storage, type, {...values, ...secrets})
      .orElse((failed) => this.wasAdded(plan, failed))
      .andThen(() => this.report(storage, bounds))
      .map((report) => ({...report, changed: true}))
  }

  /** What a change comes to: values that differ, options that are there. Refuses what cannot be changed. */
  planChange(name: string, {remove, values}: StorageWish): ResultAsync<StorageChange, Failure> {
    return ResultAsync.combine([this.storages.find(name), this.cluster.resources('node')] as const).andThen(
      ([definition, resources]) =>
        possibleChange(definition, {values, remove})
          .andThen((checked) => membersFrom(checked['nodes'], resources).map(() => checked))
          .asyncAndThen((checked) => this.supported(checked).map(() => checked))
          .map((checked): StorageChange => ({
            definition,
            values: Object.fromEntries(
              Object.entries(checked).filter(([option, value]) => !isValueSo(definition, option, value)),
            ),
            remove: remove.filter((option) => isSet(definition, option)),
          })),
    )
  }

  /** Sends it with the digest of what it was made from, and reads back what is so now. */
  change(
    {definition, remove, values}: StorageChange,
    secrets: StorageSecrets,
    bounds: Bounds,
  ): ResultAsync<StorageOutcome, Failure> {
    const {digest, storage} = definition
    const nothing = remove.length === 0 && Object.keys(values).length === 0 && Object.keys(secrets).length === 0
    const sent = nothing
      ? okAsync<void, Failure>(undefined)
      : this.definitions.set(storage, {
          parameters: {...values, ...secrets},
          remove,
          ...(digest !== undefined && {digest}),
        })
    return sent.andThen(() => this.report(storage, bounds)).map((report) => ({...report, changed: !nothing}))
  }

  /** `changed: false` where it is so already. */
  enable(name: string, enabled: boolean, bounds: Bounds): ResultAsync<StorageOutcome, Failure> {
    return this.planEnabling(name, enabled).andThen((change) => this.change(change, {}, bounds))
  }

  planEnabling(name: string, enabled: boolean): ResultAsync<StorageChange, Failure> {
    return this.planChange(name, enabled ? {values: {}, remove: ['disable']} : {values: {disable: true}, remove: []})
  }

  private report(storage: string, bounds: Bounds): ResultAsync<StorageReport, Failure> {
    return this.storages.show(storage, bounds)
  }

  /** An answer that was lost, or took longer than the server waits for itself, says nothing: the definition does. */
  private wasAdded(plan: StorageAddition, failed: Failure): ResultAsync<void, Failure> {
    if (failed.kind !== 'outcome-unknown' && failed.kind !== 'timeout') return errAsync(failed)
    return this.storages
      .find(plan.storage)
      .orElse(() => errAsync(failed))
      .andThen((found) => (isDefinedSo(found, plan) ? ok(undefined) : err(failed)))
  }

  private supported(values: StorageValues): ResultAsync<void, Failure> {
    const gates = Object.keys(values).flatMap((option) => releaseOf(option) ?? [])
    if (/(?:^|,)import(?:,|$)/.test(String(values['content'] ?? '')))
      gates.push({what: 'content "import"', since: '8.3'})
    return gates.reduce<ResultAsync<void, Failure>>(
      (before, {since, what}) =>
        before.andThen(() => this.releases.require(what, since, 'Leave it out on this server')),
      okAsync(undefined),
    )
  }
}

/** The nodes that a list names, all of them without one; a failure for one that there is not. */
function membersFrom(
  list: boolean | number | string | undefined,
  {nodes}: Pick<ClusterResources, 'nodes'>,
): Result<string[], Failure> {
  const members = nodes.map(({node}) => node).sort(naturalOrder)
  const wanted = list === undefined ? members : String(list).split(',')
  const wrong = wanted.find((node) => !members.includes(node))
  if (wrong === undefined) return ok(wanted)
  const near = closest(wrong, members)
  return err(
    failure('not-found', `there is no node "${wrong}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The nodes are: ${members.join(', ')}`,
      details: {field: 'nodes', node: wrong},
    }),
  )
}

/** LVM on a LUN: the storage of that LUN has to be there. */
function baseProblem(values: StorageValues, definitions: readonly StorageDefinition[]): Result<void, Failure> {
  const [base] = String(values['base'] ?? '').split(':', 1)
  if (base === undefined || base === '' || definitions.some(({storage}) => storage === base)) return ok(undefined)
  return err(
    failure('not-found', `there is no storage "${base}" for --base`, {
      hint: 'Add the iSCSI storage first: homelab proxmox storage add iscsi NAME',
      details: {field: 'base', storage: base},
    }),
  )
}

function possibleChange(
  {type, ...definition}: StorageDefinition,
  {remove, values}: StorageWish,
): Result<StorageValues, Failure> {
  const known = storageTypeOf(type)
  const twice = remove.find((option) => values[option] !== undefined)
  if (twice !== undefined)
    return err(failure('usage', `${twice} cannot be set and deleted at once`, {details: {field: twice}}))
  // Of a type it knows nothing of, the server decides.
  if (known === undefined) return ok(values)
  const able = [...known.required, ...known.fixed, ...known.changeable, ...known.secret, ...REMOVABLE]
  for (const option of [...Object.keys(values), ...remove]) {
    if (!able.includes(option) || (option === 'shared' && known.shared !== 'as-defined')) {
      const near = closest(option, [...known.changeable, 'bwlimit', 'content', 'nodes'])
      return err(
        failure('usage', `a storage of type ${type} has no option "${option}" that can change`, {
          hint: `${near === undefined ? '' : `Did you mean "${near}"? `}It has: ${[...known.changeable, 'bwlimit', 'content', 'nodes'].sort().join(', ')}`,
          details: {field: option, type},
        }),
      )
    }

    if (
      known.fixed.includes(option) ||
      (known.required.includes(option) && (remove.includes(option) || option !== 'server'))
    )
      return err(
        failure('refused', `${option} of storage "${definition.storage}" cannot change once it is added`, {
          hint: `Add another storage with the right ${option}, or remove this one and add it again; what lies there stays`,
          details: {field: option, storage: definition.storage},
        }),
      )
  }

  return checkStorageValues(type, known, values)
}

function isSet(definition: StorageDefinition, option: string): boolean {
  switch (option) {
    case 'content': {
      return true
    }

    case 'disable': {
      return !definition.enabled
    }

    case 'nodes': {
      return definition.nodes !== undefined
    }

    case 'shared': {
      return definition.shared
    }

    default: {
      // A secret may be there or not: no answer tells.
      return (
        definition.options[option] !== undefined || (storageTypeOf(definition.type)?.secret.includes(option) ?? false)
      )
    }
  }
}

function alreadyThere({enabled, storage, type}: StorageDefinition): Failure {
  return failure(
    'already-exists',
    `there is a storage "${storage}" already, of type ${type}${enabled ? '' : ', disabled'}`,
    {
      hint: `See it: homelab proxmox storage show ${storage}; change it: homelab proxmox storage set ${storage}`,
      details: {storage, type},
    },
  )
}
