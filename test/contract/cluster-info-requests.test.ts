import {ClusterInfoRepository} from '../../src/repositories/cluster-info-repository.js'
import {NodeRepository} from '../../src/repositories/node-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('requests about the cluster', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const cluster = new ClusterInfoRepository(connection)
      const nodes = new NodeRepository(connection)
      return [
        cluster.log(50),
        cluster.options(),
        cluster.ha(),
        cluster.cephHealth(),
        nodes.votes(),
        nodes.quorumDevice(2),
      ]
    }),
  )
})
