import {AgentRepository} from '../../repositories/agent-repository.js'
import {AgentService} from '../../services/agent-service.js'
import type {Services} from '../services.js'

export function agentService({parts}: Services): AgentService {
  return new AgentService(parts.cluster, new AgentRepository(parts.connection), parts.releases, parts.timing)
}
