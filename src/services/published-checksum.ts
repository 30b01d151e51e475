import {err, ok, type Result} from 'neverthrow'
import {checksumIn} from '../domain/checksum-file.js'
import type {Checksum} from '../domain/cloud-image.js'
import type {Failure} from '../domain/failure.js'
import type {CloudImage} from '../domain/image-catalogue.js'

/** Reads a small text from the web; handed in, because services reach nothing outside. */
export type FetchText = (url: string, signal?: AbortSignal) => PromiseLike<Result<string, Failure>>

/** The checksums that publishers keep beside their images, each asked for once. */
export class PublishedChecksums {
  readonly #lists = new Map<string, PromiseLike<Result<string, Failure>>>()

  constructor(private readonly fetchText: FetchText) {}

  /** What the image has to be now; the failure of the fetch, or `usage` where the list has no such file. */
  async of({checksum, name, url}: CloudImage, signal?: AbortSignal): Promise<Result<Checksum, Failure>> {
    if (checksum.kind === 'value') return ok(checksum.checksum)
    const list = checksum.url
    const fetched = this.#lists.get(list) ?? this.fetchText(list, signal)
    this.#lists.set(list, fetched)
    const text = await fetched
    if (text.isErr()) {
      const hint = `Without a way to it, give the digest yourself: homelab proxmox template build ${name} --checksum sha256:…`
      return err({...text.error, hint: [text.error.hint, hint].filter(Boolean).join('. ')})
    }

    const file = new URL(url).pathname.split('/').at(-1) ?? ''
    return checksumIn(text.value, [file, decodeURIComponent(file)], list, list.startsWith(`${url}.`))
  }
}

/** What is worth a remark about where a checksum comes from. */
export function checksumWarnings({checksum}: CloudImage): string[] {
  return checksum.kind === 'list' && /^http:/i.test(checksum.url)
    ? [`${checksum.url} came over plain HTTP: it shows damage, but no forgery`]
    : []
}
