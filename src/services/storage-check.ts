import {err, errAsync, ok, okAsync, type Result, type ResultAsync} from 'neverthrow'
import {failure, type Failure} from '../domain/failure.js'
import {storageOf} from '../domain/guest-disks.js'
import {naturalOrder} from '../domain/natural-order.js'
import {formatSize} from '../domain/size.js'
import {describeStorage} from '../domain/storage-affinity.js'
import type {NodeStorage} from '../domain/storage.js'
import {closest} from '../domain/suggest.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {NodeStorageRepository, StorageState, Volume} from '../repositories/node-storage-repository.js'

/** What a storage is needed for. */
export interface StorageDemand {
  readonly node: string
  readonly storage: string
  /** `images` for VMs' disks, `rootdir` for containers'; without it any storage will do. */
  readonly content?: string
  /** Room for so many bytes. */
  readonly bytes?: number
  /** A thin storage may promise more than it has. */
  readonly overcommit?: boolean
}

/** Storages that give a volume its whole size at once, whatever the caller thinks of it. */
const THICK: ReadonlySet<string> = new Set(['iscsi', 'lvm'])

const CONTENT_NOUNS: Readonly<Record<string, string>> = {
  backup: 'backups',
  images: 'disks of VMs (images)',
  rootdir: 'disks of containers (rootdir)',
}

/** Whether a storage can take what is meant for it, before anything is sent. */
export class StorageCheck {
  constructor(
    private readonly storages: NodeStorageRepository,
    private readonly cluster: ClusterRepository,
  ) {}

  /** The storage as the node has it now, or why it will not do: not there, off, of other content, too full. */
  require(demand: StorageDemand): ResultAsync<StorageState, Failure> {
    return this.storages.list(demand.node).andThen((states) => {
      const state = states.find(({enabled, storage}) => storage === demand.storage && enabled)
      return state === undefined
        ? this.missing(demand, states)
        : fits(state, demand, states).match<ResultAsync<StorageState, Failure>>(okAsync, errAsync)
    })
  }

  /** A volume that exists, as its storage lists it. */
  volume(node: string, volume: string): ResultAsync<Volume, Failure> {
    const storage = storageOf(volume)
    if (storage === undefined) {
      return errAsync(
        failure('usage', `"${volume}" is not the id of a volume`, {
          hint: 'Write STORAGE:NAME, as local-lvm:vm-101-disk-1',
          details: {volume},
        }),
      )
    }

    return this.require({node, storage}).andThen(() =>
      this.storages.volumes(node, storage).andThen((volumes) => {
        const found = volumes.find((one) => one.volume === volume)
        return found === undefined ? err(unknownVolume(node, volume, volumes)) : ok(found)
      }),
    )
  }

  /** The volumes of one guest on a storage; none where they may not be seen. */
  volumesOf(node: string, storage: string, vmid: number): ResultAsync<Volume[], Failure> {
    return this.storages.volumes(node, storage, {vmid})
  }

  private missing(
    {content, node, storage}: StorageDemand,
    states: readonly StorageState[],
  ): ResultAsync<never, Failure> {
    return this.cluster
      .resources('storage')
      .map(({storages}) => storages)
      .orElse(() => okAsync([]))
      .andThen((all) => {
        const nodes = all.filter((one) => one.storage === storage && one.node !== node).map((one) => one.node)
        const hint = alternatives(states, content, node, all)
        if (nodes.length > 0) {
          return errAsync(
            failure('refused', `storage "${storage}" is not on node ${node}, only on ${nodes.sort().join(', ')}`, {
              hint,
              details: {reason: 'storage-not-on-node', storage, node, nodes},
            }),
          )
        }

        if (states.some((one) => one.storage === storage)) {
          return errAsync(
            failure('refused', `storage "${storage}" is disabled`, {
              hint: `Enable it: homelab proxmox storage enable ${storage}. ${hint}`,
              details: {reason: 'storage-disabled', storage, node},
            }),
          )
        }

        const near = closest(
          storage,
          states.map((one) => one.storage),
        )
        return errAsync(
          failure('not-found', `there is no storage "${storage}" on node ${node}, or this login may not use it`, {
            hint: near === undefined ? hint : `Did you mean "${near}"? ${hint}`,
            details: {reason: 'storage-unknown', storage, node},
          }),
        )
      })
  }
}

function fits(
  state: StorageState,
  {bytes = 0, content, node, overcommit, storage}: StorageDemand,
  states: readonly StorageState[],
): Result<StorageState, Failure> {
  if (!state.active) {
    return err(
      failure('refused', `storage "${storage}" is not active on node ${node}`, {
        hint: `Is it mounted, and its server up? See what the node says: homelab proxmox storage show ${storage}`,
        details: {reason: 'storage-inactive', storage, node},
      }),
    )
  }

  if (content !== undefined && !state.content.includes(content)) {
    const what = CONTENT_NOUNS[content] ?? content
    return err(
      failure('refused', `storage "${storage}" holds no ${what}, only ${state.content.join(', ') || 'nothing'}`, {
        hint: alternatives(states, content, node),
        details: {reason: 'storage-content', storage, content: state.content},
      }),
    )
  }

  const free = state.freeBytes
  if (free === undefined || bytes <= free || (overcommit === true && !THICK.has(state.type) && free > 0))
    return ok(state)
  const thin = !THICK.has(state.type) && free > 0
  return err(
    failure(
      'no-capacity',
      `storage "${storage}" has ${formatSize(free)} free on node ${node}, and ${formatSize(bytes)} are asked for`,
      {
        hint: thin
          ? 'Take less, make room, or name another storage; a thin one can promise more than it has: --overcommit'
          : 'Take less, make room, or name another storage',
        details: {reason: 'storage-full', storage, node, freeBytes: free, neededBytes: bytes},
      },
    ),
  )
}

function alternatives(
  states: readonly StorageState[],
  content: string | undefined,
  node: string,
  all: readonly NodeStorage[] = [],
): string {
  const able = states
    .filter((one) => one.enabled && one.active && (content === undefined || one.content.includes(content)))
    .sort((a, b) => naturalOrder(a.storage, b.storage))
    .map(({freeBytes, ...one}) => ({
      ...one,
      node,
      available: true,
      // What can be written yet counts here, not what is left of the whole.
      ...(freeBytes !== undefined && {totalBytes: freeBytes, usedBytes: 0}),
    }))
  return able.length === 0
    ? `No storage of node ${node} would do`
    : `On ${node} these would do: ${able.map((one) => describeStorage(one, all)).join(', ')}`
}

function unknownVolume(node: string, volume: string, volumes: readonly Volume[]): Failure {
  const near = closest(
    volume,
    volumes.map((one) => one.volume),
  )
  return failure('not-found', `there is no volume "${volume}" on node ${node}`, {
    hint:
      near === undefined
        ? `See what there is: homelab proxmox storage content ${storageOf(volume) ?? ''} --node ${node}`
        : `Did you mean "${near}"?`,
    details: {reason: 'volume-unknown', volume, node},
  })
}
