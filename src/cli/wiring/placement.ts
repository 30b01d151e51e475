import {HaRepository} from '../../repositories/ha-repository.js'
import {MappingRepository} from '../../repositories/mapping-repository.js'
import {NodeRepository} from '../../repositories/node-repository.js'
import {NodeLimit} from '../../services/node-limit.js'
import {PlacementFactsService} from '../../services/placement-facts-service.js'
import {PlacementService} from '../../services/placement-service.js'
import {ReachCheck} from '../../services/reach-check.js'
import type {Services} from '../services.js'

export function placementFacts({parts}: Pick<Services, 'parts'>): PlacementFactsService {
  const {cluster, connection, guests, releases} = parts
  return new PlacementFactsService(
    cluster,
    guests,
    new NodeRepository(connection),
    new HaRepository(connection),
    new MappingRepository(connection),
    releases,
    new NodeLimit(),
  )
}

export function reachCheck({parts: {connection}}: Pick<Services, 'parts'>): ReachCheck {
  return new ReachCheck(new NodeRepository(connection), new MappingRepository(connection))
}

export function placementService(services: Services): PlacementService {
  return new PlacementService(services.guests, services.parts.cluster, placementFacts(services))
}
