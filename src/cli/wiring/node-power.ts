import {DrainJournalFile} from '../../config/drain-journals.js'
import type {Surroundings} from '../../config/locations.js'
import {NodePowerRepository} from '../../repositories/node-power-repository.js'
import {NodeRepository} from '../../repositories/node-repository.js'
import {NodePowerService} from '../../services/node-power-service.js'
import type {Wiring} from '../services.js'

export function nodePowerService(surroundings: Surroundings, context: string): Wiring<NodePowerService> {
  return ({parts: {cluster, connection, guests, timing}}) =>
    new NodePowerService(
      cluster,
      guests,
      new NodeRepository(connection),
      new NodePowerRepository(connection),
      (node) => new DrainJournalFile(surroundings, context, node),
      timing,
    )
}
