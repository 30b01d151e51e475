import {imageRow, knownImages, type ImageRow} from '../../../cli/known-images.js'
import {ListCommand} from '../../../cli/list-command.js'
import type {Column} from '../../../cli/output/columns.js'

export default class TemplateCatalogue extends ListCommand<ImageRow> {
  static override summary = 'List the images that templates can be built from.'
  static override description = `Official images for x86-64, and your own: those that stand below images in the configuration, where one of the same name replaces an official one:

images:
  debian-13-lab: {url: https://mirror.lan/debian-13.qcow2, checksumUrl: https://mirror.lan/SHA512SUMS, user: ops}

Possible keys are url, checksumUrl or checksum (sha256:…), title, user, osType, cpu, firmware.`

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --columns name,url,checksumUrl',
    '<%= config.bin %> <%= command.id %> -o name',
  ]

  protected readonly noun = 'images'
  protected readonly columns: readonly Column<ImageRow>[] = [
    {key: 'name', whole: true},
    {key: 'title'},
    {key: 'user'},
    {key: 'osType', header: 'OS', default: false},
    {key: 'cpu', header: 'CPU', default: false},
    {key: 'firmware', default: false},
    {key: 'url', header: 'URL'},
    {key: 'checksumUrl', header: 'CHECKSUMS', default: false},
    {key: 'checksum', default: false},
  ]

  protected fetch() {
    return knownImages(this.surroundings).map((images) => images.map((image) => imageRow(image)))
  }
}
