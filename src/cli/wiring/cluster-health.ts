import {ClusterInfoRepository} from '../../repositories/cluster-info-repository.js'
import {ClusterHealthService} from '../../services/cluster-health-service.js'
import type {Services} from '../services.js'
import {nodeInfo} from './node-info.js'

export function clusterHealth(services: Services): ClusterHealthService {
  const {cluster, parts} = services
  return new ClusterHealthService(
    cluster,
    parts.cluster,
    new ClusterInfoRepository(parts.connection),
    nodeInfo(services),
  )
}
