import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

/** How many hex digits each digest has. */
const DIGEST_LENGTHS: Readonly<Record<string, number>> = {
  md5: 32,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
}

/** What the content of a file has to hash to; the server compares. */
export interface Checksum {
  readonly algorithm: string
  readonly value: string
}

/** Where the contents of a VM's first disk come from. */
export type ImageRef =
  | {readonly kind: 'volume'; readonly volume: string}
  | {readonly kind: 'url'; readonly url: string; readonly file: string; readonly checksum?: Checksum}
  /** A file of the node; only root@pam may name one (reference 2.12). */
  | {readonly kind: 'path'; readonly path: string}

/** `sha256:9f86d0…`; the algorithm may be left out where the length tells it. */
export function parseChecksum(text: string): Result<Checksum, Failure> {
  const [, named, value = ''] = /^(?:([a-z]+\d*)[:=])?([\da-f]+)$/i.exec(text.trim()) ?? []
  const algorithm =
    named?.toLowerCase() ?? Object.keys(DIGEST_LENGTHS).find((name) => DIGEST_LENGTHS[name] === value.length)
  const length = algorithm === undefined ? undefined : DIGEST_LENGTHS[algorithm]
  if (algorithm !== undefined && length !== undefined && value.length === length) {
    return ok({algorithm, value: value.toLowerCase()})
  }

  return err(
    failure('usage', `--checksum: "${text}" is not possible`, {
      hint:
        length === undefined
          ? `Write the algorithm and the digest: sha256:9f86d0…; algorithms are ${Object.keys(DIGEST_LENGTHS).join(', ')}`
          : `A ${algorithm} digest has ${length} hexadecimal digits`,
      details: {field: 'checksum', value: text},
    }),
  )
}

/**
 * Reads `local:import/debian-12.qcow2`, `https://…/debian-12.qcow2` or `/root/debian-12.qcow2`. A file that comes with a checksum is stored under a
 * name that carries it: what lies there under that name was compared with it once.
 */
export function parseImage(text: string, checksum: Checksum | undefined): Result<ImageRef, Failure> {
  if (/^https?:\/\//i.test(text)) return parseUrl(text, checksum)
  if (checksum !== undefined) {
    return err(
      failure('usage', '--checksum goes with an address to download from', {
        hint: 'Leave it out: what lies on a storage is not compared again',
        details: {field: 'checksum'},
      }),
    )
  }

  if (/\.ova$/i.test(text)) {
    return err(
      failure('usage', `--image: "${text}" is an archive of several things`, {
        hint: `Name the disk in it: ${text}/DISK.vmdk; Proxmox VE lists them: homelab proxmox api get /nodes/NODE/storage/STORAGE/import-metadata -d volume=${text}`,
        details: {field: 'image', value: text},
      }),
    )
  }

  if (text.startsWith('/')) return ok({kind: 'path', path: text})
  if (/^[A-Za-z][\w.-]*:.+$/.test(text)) return ok({kind: 'volume', volume: text})
  return err(
    failure('usage', `--image: "${text}" is neither a volume nor an address`, {
      hint: 'Write local:import/debian-12.qcow2, or https://…/debian-12-genericcloud-amd64.qcow2',
      details: {field: 'image', value: text},
    }),
  )
}

/** What Proxmox VE lets be imported (reference 2.6). An `.img` of a distribution's cloud is a qcow2 image under another name. */
const EXTENSIONS: Readonly<Record<string, string>> = {img: 'qcow2', qcow2: 'qcow2', raw: 'raw', vmdk: 'vmdk'}

/** The name that a file from the web is stored under; undefined for what Proxmox VE does not import as it is. */
export function importName(url: string, checksum?: Checksum): string | undefined {
  const {pathname} = new URL(url)
  const last = pathname.slice(pathname.lastIndexOf('/') + 1)
  const [, stem = '', extension = ''] = /^(.+)\.([^.]+)$/.exec(last.replaceAll(/[^\w.+=-]/g, '_')) ?? []
  const format = EXTENSIONS[extension.toLowerCase()]
  const mark = checksum === undefined ? '' : `-${checksum.algorithm}-${checksum.value.slice(0, 16)}`
  return format === undefined ? undefined : `${stem}${mark}.${format}`
}

function parseUrl(text: string, checksum: Checksum | undefined): Result<ImageRef, Failure> {
  const bad = (why: string, hint: string): Result<never, Failure> =>
    err(failure('usage', `--image: ${why}`, {hint, details: {field: 'image'}}))
  if (!URL.canParse(text)) return bad(`"${text}" is not an address`, 'Write https://HOST/PATH/FILE.qcow2')
  const url = new URL(text)
  // The address ends up in task logs that others may read.
  if (url.username !== '' || url.password !== '')
    return bad('the address holds a password', 'Download the file yourself, upload it, and name its volume')
  const file = importName(text, checksum)
  if (file === undefined) {
    return bad(
      `a file "${url.pathname.slice(url.pathname.lastIndexOf('/') + 1)}" cannot be imported as it is`,
      `Proxmox VE imports ${Object.keys(EXTENSIONS).join(', ')}; unpack anything else first, upload it, and name its volume`,
    )
  }

  return ok({
    kind: 'url',
    url: text,
    file,
    ...(checksum !== undefined && {checksum}),
  })
}
