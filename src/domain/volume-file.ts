import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

/** Files that storages keep beside the disks of guests, as Proxmox VE calls them: images to import, ISO images, container templates. */
export type FileContent = 'import' | 'iso' | 'vztmpl'

/** One of them, and the nodes that can use it. */
export interface VolumeFile {
  /** `local:iso/debian-12.iso` */
  readonly volume: string
  /** Its last name. */
  readonly name: string
  readonly storage: string
  readonly shared: boolean
  /** All that see it where its storage is shared, those that are online first; else the one it lies on. */
  readonly nodes: readonly string[]
  readonly format?: string
  readonly sizeBytes?: number
  /** ISO 8601 UTC. */
  readonly createdAt?: string
}

interface Kind {
  /** For sentences: `ISO image`. */
  readonly noun: string
  readonly plural: string
  /** The command's topic. */
  readonly topic: string
  readonly pattern: RegExp
  readonly extensions: string
}

/** Names as the server takes them (reference 2.6). */
export const FILE_KINDS: Readonly<Record<FileContent, Kind>> = {
  iso: {
    noun: 'ISO image',
    plural: 'ISO images',
    topic: 'iso',
    pattern: /^.+\.(?:iso|img)$/i,
    extensions: '.iso or .img',
  },
  import: {
    noun: 'image to import',
    plural: 'images to import',
    topic: 'image',
    pattern: /^.+\.(?:ova|qcow2|raw|vmdk)$/,
    extensions: '.qcow2, .raw, .vmdk or .ova',
  },
  vztmpl: {
    noun: 'container template',
    plural: 'container templates',
    topic: 'template',
    pattern: /^.+\.tar(?:\.(?:gz|xz|zst|bz2))?$/,
    extensions: '.tar, .tar.gz, .tar.xz, .tar.zst or .tar.bz2',
  },
}

/** The most that a name may have, by the API's description. */
const LONGEST = 255

/** A name as the server keeps it: without folders, and with `_` for all but letters, digits, `_`, `.` and `-`. */
export function normalFileName(name: string): string {
  return name.replace(/^.*[/\\]/, '').replaceAll(/[^\w.-]/gu, '_')
}

/** The name a file will have on a storage; `usage` where the server would refuse it. */
export function storedName(content: FileContent, name: string): Result<string, Failure> {
  const {extensions, noun, pattern} = FILE_KINDS[content]
  const stored = normalFileName(name)
  const details = {field: 'name', value: name}
  if (stored.length > LONGEST) {
    return err(
      failure(
        'usage',
        `the name "${stored.slice(0, 40)}…" has ${stored.length} characters, and ${LONGEST} are possible`,
        {
          hint: 'Give a shorter one: --name NAME',
          details,
        },
      ),
    )
  }

  if (pattern.test(stored)) return ok(stored)
  const packed = /^(.+)\.(?:gz|xz|zst|bz2|lzo|zip|7z)$/i.exec(stored)?.[1]
  return err(
    failure('usage', `"${stored}" is no name for an ${noun}: it has to end with ${extensions}`.replace('an c', 'a c'), {
      hint:
        content !== 'vztmpl' && packed !== undefined && pattern.test(packed)
          ? 'Unpack it first'
          : content === 'import' && /\.img$/i.test(stored)
            ? 'The images of many clouds are qcow2 under another name (see: qemu-img info FILE). If it is one: --name NAME.qcow2'
            : 'Give it another name: --name NAME',
      details,
    }),
  )
}

/** `local:iso/debian-12.iso` taken apart; undefined for anything that is no such file. */
export function readFileVolume(
  volume: string,
): {readonly storage: string; readonly content: string; readonly name: string} | undefined {
  const [, storage, content, name] = /^([A-Za-z][\w.-]*):(iso|import|vztmpl)\/([^/]+)$/.exec(volume) ?? []
  return storage === undefined || content === undefined || name === undefined ? undefined : {storage, content, name}
}

/** What people call a file by: its name, or its volume id. */
export function filesCalled(files: readonly VolumeFile[], wanted: string): VolumeFile[] {
  return files.filter(({name, volume}) => name === wanted || volume === wanted)
}

/** `local:iso/a.iso on pve1`, `nas:iso/a.iso` */
export function fileLabel({nodes, shared, volume}: Pick<VolumeFile, 'nodes' | 'shared' | 'volume'>): string {
  return shared ? volume : `${volume} on ${nodes.join(', ')}`
}
