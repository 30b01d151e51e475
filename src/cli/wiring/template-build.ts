import {DeviceRepository} from '../../repositories/device-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {PublishedChecksums} from '../../services/published-checksum.js'
import {TemplateBuildService} from '../../services/template-build-service.js'
import {TemplateRefreshService} from '../../services/template-refresh-service.js'
import {TemplateSuccession} from '../../services/template-succession.js'
import {TemplateMaker} from '../../services/template-maker.js'
import type {Services} from '../services.js'
import {textFetcher} from '../text-fetcher.js'
import {deleteService} from './deletion.js'
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

export function templateRefresh(services: Services): TemplateRefreshService {
  const {parts, tasks} = services
  const {cluster, connection, guests, releases, timing} = parts
  const devices = new DeviceRepository(connection)
  return new TemplateRefreshService({
    cluster,
    guests,
    releases,
    timing,
    checksums: new PublishedChecksums(textFetcher()),
    maker: templateMaker(services),
    succession: new TemplateSuccession({cluster, guests, devices, tasks, timing, deletion: deleteService(services)}),
  })
}

function templateMaker(services: Services): TemplateMaker {
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
