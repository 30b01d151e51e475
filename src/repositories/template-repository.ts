import type {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import type {Failure} from '../domain/failure.js'
import type {Connection} from '../proxmox/connection.js'
import {ask, asText, present, records, upidText} from './reply.js'

/** A container template that Proxmox VE knows to download. */
export interface OfferedTemplate {
  /** The file's name, which is what a download is asked for by. */
  readonly file: string
  readonly headline?: string
  readonly section?: string
}

/** Where container templates come from: the catalogue of the appliances, and OCI registries. */
export class TemplateRepository {
  constructor(private readonly connection: Pick<Connection, 'api'>) {}

  /** The catalogue as the node last fetched it; `GET /nodes/{node}/aplinfo`. */
  offered(node: string): ResultAsync<OfferedTemplate[], Failure> {
    return ask(
      `list the container templates that ${node} can download`,
      () => this.connection.api.nodes.$(node).aplinfo.$get(),
      records,
    ).map((rows) =>
      rows.map(
        (row) =>
          present({
            file: asText(row.template) ?? '',
            headline: asText(row.headline),
            section: asText(row.section),
          }) as OfferedTemplate,
      ),
    )
  }

  /** The task is `download`, on that node; `POST /nodes/{node}/aplinfo`. */
  download(node: string, storage: string, file: string): ResultAsync<string, Failure> {
    return ask(
      `download ${file} to ${storage} on ${node}`,
      () => this.connection.api.nodes.$(node).aplinfo.$post({storage, template: file}),
      upidText,
    )
  }

  /** The tags of an image, asked of its registry by the node; `GET /nodes/{node}/query-oci-repo-tags`, since 9.1. */
  ociTags(node: string, repository: string): ResultAsync<string[], Failure> {
    return ask(
      `list the tags of ${repository}`,
      () => this.oci(node)['query-oci-repo-tags'].$get({reference: repository}),
      z.array(z.string()),
    )
  }

  /**
   * Fetches an image into a storage for container templates, as `FILENAME.tar`; `POST …/oci-registry-pull`, since 9.1.
   * @param reference with its tag
   * @returns the UPID of an `ociregistrypull` task
   */
  ociPull(node: string, storage: string, reference: string, filename: string): ResultAsync<string, Failure> {
    return ask(
      `fetch the image ${reference} to ${storage} on ${node}`,
      () => this.oci(node).storage.$(storage)['oci-registry-pull'].$post({reference, filename}),
      upidText,
    )
  }

  private oci(node: string): OciPaths {
    return this.connection.api.nodes.$(node) as unknown as OciPaths
  }
}

/** What the builder's types, which are those of 8.1, do not know yet. */
interface OciPaths {
  readonly 'query-oci-repo-tags': {$get(query: {reference: string}): Promise<unknown>}
  readonly storage: {
    $(storage: string): {
      readonly 'oci-registry-pull': {$post(body: {reference: string; filename: string}): Promise<unknown>}
    }
  }
}
