import {Args} from '@oclif/core'

import {BaseCommand} from '../../../cli/base-command.js'
import {parallelFlags} from '../../../cli/flags.js'
import {storageText} from '../../../cli/output/storage.js'
import {storageService} from '../../../cli/wiring/storage.js'
import type {StorageReport} from '../../../services/storage-service.js'

export default class StorageShow extends BaseCommand<StorageReport> {
  static override summary = 'Show how a storage is defined and what each of its nodes makes of it.'
  static override description =
    'Each node is asked now, and tries to activate a storage that is not active; where it cannot, its own words say why. A password or key is never shown.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> nas',
    '<%= config.bin %> <%= command.id %> nas --jq \'.states[] | select(.state != "active")\'',
  ]

  static override args = {storage: Args.string({description: 'Its name.', required: true})}
  static override flags = {parallel: parallelFlags.parallel}

  override async run(): Promise<StorageReport> {
    const {args, flags} = await this.parse(StorageShow)
    const storages = await this.use(storageService)
    const report = await this.unwrap(storages.show(args.storage, {parallel: flags.parallel, signal: this.signal}))
    return this.present(report, {text: storageText(report)})
  }
}
