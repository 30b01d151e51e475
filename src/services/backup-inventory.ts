import {err, errAsync, ok, okAsync, ResultAsync, type Result} from 'neverthrow'
import {
  newestFirst,
  noBackup,
  parseBackupAddress,
  parseBackupVolume,
  pickBackup,
  type Backup,
  type BackupReference,
} from '../domain/backup.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestNoun, guestsCalled, type Guest, type GuestType} from '../domain/guest.js'
import type {NodeStorage} from '../domain/storage.js'
import type {BackupRepository, BackupVolume} from '../repositories/backup-repository.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import {fanOut} from './fan-out.js'

const PARALLEL = 4

/** Where to look. */
export interface BackupPlaces {
  readonly storages?: readonly string[]
  readonly node?: string
}

/** Whose backups: by VMID, and where both a VM and a container have had it, the type. */
export interface Owner {
  readonly vmid: number
  readonly type?: GuestType
}

/** A storage that could not be asked, on that node or on any. */
export interface UnseenStorage {
  readonly storage: string
  readonly node: string
  readonly reason: string
}

export interface BackupInventory {
  /** Newest first. */
  readonly backups: readonly Backup[]
  readonly unseen: readonly UnseenStorage[]
}

/** One storage to be asked: a shared one once, at any of these nodes. */
export interface BackupPlace {
  readonly storage: string
  readonly shared: boolean
  readonly nodes: readonly string[]
}

/** What backups there are, on every storage that holds any. */
export class BackupInventoryService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly backups: BackupRepository,
  ) {}

  /** All that can be seen, or those of some guests. A storage that does not answer is named beside the others' backups. */
  list(
    places: BackupPlaces = {},
    owners?: readonly Owner[],
    signal?: AbortSignal,
  ): ResultAsync<BackupInventory, Failure> {
    return this.cluster
      .resources()
      .andThen((resources) => new ResultAsync(this.collect(resources, places, owners, signal)))
  }

  /**
   * The one backup that a volume or `GUEST@WHICH` means. A guest that is gone is named by its VMID, or by the name in the first line of its backups' notes.
   * @returns `not-found`, `ambiguous-name`, or `usage` for a text that is neither
   */
  find(text: string, places: BackupPlaces = {}): ResultAsync<Backup, Failure> {
    return parseBackupAddress(text).asyncAndThen((address) =>
      'volume' in address ? this.volume(address.volume, places) : this.ofGuest(address, places),
    )
  }

  /** The guests that names mean, for lists: those that exist, and VMIDs of such that did once. */
  owners(names: readonly string[]): ResultAsync<Owner[], Failure> {
    return this.cluster.resources('vm').andThen(({guests}) => {
      const owners: Owner[] = []
      for (const name of names) {
        const owner = ownerCalled(guests, name)
        if (owner.isErr()) return err(owner.error)
        if (owner.value === undefined) return err(noGuest(name))
        owners.push(owner.value)
      }

      return ok(owners)
    })
  }

  private volume(volume: string, {node}: BackupPlaces): ResultAsync<Backup, Failure> {
    const name = parseBackupVolume(volume)
    return this.list({
      ...(name !== undefined && {storages: [name.storage]}),
      ...(node !== undefined && {node}),
    }).andThen(({backups, unseen}) => {
      const [found, another] = backups.filter((backup) => backup.volume === volume)
      if (found !== undefined && another === undefined) return ok(found)
      if (found !== undefined) {
        const nodes = backups.filter((backup) => backup.volume === volume).map((backup) => backup.node)
        return err(
          failure('ambiguous-name', `a backup "${volume}" lies on several nodes: ${nodes.join(', ')}`, {
            hint: 'Say which with --node',
            details: {volume, nodes},
          }),
        )
      }

      return err(unseen.length > 0 ? notSeen(`backup ${volume}`, unseen) : noVolume(volume))
    })
  }

  private ofGuest(reference: BackupReference, places: BackupPlaces): ResultAsync<Backup, Failure> {
    return this.cluster.resources().andThen((resources) => {
      const owner = ownerCalled(resources.guests, reference.guest)
      if (owner.isErr()) return errAsync(owner.error)
      const wanted = owner.value === undefined ? undefined : [owner.value]
      return new ResultAsync(this.collect(resources, places, wanted)).andThen(({backups, unseen}) => {
        const candidates =
          owner.value === undefined
            ? backups.filter(({notes}) => notes?.split('\n', 1)[0]?.trim() === reference.guest)
            : backups
        const one = sameOwner(candidates, reference.guest)
        if (one.isErr()) return err(one.error)
        if (candidates.length === 0)
          return err(unseen.length > 0 ? notSeen(`a backup of ${reference.guest}`, unseen) : noBackup(reference.guest))
        return pickBackup(candidates, reference)
      })
    })
  }

  private async collect(
    resources: ClusterResources,
    places: BackupPlaces,
    owners: readonly Owner[] | undefined,
    signal?: AbortSignal,
  ): Promise<Result<BackupInventory, Failure>> {
    const placed = backupPlaces(resources, places)
    if (placed.isErr()) return err(placed.error)
    const {asked, unseen} = placed.value
    // One guest's backups are asked for by its VMID, which is quicker on a backup server.
    const [only, another] = owners ?? []
    const vmid = another === undefined ? only?.vmid : undefined
    const answers = await fanOut(
      asked,
      ({storage}) => storage,
      (place) => this.ask(place, vmid),
      {
        parallel: PARALLEL,
        failFast: false,
        ...(signal !== undefined && {signal}),
      },
    )
    const missing: UnseenStorage[] = [...unseen]
    const backups: Backup[] = []
    for (const [index, answer] of answers.entries()) {
      if (answer.ok) backups.push(...answer.value.map((row) => named(row, resources.guests)))
      else {
        if (answers.length === 1) return err(answer.error)
        missing.push({
          storage: answer.target,
          node: asked[index]?.nodes[0] ?? '',
          reason: answer.error.message,
        })
      }
    }

    const wanted =
      owners === undefined
        ? backups
        : backups.filter((backup) =>
            owners.some(
              ({type, vmid: id}) =>
                backup.vmid === id && (type === undefined || backup.type === undefined || backup.type === type),
            ),
          )
    return ok({backups: wanted.sort(newestFirst), unseen: missing})
  }

  /** A shared storage is asked at another node when the first does not answer. */
  private async ask({nodes, shared, storage}: BackupPlace, vmid?: number): Promise<Result<Backup[], Failure>> {
    let last: Failure = failure('unexpected', `storage ${storage} is on no node`)
    for (const node of nodes) {
      const listed = await this.backups.list(node, storage, vmid)
      if (listed.isOk()) return ok(listed.value.map((row) => backupFrom(row, {node, shared, storage})))
      last = listed.error
    }

    return err(last)
  }
}

/** A row of a list, with where it was asked for. */
export function backupFrom({time, ...row}: BackupVolume, place: Pick<Backup, 'node' | 'shared' | 'storage'>): Backup {
  return {...row, time: new Date(time * 1000).toISOString().replace('.000Z', 'Z'), ...place}
}

/** The storages that hold backups, and those among them that cannot be asked. */
export function backupPlaces(
  {nodes, storages}: ClusterResources,
  {node, storages: named}: BackupPlaces,
): Result<{asked: BackupPlace[]; unseen: UnseenStorage[]}, Failure> {
  if (node !== undefined && !nodes.some((one) => one.node === node)) {
    return err(
      failure('not-found', `there is no node "${node}"`, {
        hint: `The nodes are: ${nodes.map((one) => one.node).join(', ')}`,
        details: {node},
      }),
    )
  }

  const holding = storages.filter(({content}) => content.includes('backup'))
  for (const storage of named ?? []) {
    if (holding.some((one) => one.storage === storage)) continue
    const known = storages.some((one) => one.storage === storage)
    return err(
      failure(
        known ? 'refused' : 'not-found',
        known
          ? `storage "${storage}" holds no backups`
          : `there is no storage "${storage}", or it is disabled, or this login may not see it`,
        {
          hint: `These hold backups: ${[...new Set(holding.map((one) => one.storage))].sort().join(', ') || 'none'}`,
          details: {storage, reason: known ? 'storage-content' : 'storage-unknown'},
        },
      ),
    )
  }

  const seen = holding.filter(
    (one) => (named === undefined || named.includes(one.storage)) && (node === undefined || one.node === node),
  )
  const online = new Set(nodes.filter(({status}) => status !== 'offline').map((one) => one.node))
  const usable = (one: NodeStorage): boolean => one.available && online.has(one.node)
  const asked: BackupPlace[] = []
  const unseen: UnseenStorage[] = []
  for (const storage of new Set(seen.map((one) => one.storage))) {
    const entries = seen.filter((one) => one.storage === storage).sort((a, b) => (a.node < b.node ? -1 : 1))
    const shared = entries.some((one) => one.shared)
    const able = entries.filter((one) => usable(one)).map((one) => one.node)
    if (shared && able.length > 0) asked.push({storage, shared, nodes: able})
    if (!shared) for (const one of able) asked.push({storage, shared, nodes: [one]})
    for (const one of entries.filter((entry) => !usable(entry))) {
      if (shared && able.length > 0) continue
      const reason = online.has(one.node) ? 'the storage is not available there' : 'the node is offline'
      unseen.push({storage, node: one.node, reason})
    }
  }

  return ok({asked, unseen})
}

function named(backup: Backup, guests: readonly Guest[]): Backup {
  const guest = guests.find(({type, vmid}) => vmid === backup.vmid && type === backup.type)
  return guest?.name === undefined ? backup : {...backup, guest: guest.name}
}

/** Undefined: no guest of today bears the name. A number may be the VMID of one that is gone. */
function ownerCalled(guests: readonly Guest[], name: string): Result<Owner | undefined, Failure> {
  const found = guestsCalled(guests, name)
  const [guest, another] = found
  if (guest !== undefined && another === undefined) return ok({vmid: guest.vmid, type: guest.type})
  if (guest !== undefined) {
    return err(
      failure('ambiguous-name', `${found.length} guests are called "${name}"`, {
        hint: `Use the VMID of the one you mean: ${found.map((one) => `${guestNoun(one.type)} ${one.vmid} (on ${one.node})`).join(', ')}`,
        details: {name, candidates: found.map(({node, vmid}) => ({vmid, node}))},
      }),
    )
  }

  return ok(/^[1-9]\d{2,8}$/.test(name) ? {vmid: Number(name)} : undefined)
}

/** Backups that a name means must be those of one guest. */
function sameOwner(backups: readonly Backup[], name: string): Result<void, Failure> {
  const owners = [...new Map(backups.map((one) => [`${one.type ?? ''}/${one.vmid ?? ''}`, one])).values()]
  if (owners.length < 2) return ok(undefined)
  return err(
    failure('ambiguous-name', `"${name}" has been several guests`, {
      hint: `Name the backup by its volume; their newest are ${owners.map(({volume}) => volume).join(', ')}`,
      details: {name, candidates: owners.map(({type, vmid, volume}) => ({vmid, type, volume}))},
    }),
  )
}

function noGuest(name: string): Failure {
  return failure('not-found', `there is no guest "${name}"`, {
    hint: 'A guest that is gone is named by its VMID. See all backups: homelab proxmox backup list',
    details: {name},
  })
}

function noVolume(volume: string): Failure {
  return failure('not-found', `there is no backup "${volume}"`, {
    hint: 'See what there is: homelab proxmox backup list',
    details: {volume},
  })
}

function notSeen(what: string, unseen: readonly UnseenStorage[]): Failure {
  return failure(
    'not-found',
    `${what} was not found, and not every storage could be asked: ${unseen.map(({node, reason, storage}) => `${storage} on ${node} (${reason})`).join('; ')}`,
    {hint: 'See the storages: homelab proxmox cluster status', details: {unseen}},
  )
}

/** Backups of a guest on one storage, at a node that sees it. */
export function backupsOn(
  repository: BackupRepository,
  {node, shared, storage}: Pick<Backup, 'node' | 'shared' | 'storage'>,
  vmid: number,
): ResultAsync<Backup[], Failure> {
  return repository
    .list(node, storage, vmid)
    .andThen((rows) => okAsync(rows.map((row) => backupFrom(row, {node, shared, storage}))))
}
