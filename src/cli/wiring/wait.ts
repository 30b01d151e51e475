import type {AddressWish} from '../../domain/guest-address.js'
import {AgentProbeRepository} from '../../repositories/agent-probe-repository.js'
import {GuestMonitorRepository} from '../../repositories/guest-monitor-repository.js'
import {ClusterSenses} from '../../services/cluster-senses.js'
import {GuestLook} from '../../services/guest-look.js'
import {NodeLimit} from '../../services/node-limit.js'
import {WaitService} from '../../services/wait-service.js'
import {networkProbe} from '../network-probe.js'
import type {Services, Wiring} from '../services.js'
import {addressService} from './address.js'

/** @param wish which of a guest's addresses counts */
export function waitService(wish: AddressWish = {}): Wiring<WaitService> {
  return (services: Services) => {
    const {cluster, connection, releases, timing} = services.parts
    const limit = new NodeLimit()
    const agent = new AgentProbeRepository(connection)
    const senses = new ClusterSenses(agent, addressService(services), releases, timing, wish)
    return new WaitService(
      new GuestMonitorRepository(connection),
      cluster,
      new GuestLook(senses, networkProbe, limit, timing),
      limit,
      timing,
    )
  }
}
