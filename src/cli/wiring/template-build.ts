import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {PublishedChecksums} from '../../services/published-checksum.js'
import {TemplateBuildService} from '../../services/template-build-service.js'
import {TemplateMaker} from '../../services/template-maker.js'
import type {Services} from '../services.js'
import {textFetcher} from '../text-fetcher.js'
import {guestFinish} from './guest-create.js'
import {templateService} from './template.js'
import {vmCreate} from './vm-create.js'
import {volumeFileService} from './volume-files.js'

export function templateBuild(services: Services): TemplateBuildService {
  const {cluster, releases, timing} = services.parts
  return new TemplateBuildService({
    cluster,
    releases,
    timing,
    checksums: new PublishedChecksums(textFetcher()),
    maker: templateMaker(services),
  })
}

export function templateMaker(services: Services): TemplateMaker {
  const {connection, guests, timing} = services.parts
  return new TemplateMaker({
    guests,
    timing,
    creations: vmCreate(services),
    finisher: guestFinish(services),
    templates: templateService(services),
    storages: new NodeStorageRepository(connection),
    files: volumeFileService(services),
  })
}
