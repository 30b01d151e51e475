import {GuestMonitorRepository} from '../../repositories/guest-monitor-repository.js'
import {NodeLimit} from '../../services/node-limit.js'
import {StatsService} from '../../services/stats-service.js'
import type {Services} from '../services.js'

export function statsService({parts}: Services): StatsService {
  return new StatsService(new GuestMonitorRepository(parts.connection), parts.cluster, new NodeLimit())
}
