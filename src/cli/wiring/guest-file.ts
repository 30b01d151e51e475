import {AgentRepository} from '../../repositories/agent-repository.js'
import {GuestFileService} from '../../services/guest-file-service.js'
import type {Services} from '../services.js'
import {agentService} from './agent.js'

export function guestFiles(services: Services): GuestFileService {
  const {connection, timing} = services.parts
  return new GuestFileService(
    agentService(services),
    new AgentRepository(connection),
    () => `${timing.now().toString(36)}${timing.random().toString(36).slice(2, 8)}`,
  )
}
