import {die} from '../kernel/pve-error.js'
import {storageType} from './types.js'

import type {StorageRecord} from '../kernel/state.js'

/** What the name of a volume says about it. */
export interface VolumeName {
  /** `images` also for the disks of containers, except where the name says otherwise. */
  readonly content: string
  /** The last part, as a file or device is called. */
  readonly name: string
  readonly format: string
  readonly vmid?: number
  /** It is a base image itself. */
  readonly isBase: boolean
  /** The name of the volume it is a linked clone of. */
  readonly base?: string
}

const IMAGE = /^(base-)?[^/\s]+\.(raw|qcow2|vmdk|subvol)$/
const BACKUP = /\.(?:tgz|(?:tar|vma)(?:\.(?:gz|lzo|zst|bz2|xz))?)$/
const TEMPLATE = /\.tar(?:\.(?:gz|xz|zst|bz2))?$|\.tgz$/
const DIRECTORIES: Readonly<Record<string, string>> = {
  images: 'images',
  rootdir: 'private',
  iso: 'template/iso',
  vztmpl: 'template/cache',
  backup: 'dump',
  snippets: 'snippets',
  import: 'import',
}

/** `local:vm-100-disk-0` in its two parts; undefined for paths, `none` and `cdrom`. */
export function splitVolid(file: string): {readonly storage: string; readonly volname: string} | undefined {
  const match = /^([A-Za-z][\w.-]*[A-Za-z\d]):(.+)$/.exec(file)
  return match ? {storage: match[1]!, volname: match[2]!} : undefined
}

/**
 * Reads the part of a volume id after the colon.
 * @throws PveError 500 with the storage type's own text
 */
export function parseVolumeName({type}: Pick<StorageRecord, 'type'>, volname: string): VolumeName {
  return storageType(type).layout === 'file' ? parseFile(volname) : parseDevice(type, volname)
}

function parseFile(volname: string): VolumeName {
  const linked = /^(\d+)\/([^/\s]+)\/(\d+)\/([^/\s]+)$/.exec(volname)
  if (linked) {
    const [, baseVmid, baseName, vmid, name] = linked as unknown as [string, string, string, string, string]
    if (!imageFormat(baseName).isBase) die(`unable to parse directory volume name '${volname}'`)
    return {content: 'images', name, vmid: Number(vmid), base: `${baseVmid}/${baseName}`, ...imageFormat(name)}
  }

  const image = /^(\d+)\/(\S+)$/.exec(volname)
  if (image) return {content: 'images', name: image[2]!, vmid: Number(image[1]), ...imageFormat(image[2]!)}

  const [, content = '', name = ''] = /^(\w+)\/([^/]+)$/.exec(volname) ?? []
  const plain = (format: string): VolumeName => ({content, name, format, isBase: false})
  switch (content) {
    case 'iso': {
      if (/\.(?:iso|img)$/i.test(name)) return plain('raw')
      break
    }

    case 'vztmpl': {
      if (TEMPLATE.test(name)) return plain('raw')
      break
    }

    case 'backup': {
      const vmid = /^vzdump-(?:qemu|lxc|openvz)-(\d+)-/.exec(name)?.[1]
      if (BACKUP.test(name)) return {...plain('raw'), ...(vmid !== undefined && {vmid: Number(vmid)})}
      break
    }

    case 'snippets': {
      return plain('raw')
    }

    case 'import': {
      const format = /\.(ova|ovf|qcow2|raw|vmdk)$/.exec(name)?.[1]
      if (format !== undefined) return plain(format)
      break
    }

    case 'rootdir': {
      if (/^\d+$/.test(name)) return {...plain('subvol'), vmid: Number(name)}
      break
    }
  }

  return die(`unable to parse directory volume name '${volname}'`)
}

function imageFormat(name: string): {format: string; isBase: boolean} {
  const match = IMAGE.exec(name)
  if (!match) die(`unable to parse volume filename '${name}'`)
  return {format: match[2]!, isBase: match[1] !== undefined}
}

function parseDevice(type: string, volname: string): VolumeName {
  const {noun} = storageType(type)
  if (type === 'pbs') {
    const match = /^backup\/(vm|ct|host)\/([^\s/]+)\/([0-9T:Z-]+)$/.exec(volname)
    if (!match) return die(`unable to parse PBS volume name '${volname}'`)
    return {
      content: 'backup',
      name: `${match[1]}/${match[2]}/${match[3]}`,
      format: `pbs-${match[1]}`,
      vmid: Number(match[2]),
      isBase: false,
    }
  }

  if (type === 'iscsi' || type === 'iscsidirect') {
    if (/^\d+\.\d+\.\d+\.\S+$|^lun\d+$/.test(volname))
      return {content: 'images', name: volname, format: 'raw', isBase: false}
    return die(`unable to parse iscsi volume name '${volname}'`)
  }

  if (type === 'esxi')
    return {content: 'import', name: volname, format: volname.endsWith('.vmx') ? 'vmx' : 'vmdk', isBase: false}
  // device names carry their owner; a linked clone names its base where the storage needs it to find its way
  const match = /^(?:((?:base|basevol)-\d+-\S+)\/)?((vm|base|subvol|basevol)-(\d+)-[^\s/]+)$/.exec(volname)
  const isForeign =
    match && ((match[1] !== undefined && noun === 'lvm') || (/vol/.test(match[3]!) && type !== 'zfspool'))
  if (!match || isForeign) return die(`unable to parse ${noun} volume name '${volname}'`)
  const [, base, name, kind, vmid] = match as unknown as [string, string | undefined, string, string, string]
  return {
    content: 'images',
    name,
    vmid: Number(vmid),
    format: kind.endsWith('vol') ? 'subvol' : 'raw',
    isBase: kind.startsWith('base'),
    ...(base !== undefined && {base}),
  }
}

/** The directory of a file storage that holds one kind of content. */
export function contentDirectory(storage: StorageRecord, content: string): string {
  const overrides = String(storage.config['content-dirs'] ?? '').split(',')
  const override = overrides.find((entry) => entry.startsWith(`${content}=`))?.slice(content.length + 1)
  return `${storagePath(storage)}/${override?.replace(/^\//, '') ?? DIRECTORIES[content] ?? content}`
}

/** Where a file storage is mounted. */
export function storagePath(storage: StorageRecord): string {
  return String(storage.config['path'] ?? `/mnt/pve/${storage.storage}`)
}
