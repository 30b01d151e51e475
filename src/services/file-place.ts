import {err, ok, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {naturalOrder} from '../domain/natural-order.js'
import {describeStorage} from '../domain/storage-affinity.js'
import type {NodeStorage} from '../domain/storage.js'
import {closest} from '../domain/suggest.js'
import {FILE_KINDS, type FileContent, type VolumeFile} from '../domain/volume-file.js'

/** What somebody says of where a file is or shall be. */
export interface PlaceWish {
  readonly node?: string | undefined
  readonly storage?: string | undefined
}

/** Where a file is put: a storage as one node sees it. */
export type FilePlace = Pick<VolumeFile, 'nodes' | 'shared' | 'storage'> & {readonly node: string}

/** Nothing can be written to these, though they hold images. */
const READ_ONLY: ReadonlySet<string | undefined> = new Set(['esxi'])

/**
 * The storage that a file goes to, as one of its nodes sees it. Several that would do are a usage error: none is picked by chance.
 * @param near the nodes to prefer where a shared storage has several, the best first
 */
export function choosePlace(
  content: FileContent,
  resources: ClusterResources,
  wish: PlaceWish,
  near: readonly string[] = [],
): Result<FilePlace, Failure> {
  const unknown = unknownPlace(resources, wish)
  if (unknown !== undefined) return err(unknown)
  const wanted = placesOf(content, resources, {node: wish.node}).filter(({type}) => !READ_ONLY.has(type))
  const able = wish.storage === undefined ? wanted : wanted.filter(({storage}) => storage === wish.storage)
  const places = able.filter((one, index) => !one.shared || able.findIndex((each) => isSame(each, one)) === index)
  const [only, another] = places
  if (only === undefined) return err(noPlace(content, resources, wish, wanted))
  if (another !== undefined) return err(severalPlaces(content, resources, wish, places))
  const nodes = nodesOf(only, resources)
  const candidates = able.map(({node}) => node).sort(naturalOrder)
  const node = near.find((one) => candidates.includes(one)) ?? candidates[0] ?? only.node
  return ok({node, nodes, storage: only.storage, shared: only.shared})
}

/** The storages that hold such files now, one entry for each node that has them. */
export function placesOf(content: FileContent, resources: ClusterResources, {node, storage}: PlaceWish): NodeStorage[] {
  const online = onlineNodes(resources)
  return resources.storages.filter(
    (one) =>
      one.available &&
      online.has(one.node) &&
      one.content.includes(content) &&
      (node === undefined || one.node === node) &&
      (storage === undefined || one.storage === storage),
  )
}

/** A storage on a node that nobody can look into now. */
export interface UnseenPlace {
  readonly storage: string
  readonly node: string
  readonly why: 'node-offline' | 'not-available'
}

/** What `placesOf` leaves out though it may hold such files; not what is shared and can be seen from another node. */
export function unseenPlaces(content: FileContent, resources: ClusterResources, wish: PlaceWish): UnseenPlace[] {
  const online = onlineNodes(resources)
  const seen = placesOf(content, resources, wish)
  return resources.storages
    .filter(
      (one) =>
        one.content.includes(content) &&
        (wish.node === undefined || one.node === wish.node) &&
        (wish.storage === undefined || one.storage === wish.storage) &&
        !seen.some((other) => isSame(one, other)),
    )
    .map(({node, storage}) => ({storage, node, why: online.has(node) ? 'not-available' : 'node-offline'}))
}

/** The nodes that see what lies there, those first that can be asked for it now. */
export function nodesOf(place: NodeStorage, resources: ClusterResources): string[] {
  if (!place.shared) return [place.node]
  const online = onlineNodes(resources)
  const same = resources.storages.filter((one) => isSame(one, place))
  const rank = (one: NodeStorage): number => (one.available && online.has(one.node) ? 0 : 1)
  return same.sort((a, b) => rank(a) - rank(b) || naturalOrder(a.node, b.node)).map(({node}) => node)
}

/** A node or storage that is named and does not exist, or not there. */
export function unknownPlace(resources: ClusterResources, {node, storage}: PlaceWish): Failure | undefined {
  if (node !== undefined && !resources.nodes.some((one) => one.node === node)) {
    const names = resources.nodes.map((one) => one.node).sort(naturalOrder)
    return failure('not-found', `there is no node "${node}"`, {
      hint: `The nodes are: ${names.join(', ')}`,
      details: {reason: 'node-unknown', node, nodes: names},
    })
  }

  if (node !== undefined && !onlineNodes(resources).has(node)) {
    return failure('node-offline', `node ${node} is not online`, {
      hint: 'See which nodes are: homelab proxmox node list',
      details: {node},
    })
  }

  if (storage === undefined) return undefined
  const entries = resources.storages.filter((one) => one.storage === storage)
  if (entries.length === 0) {
    const names = [...new Set(resources.storages.map((one) => one.storage))].sort(naturalOrder)
    const near = closest(storage, names)
    return failure('not-found', `there is no storage "${storage}", or it is disabled, or this login may not use it`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}The storages are: ${names.join(', ') || 'none'}`,
      details: {reason: 'storage-unknown', storage, storages: names},
    })
  }

  if (node === undefined || entries.some((one) => one.node === node)) return undefined
  const nodes = entries.map((one) => one.node).sort(naturalOrder)
  return failure('refused', `storage "${storage}" is not on node ${node}, only on ${nodes.join(', ')}`, {
    hint: `Name another storage, or one of these nodes: --node ${nodes[0]}`,
    details: {reason: 'storage-not-on-node', storage, node, nodes},
  })
}

function noPlace(
  content: FileContent,
  resources: ClusterResources,
  {node, storage}: PlaceWish,
  others: readonly NodeStorage[],
): Failure {
  const {plural} = FILE_KINDS[content]
  const where = node === undefined ? '' : ` on ${node}`
  const names = others.map((one) => describeStorage(one, resources.storages))
  const hint =
    names.length > 0
      ? `These take them: ${[...new Set(names)].join(', ')}`
      : `Give a directory or NFS storage the content "${content}": Datacenter, Storage, Edit`
  const named = resources.storages.filter((one) => one.storage === storage && (node === undefined || one.node === node))
  const [first] = named
  if (storage === undefined || first === undefined) {
    return failure('refused', `no active storage${where} takes ${plural}`, {hint, details: {reason: 'storage-content'}})
  }

  if (first.content.includes(content) && !READ_ONLY.has(first.type)) {
    return failure('refused', `storage "${storage}" is not active${where === '' ? ' on any node' : where}`, {
      hint: 'Is it mounted, and its server up? See: homelab proxmox storage list',
      details: {reason: 'storage-inactive', storage},
    })
  }

  const type = first.type === undefined ? '' : ` (${first.type})`
  return failure(
    'refused',
    `storage "${storage}"${type} takes no ${plural}, only ${first.content.join(', ') || 'nothing'}`,
    {hint, details: {reason: 'storage-content', storage, content: first.content}},
  )
}

function severalPlaces(
  content: FileContent,
  {storages}: ClusterResources,
  {storage}: PlaceWish,
  places: readonly NodeStorage[],
): Failure {
  const {plural} = FILE_KINDS[content]
  const described = places.map((one) => describeStorage(one, storages))
  const flags = storage === undefined ? '--storage NAME, and --node NAME where several nodes have it' : '--node NAME'
  return failure(
    'usage',
    storage === undefined
      ? `several storages take ${plural}`
      : `several nodes have a storage "${storage}" of their own`,
    {
      hint: `Choose with ${flags}: ${described.join(', ')}`,
      details: {places: places.map((one) => ({storage: one.storage, node: one.node, shared: one.shared}))},
    },
  )
}

function isSame(a: NodeStorage, b: NodeStorage): boolean {
  return a.storage === b.storage && (a.shared || a.node === b.node)
}

function onlineNodes({nodes}: ClusterResources): ReadonlySet<string> {
  return new Set(nodes.filter(({status}) => status === 'online').map(({node}) => node))
}
