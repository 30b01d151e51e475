import {NodeStorageRepository} from '../../repositories/node-storage-repository.js'
import {TemplateRepository} from '../../repositories/template-repository.js'
import {containerClones} from '../../services/container-clone-recipe.js'
import type {ContainerCreateRequest} from '../../services/container-create-request.js'
import {ContainerCreation} from '../../services/container-creation.js'
import {ContainerNewMaker} from '../../services/container-new-maker.js'
import {ContainerSourceService} from '../../services/container-source-service.js'
import {GuestCloneMaker} from '../../services/guest-clone-maker.js'
import type {GuestCreateService} from '../../services/guest-create-service.js'
import {VolumeFinder} from '../../services/volume-finder.js'
import type {Services} from '../services.js'
import {guestCreate} from './guest-create.js'

export function containerCreate(services: Services): GuestCreateService<ContainerCreateRequest> {
  const {parts, tasks} = services
  const {connection, releases} = parts
  const storages = new NodeStorageRepository(connection)
  const templates = new TemplateRepository(connection)
  const sources = new ContainerSourceService(storages, new VolumeFinder(storages), templates, releases, tasks)
  return guestCreate(
    services,
    (tools) =>
      new ContainerCreation(new GuestCloneMaker(containerClones, tools), new ContainerNewMaker({...tools, sources})),
  )
}
