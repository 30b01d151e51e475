import {err, ok, type Result} from 'neverthrow'
import {applianceName} from '../domain/appliance.js'
import type {ClusterResources} from '../domain/cluster.js'
import {failure, type Failure} from '../domain/failure.js'
import {naturalOrder} from '../domain/natural-order.js'
import type {OciReference} from '../domain/oci-reference.js'
import type {ClusterRepository} from '../repositories/cluster-repository.js'
import type {TemplateRepository} from '../repositories/template-repository.js'
import {unknownPlace} from './file-place.js'
import {requireOci} from './file-release.js'
import type {ReleaseGate} from './release-gate.js'

/** Something that `template download` takes. */
export interface AvailableTemplate {
  /** What it is asked for by. */
  readonly name: string
  readonly source: 'catalogue' | 'oci'
  readonly package?: string
  readonly version?: string
  readonly section?: string
  readonly headline?: string
}

/** What container templates could be downloaded. */
export class TemplateCatalogueService {
  constructor(
    private readonly cluster: ClusterRepository,
    private readonly templates: TemplateRepository,
    private readonly releases: ReleaseGate,
  ) {}

  /** What the catalogue of a node offers. */
  async catalogue(node: string | undefined): Promise<Result<AvailableTemplate[], Failure>> {
    const asked = (await this.cluster.resources()).andThen((resources) => nodeToAsk(resources, node))
    if (asked.isErr()) return err(asked.error)
    const offered = await this.templates.offered(asked.value)
    return offered.map((rows) =>
      rows
        .map(({file, ...rest}): AvailableTemplate => {
          const {package: name, version} = applianceName(file)
          return {name: file, source: 'catalogue', package: name, ...(version !== '' && {version}), ...rest}
        })
        .sort((a, b) => naturalOrder(a.name, b.name)),
    )
  }

  /** The tags of an image in a registry. */
  async tags({repository}: OciReference, node: string | undefined): Promise<Result<AvailableTemplate[], Failure>> {
    const gate = await requireOci(this.releases)
    if (gate.isErr()) return err(gate.error)
    const asked = (await this.cluster.resources()).andThen((resources) => nodeToAsk(resources, node))
    if (asked.isErr()) return err(asked.error)
    const tags = await this.templates.ociTags(asked.value, repository)
    return tags.map((all) =>
      all.map((tag) => ({name: `oci:${repository}:${tag}`, source: 'oci', package: repository, version: tag})),
    )
  }
}

function nodeToAsk(resources: ClusterResources, node: string | undefined): Result<string, Failure> {
  const unknown = unknownPlace(resources, {node})
  if (unknown !== undefined) return err(unknown)
  const online = resources.nodes.filter(({status}) => status === 'online').map((one) => one.node)
  const asked = node ?? online.sort(naturalOrder)[0]
  return asked === undefined ? err(failure('node-offline', 'no node is online')) : ok(asked)
}
