import type {ResultAsync} from 'neverthrow'
import type {Checksum} from '../domain/cloud-image.js'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asNumber, asText, present, record, upidText} from './reply.js'

export interface UrlDownload {
  readonly url: string
  /** The name that it gets on the storage. */
  readonly filename: string
  /** `import` since 8.4 (schemas). */
  readonly content: 'import' | 'iso' | 'vztmpl'
  readonly checksum?: Checksum
  /** How the file is packed; the server unpacks it. ISO images only, since 8.1. */
  readonly compression?: string
  /** Take any certificate of the web server. */
  readonly anyCertificate?: boolean
}

/** What a web server says of a file. */
export interface UrlFacts {
  readonly filename?: string
  readonly sizeBytes?: number
}

/** Files that a node fetches from the web: `/nodes/{node}/storage/{storage}/download-url`. */
export class DownloadRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The task is `download`, on that node; it fails where the file is there already, or the checksum is another (reference 2.6). */
  start(node: string, storage: string, download: UrlDownload): ResultAsync<string, Failure> {
    const {anyCertificate, checksum, compression, content, filename, url} = download
    const body = {
      content,
      filename,
      url,
      ...(checksum !== undefined && {'checksum-algorithm': checksum.algorithm, checksum: checksum.value}),
      ...(compression !== undefined && {compression}),
      ...(anyCertificate === true && {'verify-certificates': false}),
    }
    return ask(
      `download ${filename} to ${storage} on ${node}`,
      // The builder's types know of no content "import".
      () =>
        this.connection.api.nodes
          .$(node)
          .storage.$(storage)
          ['download-url'].$post(body as never),
      upidText,
    )
  }

  /** Asked by the node; `GET /nodes/{node}/query-url-metadata`. */
  facts(node: string, url: string, anyCertificate = false): ResultAsync<UrlFacts, Failure> {
    return ask(
      `ask for ${url} from ${node}`,
      () =>
        this.connection.api.nodes
          .$(node)
          ['query-url-metadata'].$get({url, ...(anyCertificate && {'verify-certificates': false})}),
      record,
    ).map((row) => present({filename: asText(row.filename), sizeBytes: asNumber(row.size)}) as UrlFacts)
  }
}
