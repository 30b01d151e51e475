import {die, paramError} from '../kernel/pve-error.js'
import {volumeKey} from '../kernel/state.js'
import {Figures, isShared} from '../views/node-figures.js'
import {storageType} from './types.js'
import {contentDirectory} from './volume-name.js'
import {hasContent, storageOnNode} from './volumes.js'

import type {Json} from '../kernel/pve-error.js'
import type {StorageRecord, VolumeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const EXTENSIONS: Readonly<Record<string, RegExp>> = {
  iso: /[^/]+\.(?:iso|img)$/i,
  vztmpl: /[^/]+\.tar(?:\.(?:gz|xz|zst|bz2))?$/,
  import: /^[\w\-.+=]+\.(?:ova|qcow2|raw|vmdk)$/,
}

/** A file that is to be put on a storage. */
export interface FileTarget {
  readonly storage: StorageRecord
  readonly content: string
  readonly filename: string
  readonly volid: string
  readonly path: string
}

/** A file name as the server keeps it: no directories, no characters but letters, digits, `_`, `.` and `-`. */
export function normalFilename(name: string): string {
  return name.replace(/^.*[/\\]/, '').replaceAll(/[^\w.-]/g, '_')
}

/**
 * Where a file from outside would go.
 * @param verb `upload` or `download`
 * @throws PveError 500 for a storage that takes no such files, 400 for a wrong extension
 */
export function fileTarget(
  world: World,
  node: string,
  {storage: id, content, filename, verb}: {storage: string; content: string; filename: string; verb: string},
): FileTarget {
  const storage = storageOnNode(world, id, node)
  if (storageType(storage.type).layout !== 'file') die(`can't ${verb} to storage type '${storage.type}'`)
  const name = normalFilename(filename)
  if (!EXTENSIONS[content]?.test(name)) {
    paramError({filename: content === 'import' ? 'invalid filename or wrong extension' : 'wrong file extension'})
  }

  if (!hasContent(storage, content)) die(`storage '${id}' does not support '${content}' content`)
  return {
    storage,
    content,
    filename: name,
    volid: `${id}:${content}/${name}`,
    path: `${contentDirectory(storage, content)}/${name}`,
  }
}

/** The format a content list shows for a file. */
export function fileFormat(content: string, filename: string): string {
  const compression = /\.tar\.(gz|xz|zst|bz2)$/.exec(filename)?.[1]
  if (content === 'vztmpl') return compression === undefined ? 'tar' : `t${compression}`
  if (content === 'import') return filename.split('.').at(-1)!
  return content === 'snippets' ? 'snippet' : content
}

/** Whether so many more bytes fit on a storage. */
export function hasRoom(world: World, storage: StorageRecord, node: string, bytes: number): boolean {
  return new Figures(world).storage(storage, node).avail >= bytes
}

/** Puts a file on a storage, over one of the same name. */
export function putFile(
  world: World,
  node: string,
  target: FileTarget,
  facts: {readonly size: number; readonly inside?: Json},
): VolumeRecord {
  const volume: VolumeRecord = {
    volid: target.volid,
    storage: target.storage.storage,
    ...(!isShared(target.storage) && {node}),
    content: target.content,
    format: fileFormat(target.content, target.filename),
    size: facts.size,
    used: facts.size,
    ctime: world.clock.now(),
    ...(facts.inside !== undefined && {inside: facts.inside}),
  }
  world.store.of('volumes').put(volumeKey(volume), volume)
  return volume
}

/** What can be told of a template by its name: the distribution it was made from. */
export function templateFacts(filename: string): Json {
  const ostype = /^(alma|alpine|arch|centos|debian|devuan|fedora|gentoo|nixos|opensuse|rocky|ubuntu)/.exec(
    filename,
  )?.[1]
  const known: Readonly<Record<string, string>> = {alma: 'centos', arch: 'archlinux', rocky: 'centos'}
  return {ostype: ostype === undefined ? null : (known[ostype] ?? ostype)}
}
