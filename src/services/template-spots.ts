import {err, ok, Result} from 'neverthrow'
import type {ClusterResources} from '../domain/cluster.js'
import {creationOn, type CreationLayers} from '../domain/creation-layers.js'
import {defaultStorage} from '../domain/default-storage.js'
import {failure, type Failure} from '../domain/failure.js'
import {guestLabel, type Guest} from '../domain/guest.js'
import {naturalOrder} from '../domain/natural-order.js'
import {checkNode} from './choose-node.js'
import {importStorage} from './image-service.js'

/** Where one template is made, and the nodes that can clone it without copying it to them first. */
export interface TemplateSpot {
  readonly node: string
  readonly serves: readonly string[]
}

interface Wish {
  readonly name: string
  readonly nodes: 'all' | readonly string[]
  readonly imageStorage?: string
  readonly layers: CreationLayers
}

/**
 * A template for each of the nodes: its disks are where the node's defaults say. Nodes whose disks are on the same shared storage get one together.
 * @returns `not-found` or `node-offline` for a node that was named; `usage` or `refused` where a node has no storage for it
 */
export function templateSpots(wish: Wish, resources: ClusterResources): Result<TemplateSpot[], Failure> {
  const {imageStorage, layers, name} = wish
  const wanted = wish.nodes === 'all' ? onlineNodes(resources) : [...new Set(wish.nodes)]
  const placed = Result.combine(
    wanted.map((node) =>
      checkNode(node, name, resources).andThen(() =>
        storageFor(node, layers, resources).map((storage) => ({
          node,
          storage,
          isShared: isShared(node, storage, resources),
        })),
      ),
    ),
  )
  return placed.map((nodes) => {
    const spots: TemplateSpot[] = []
    const done = new Set<string>()
    for (const {isShared: shared, node, storage} of nodes) {
      if (done.has(node)) continue
      const same = shared ? nodes.filter((one) => one.storage === storage).map((one) => one.node) : [node]
      for (const one of same) done.add(one)
      // Not every node that sees the disks may have a place for the image.
      const able = same.find((one) => importStorage(one, resources.storages, imageStorage).isOk())
      spots.push({node: able ?? node, serves: servedBy(able ?? node, storage, resources)})
    }

    return spots
  })
}

/** The nodes that see the disks of a template. */
export function servedBy(node: string, storage: string, resources: ClusterResources): string[] {
  if (!isShared(node, storage, resources)) return [node]
  const same = resources.storages.filter((one) => one.shared && one.storage === storage).map((one) => one.node)
  return [...new Set([node, ...same])].sort(naturalOrder)
}

/** Why a template cannot be called so there. */
export function nameTaken(
  name: string,
  spots: readonly TemplateSpot[] | undefined,
  guests: readonly Guest[],
): Result<void, Failure> {
  const namesakes = guests.filter((guest) => guest.name === name)
  const other = namesakes.find((guest) => !guest.template || guest.type !== 'qemu')
  if (other !== undefined) {
    return err(
      failure('already-exists', `${guestLabel(other)} on ${other.node} is called so, and is no template of a VM`, {
        hint: 'Give the template another name: --name NAME',
        details: {name, vmid: other.vmid, node: other.node},
      }),
    )
  }

  const serves = new Set(spots?.flatMap((spot) => spot.serves))
  const taken = spots === undefined ? namesakes : namesakes.filter(({node}) => serves.has(node))
  if (taken.length === 0) return ok(undefined)
  const free = spots?.filter((spot) => !spot.serves.some((node) => taken.some((guest) => guest.node === node))) ?? []
  return err(
    failure(
      'already-exists',
      `a template "${name}" is there already: ${taken.map((guest) => `VM ${guest.vmid} on ${guest.node}`).join(', ')}`,
      {
        hint: [
          `Have it built anew with: homelab proxmox template refresh ${name}`,
          ...(free.length > 0 ? [`only where there is none: --nodes ${free.map(({node}) => node).join(',')}`] : []),
          ...(spots === undefined ? ['for another node: --nodes NODE'] : []),
          'or under another name: --name NAME',
        ].join('; '),
        details: {name, templates: taken.map(({node, vmid}) => ({vmid, node}))},
      },
    ),
  )
}

function onlineNodes({nodes}: ClusterResources): string[] {
  return nodes
    .filter(({status}) => status === 'online')
    .map(({node}) => node)
    .sort(naturalOrder)
}

function storageFor(node: string, layers: CreationLayers, {storages}: ClusterResources): Result<string, Failure> {
  const {storage} = creationOn(node, layers)
  return storage === undefined ? defaultStorage(node, 'qemu', storages, '--storage') : ok(storage)
}

function isShared(node: string, storage: string, {storages}: ClusterResources): boolean {
  return storages.some((one) => one.node === node && one.storage === storage && one.shared)
}
