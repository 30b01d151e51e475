import {NodePowerRepository} from '../../src/repositories/node-power-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('what is sent to switch a node', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const machines = new NodePowerRepository(connection)
      return [machines.command('pve1', 'reboot'), machines.command('pve1', 'shutdown'), machines.wake('pve1')]
    }),
  )
})
