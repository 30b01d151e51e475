import {NodeInfoRepository} from '../../repositories/node-info-repository.js'
import {NodeInfoService} from '../../services/node-info-service.js'
import type {Services} from '../services.js'

export function nodeInfo({parts, tasks}: Services): NodeInfoService {
  const {cluster, connection, timing} = parts
  return new NodeInfoService(cluster, new NodeInfoRepository(connection), tasks, timing)
}
