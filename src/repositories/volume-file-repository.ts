import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {ByteSource} from '../domain/byte-source.js'
import type {Checksum} from '../domain/cloud-image.js'
import type {Failure} from '../domain/failure.js'
import type {FileContent} from '../domain/volume-file.js'
import type {Connection} from '../proxmox/connection.js'
import {failureFromRequest} from './failure-from-request.js'
import {ask, asFlag, asNumber, asText, present, record, records, upidText} from './reply.js'

/** What one volume is, looked at by itself. */
export interface VolumeFacts {
  /** Where it lies on the node. */
  readonly path?: string
  /** Of the disk in it, where it is an image of one. */
  readonly sizeBytes?: number
}

export interface FileUpload {
  readonly node: string
  readonly storage: string
  readonly content: FileContent
  /** As it will be stored. */
  readonly name: string
  /** The server compares it with what arrived. */
  readonly checksum?: Checksum
  readonly source: ByteSource
  /** The node to send it to, where there is a way to it. */
  readonly through: string
}

/** The ways in: which node answers now, and which can be asked themselves. */
export interface Entrances {
  readonly answering?: string
  readonly reachable: readonly string[]
}

/** ISO images, images to import and container templates: `/nodes/{node}/storage/{storage}/content|upload`. */
export class VolumeFileRepository {
  constructor(private readonly connection: Pick<Connection, 'api' | 'endpoints' | 'request' | 'upload'>) {}

  /** `GET …/content/{volume}`, needs Datastore.Audit on the storage, or a right on the guest it belongs to. */
  facts(node: string, storage: string, volume: string): ResultAsync<VolumeFacts, Failure> {
    return ask(
      `look at volume ${volume} on node ${node}`,
      () => this.connection.api.nodes.$(node).storage.$(storage).content.$(volume).$get(),
      record,
    ).map(
      (row) =>
        present({
          path: asText(row.path),
          sizeBytes: asNumber(row.size),
        }) as VolumeFacts,
    )
  }

  /** The task is `imgdel`; it ends well, too, where there was no such file (reference 5). Needs Datastore.Allocate. */
  delete(node: string, storage: string, volume: string): ResultAsync<string | undefined, Failure> {
    return ask(
      `delete volume ${volume} on node ${node}`,
      () => this.connection.api.nodes.$(node).storage.$(storage).content.$(volume).$delete({}),
      z.nullish(upidText),
    ).map((upid) => upid ?? undefined)
  }

  /**
   * `POST …/upload`: the task `imgcopy` belongs to the node that took the file, not to the one it is for (reference 2.6).
   * @param onSent called with how many bytes are on their way
   * @returns `outcome-unknown` only when all of it was sent; whatever else fails has stored nothing
   */
  upload(
    {checksum, content, name, node, source, storage, through}: FileUpload,
    options: {readonly signal?: AbortSignal | undefined; readonly onSent?: (bytes: number) => void} = {},
  ): ResultAsync<string, Failure> {
    const what = `upload ${name} to ${storage} on ${node}`
    const form = {
      // The server takes them in this order only.
      fields: [
        ['content', content],
        ...(checksum === undefined
          ? []
          : ([
              ['checksum-algorithm', checksum.algorithm],
              ['checksum', checksum.value],
            ] as const)),
      ] as const,
      filename: name,
      source,
    }
    return this.connection
      .upload(`/nodes/${node}/storage/${storage}/upload`, form, {...options, node: through})
      .mapErr((error) => failureFromRequest(error, {what}))
      .andThen(({data}) => ask(what, () => Promise.resolve(data), upidText))
  }

  /** Learns the addresses of the nodes, as far as they can be trusted: `GET /cluster/status` and `GET /nodes`. */
  entrances(): ResultAsync<Entrances, Failure> {
    const get = (path: string) => async () =>
      this.connection.request('get', path).match(
        ({data}) => data,
        (error) => Promise.reject(error),
      )
    return ask('read the cluster status', get('/cluster/status'), records).andThen((members) =>
      ask('list the nodes', get('/nodes'), records).map(() => {
        const answering = asText(members.find((row) => row.type === 'node' && asFlag(row.local))?.name)
        return {
          ...(answering !== undefined && {answering}),
          reachable: this.connection.endpoints.list().flatMap(({node}) => node ?? []),
        }
      }),
    )
  }
}
