import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import type {FileContent} from './volume-file.js'

/** How Proxmox VE unpacks what it downloads (reference 2.6); ISO images only. */
export const COMPRESSIONS = ['gz', 'lzo', 'zst', 'bz2'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** An address that a node can download from; `usage` for any other. */
export function readDownloadUrl(text: string): Result<URL, Failure> {
  const bad = (why: string, hint: string): Result<never, Failure> =>
    err(failure('usage', why, {hint, details: {field: 'url'}}))
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    return bad(`"${text}" is no address to download from`, 'Write https://HOST/PATH/FILE')
  const url = new URL(text)
  // The address ends up in task logs that others may read.
  if (url.username !== '' || url.password !== '')
    return bad('the address holds a password', 'Download the file yourself, and upload it')
  return ok(url)
}

/** The last part of the address, as a name. */
export function nameInUrl(url: URL): string | undefined {
  const last = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(last) || undefined
  } catch {
    return last || undefined
  }
}

/**
 * What the file is called in the end: without the extension of what packs an ISO image, and an `.img` of a cloud, which is a qcow2 image under
 * another name, as what it is.
 */
export function downloadedName(
  content: FileContent,
  name: string,
): {readonly name: string; readonly compression?: Compression} {
  if (content === 'import') return {name: name.replace(/\.img$/i, '.qcow2')}
  const [, inner, extension] = /^(.+\.(?:iso|img))\.(gz|lzo|zst|bz2)$/i.exec(name) ?? []
  return content === 'iso' && inner !== undefined && extension !== undefined
    ? {name: inner, compression: extension.toLowerCase() as Compression}
    : {name}
}
