import type {AddressWish} from '../../domain/guest-address.js'
import {GuestMonitorRepository} from '../../repositories/guest-monitor-repository.js'
import {ClusterSenses} from '../../services/cluster-senses.js'
import {GuestLook} from '../../services/guest-look.js'
import {NodeLimit} from '../../services/node-limit.js'
import {WaitService} from '../../services/wait-service.js'
import {networkProbe} from '../network-probe.js'
import type {Services, Wiring} from '../services.js'
import {addressService} from './address.js'
import {agentService} from './agent.js'

/** @param wish which of a guest's addresses counts */
export function waitService(wish: AddressWish = {}): Wiring<WaitService> {
  return (services: Services) => {
    const {cluster, connection, timing} = services.parts
    const limit = new NodeLimit()
    const senses = new ClusterSenses(agentService(services), addressService(services), timing, wish)
    return new WaitService(
      new GuestMonitorRepository(connection),
      cluster,
      new GuestLook(senses, networkProbe, limit, timing),
      limit,
      timing,
    )
  }
}
