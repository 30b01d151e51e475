import {err, ok, type Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import type {NodeStorage} from '../domain/storage.js'
import {closest} from '../domain/suggest.js'
import type {NodeStorageRepository, Volume} from '../repositories/node-storage-repository.js'
import {fanOut} from './fan-out.js'

const PARALLEL = 4

/** Volumes that a request names, and the nodes where each can be used. */
export class VolumeFinder {
  constructor(private readonly storages: NodeStorageRepository) {}

  /**
   * The nodes that have a volume. A shared storage is asked once, each other on all its nodes; one that this login may not look into is taken to have it.
   * @param node the only one that matters, where one was named
   * @returns `not-found` when no node has it
   */
  async nodesWith(
    volume: string,
    resources: ClusterResources,
    node?: string,
  ): Promise<Result<ReadonlySet<string>, Failure>> {
    const [storage = ''] = volume.split(':', 1)
    const online = new Set(resources.nodes.filter(({status}) => status === 'online').map((one) => one.node))
    const able = resources.storages.filter(
      (one) =>
        one.storage === storage &&
        one.available &&
        online.has(one.node) &&
        (node === undefined || one.node === node || one.shared),
    )
    if (able.length === 0) return err(noStorage(storage, volume, resources.storages, node))
    const asked = able.filter((one, index) => !one.shared || able.findIndex(({shared}) => shared) === index)
    const done = await fanOut(
      asked,
      (one) => one.node,
      (one) => this.storages.volumes(one.node, storage).map((volumes) => ({one, volumes})),
      {parallel: PARALLEL, failFast: false},
    )
    const seen: Volume[] = []
    const nodes = new Set<string>()
    for (const [index, result] of done.entries()) {
      const one = asked[index] as NodeStorage
      if (!result.ok && result.error.kind !== 'permission') return err(result.error)
      if (result.ok) seen.push(...result.value.volumes)
      if (result.ok && !result.value.volumes.some((each) => each.volume === outer(volume))) continue
      for (const each of one.shared ? able : [one]) nodes.add(each.node)
    }

    return nodes.size > 0 ? ok(nodes) : err(noVolume(volume, seen, node))
  }
}

/** A disk inside an archive is there when the archive is: `local:import/appliance.ova/disk-1.vmdk`. */
function outer(volume: string): string {
  return volume.replace(/^([^:]+:import\/[^/]+\.ova)\/.*$/, '$1')
}

function noStorage(
  storage: string,
  volume: string,
  storages: readonly NodeStorage[],
  node: string | undefined,
): Failure {
  const there = storages.filter((one) => node === undefined || one.node === node)
  const names = [...new Set(there.map((one) => one.storage))]
  const near = closest(storage, names)
  const where = node === undefined ? '' : ` on ${node}`
  return failure('not-found', `there is no active storage "${storage}"${where}, for "${volume}"`, {
    hint: `${near === undefined || near === storage ? '' : `Did you mean "${near}"? `}The storages are: ${names.join(', ') || 'none'}`,
    details: {volume, storage},
  })
}

function noVolume(volume: string, seen: readonly Volume[], node: string | undefined): Failure {
  const ids = [...new Set(seen.map((one) => one.volume))]
  const near = closest(volume, ids)
  const alike = ids.filter((id) => id.replace(/[^/]*$/, '') === volume.replace(/[^/]*$/, ''))
  return failure('not-found', `there is no volume "${volume}"${node === undefined ? '' : ` on ${node}`}`, {
    hint:
      near !== undefined
        ? `Did you mean "${near}"?`
        : alike.length > 0
          ? `There are: ${alike.slice(0, 10).join(', ')}`
          : 'Upload or download it first',
    details: {volume},
  })
}
