import {Args, Flags} from '@oclif/core'
import {ok, type Result} from 'neverthrow'
import {ListCommand} from '../../../cli/list-command.js'
import {templateCatalogue} from '../../../cli/wiring/volume-files.js'
import type {Failure} from '../../../domain/failure.js'
import {readOciReference} from '../../../domain/oci-reference.js'
import type {AvailableTemplate} from '../../../services/template-catalogue-service.js'

interface AvailableFlags {
  readonly node?: string
  readonly section?: string
}

export default class TemplateAvailable extends ListCommand<AvailableTemplate, AvailableFlags, {word?: string}> {
  static override summary = 'List the container templates that can be downloaded.'
  static override description =
    'Those of the catalogue, as the node knows it (pveam update renews it there); or the tags of an image in an OCI registry, for Proxmox VE 9.1 and later. Each name is what "template download" takes.'
  static override args = {
    word: Args.string({description: 'Only those with this in the name; oci:REGISTRY/IMAGE for the tags of an image.'}),
  }
  static override flags = {
    node: Flags.string({description: 'The node that is asked; by default one that is online.', helpValue: 'NAME'}),
    section: Flags.string({
      description: 'Only those of this section: system, turnkeylinux, mail.',
      helpValue: 'SECTION',
    }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> debian --section system',
    '<%= config.bin %> <%= command.id %> oci:docker.io/library/nginx',
  ]

  protected readonly noun = 'container templates'
  protected readonly columns = [
    {key: 'name', whole: true},
    {key: 'section'},
    {key: 'headline'},
    {key: 'source', default: false},
    {key: 'package', default: false},
    {key: 'version', default: false},
  ]

  protected async fetch(
    {node, section}: AvailableFlags,
    {word}: {word?: string},
  ): Promise<Result<AvailableTemplate[], Failure>> {
    const service = await this.use(templateCatalogue)
    const image = word === undefined ? undefined : readOciReference(word)
    if (image !== undefined) return service.tags(image, node)
    const offered = await this.unwrap(service.catalogue(node))
    return ok(
      offered.filter(
        (one) =>
          (section === undefined || one.section === section) &&
          (word === undefined || one.name.toLowerCase().includes(word.toLowerCase())),
      ),
    )
  }
}
