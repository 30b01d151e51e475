import {NodeInfoRepository} from '../../src/repositories/node-info-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('requests about nodes', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const nodes = new NodeInfoRepository(connection)
      return [
        nodes.details('pve1'),
        nodes.services('pve1'),
        nodes.syslog('pve1', {start: 0, limit: 50}),
        nodes.lastLog('pve1', 50),
        nodes.syslog('pve1', {
          start: 0,
          limit: 50,
          since: '2026-11-21 08:00',
          until: '2026-11-21 09:00:00',
          service: 'pveproxy',
        }),
        nodes.updates('pve1'),
        nodes.refreshUpdates('pve1'),
        nodes.certificates('pve1'),
        nodes.time('pve1'),
        nodes.subscription('pve1'),
        nodes.history('pve1', 'year'),
      ]
    }),
  )
})
