import {AccessRepository} from '../../repositories/access-repository.js'
import {DeviceRepository} from '../../repositories/device-repository.js'
import {DownloadRepository} from '../../repositories/download-repository.js'
import {NodeRepository} from '../../repositories/node-repository.js'
import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {TemplateRepository} from '../../repositories/template-repository.js'
import {VolumeFileRepository} from '../../repositories/volume-file-repository.js'
import {FileArrivals} from '../../services/file-arrivals.js'
import {FileDownloadService} from '../../services/file-download-service.js'
import {FileUploadService} from '../../services/file-upload-service.js'
import {NodeLimit} from '../../services/node-limit.js'
import {TemplateCatalogueService} from '../../services/template-catalogue-service.js'
import {VolumeFileService} from '../../services/volume-file-service.js'
import type {Services} from '../services.js'

export function volumeFileService({parts, tasks}: Services): VolumeFileService {
  const {cluster, connection} = parts
  return new VolumeFileService({
    cluster,
    tasks,
    storages: new NodeStorageRepository(connection),
    files: new VolumeFileRepository(connection),
    devices: new DeviceRepository(connection),
    limit: new NodeLimit(),
  })
}

export function fileUploadService(services: Services): FileUploadService {
  const {cluster, connection, releases, timing} = services.parts
  return new FileUploadService({
    cluster,
    releases,
    timing,
    nodes: new NodeRepository(connection),
    access: new AccessRepository(connection),
    files: new VolumeFileRepository(connection),
    arrivals: fileArrivals(services),
  })
}

export function fileDownloadService(services: Services): FileDownloadService {
  const {cluster, connection, releases, timing} = services.parts
  return new FileDownloadService({
    cluster,
    releases,
    timing,
    downloads: new DownloadRepository(connection),
    templates: new TemplateRepository(connection),
    arrivals: fileArrivals(services),
  })
}

export function templateCatalogue({parts}: Services): TemplateCatalogueService {
  return new TemplateCatalogueService(parts.cluster, new TemplateRepository(parts.connection), parts.releases)
}

export function fileArrivals({parts, tasks}: Services): FileArrivals {
  return new FileArrivals(new NodeStorageRepository(parts.connection), tasks, parts.taskList, parts.timing)
}
