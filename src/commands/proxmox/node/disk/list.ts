import {Args} from '@oclif/core'

import {BaseCommand} from '../../../../cli/base-command.js'
import {listFlags, parallelFlags} from '../../../../cli/flags.js'
import {globalFlags} from '../../../../cli/global-flags.js'
import {asBytes, asPercent} from '../../../../cli/output/human.js'
import {physicalDiskService} from '../../../../cli/wiring/physical-disk.js'
import {EXIT_CODES} from '../../../../domain/failure.js'
import type {PhysicalDisk} from '../../../../domain/physical-disk.js'

export default class NodeDiskList extends BaseCommand<PhysicalDisk[]> {
  static override summary = 'List the physical disks of nodes: size, health, wear, and what they are used for.'
  static override description =
    'Each disk is asked for its SMART state, which may take some seconds and wakes one that sleeps. Wear is how much of its life a solid-state disk has used up. Where a node does not answer, the others are listed with a warning (exit 9).'
  static override hiddenAliases = ['proxmox:node:disk:ls', 'proxmox:node:disks']
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> pve1 --sort wearFraction:desc',
    '<%= config.bin %> <%= command.id %> --jq \'.[] | select(.usage == null) | "\\(.node) \\(.device)"\'',
  ]

  static override strict = false
  static override baseFlags = {...globalFlags, ...listFlags}
  static override args = {node: Args.string({description: 'Names of nodes; all of them by default.'})}
  static override flags = {parallel: parallelFlags.parallel}

  override async run(): Promise<PhysicalDisk[]> {
    const {argv, flags} = await this.parse(NodeDiskList)
    const disks = await this.use(physicalDiskService)
    const listing = await this.unwrap(disks.list(argv as string[], {parallel: flags.parallel, signal: this.signal}))
    for (const {message} of listing.failed) await this.warning(message)
    if (listing.failed.length > 0) this.endWith(EXIT_CODES.partial)
    return this.present(listing.disks, {
      empty: 'no disks found',
      nameKey: 'device',
      columns: [
        {key: 'node'},
        {key: 'device'},
        {key: 'type'},
        {key: 'model'},
        {key: 'serial'},
        {key: 'sizeBytes', header: 'SIZE', format: asBytes, align: 'right'},
        {key: 'health'},
        {key: 'wearFraction', header: 'WEAR', format: asPercent, align: 'right'},
        {key: 'usage'},
        {key: 'mounted', default: false},
        {key: 'vendor', default: false},
        {key: 'wwn', header: 'WWN', default: false},
        {key: 'rpm', header: 'RPM', default: false},
        {key: 'osds', header: 'OSDS', default: false},
      ],
    })
  }
}
