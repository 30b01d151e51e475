import {NodeSshService, type NodeSshSettings} from '../../services/node-ssh-service.js'
import type {Wiring} from '../services.js'

export function nodeSsh(settings: NodeSshSettings | undefined): Wiring<NodeSshService> {
  return ({parts}) => new NodeSshService(parts.cluster, settings)
}
