import type {ClusterResources} from '../domain/cluster.js'
import type {GuestOptions} from '../domain/guest-options.js'
import {pveshCommand, type NativeLine} from '../domain/native-command.js'
import type {NewVmSource} from '../domain/new-vm-options.js'
import type {VmHardware} from '../domain/vm-hardware.js'
import type {ImageFile, ImageUrl} from './image-service.js'
import type {VmCreateRequest, VmSourceWish} from './vm-create-request.js'
import type {GuestSource} from './guest-create-report.js'

export type NewSource = Exclude<VmSourceWish, {kind: 'template'}>
export type NewRequest = VmCreateRequest & {readonly source: NewSource}

/** What is made up for each VM anew is nothing for a plan. */
export function withoutIdentity({smbios1, ...rest}: GuestOptions, {others}: VmHardware): GuestOptions {
  return others['smbios1'] === undefined || smbios1 === undefined ? rest : {...rest, smbios1}
}

/** Volumes that have to be there already. */
export function namedVolumes({hardware, source}: NewRequest): string[] {
  const own = source.kind === 'iso' ? [source.volume] : []
  const image = source.kind === 'image' && source.image.kind === 'volume' ? [source.image.volume] : []
  const disks = hardware.disks.flatMap((disk) =>
    disk.source.kind === 'import' ? [disk.source.from] : disk.source.kind === 'volume' ? [disk.source.volume] : [],
  )
  return [...new Set([...own, ...image, ...disks])].filter((volume) => !volume.startsWith('/'))
}

/** @param file of an image from the web; its place decides its volume's id */
export function sourceOn(source: NewSource, file: ImageFile | undefined): NewVmSource {
  if (source.kind !== 'image') return source
  const {image} = source
  if (image.kind === 'url') return {kind: 'image', from: file?.volume ?? `:import/${image.file}`}
  return {kind: 'image', from: image.kind === 'path' ? image.path : image.volume}
}

export function reportSource(source: NewSource, file: ImageFile | undefined): GuestSource {
  const found = sourceOn(source, file)
  if (found.kind !== 'image') return found
  const url = source.kind === 'image' && source.image.kind === 'url' ? source.image.url : undefined
  return {
    kind: 'image',
    volume: found.from,
    ...(url !== undefined && {url}),
    ...(file !== undefined && {downloaded: !file.present}),
  }
}

export function describeSource(source: NewSource): string {
  if (source.kind === 'iso') return `with ${source.volume} in its CD-ROM drive`
  return source.kind === 'empty' ? 'empty' : 'with a copy of the image as its disk'
}

export function downloadLine({checksum, file, url}: ImageUrl, {node, storage}: ImageFile): NativeLine {
  return {
    node,
    command: pveshCommand('post', `/nodes/${node}/storage/${storage}/download-url`, {
      content: 'import',
      filename: file,
      url,
      ...(checksum !== undefined && {'checksum-algorithm': checksum.algorithm, checksum: checksum.value}),
    }),
  }
}

/**
 * Where the VM or container is whose disk a volume is, as far as its name tells: a disk of a guest is imported on that guest's node only (reference 2.12).
 * Undefined for volumes of nobody.
 */
export function ownerNode(volume: string, {guests}: ClusterResources): string | undefined {
  // A linked clone's volume begins with that of its template.
  const vmid = /:(?:.*\/)?(?:vm|base)-(\d+)-[^/]*$/.exec(volume)?.[1]
  if (/:(?:iso|import)\//.test(volume)) return undefined
  return guests.find((guest) => guest.vmid === Number(vmid))?.node
}
