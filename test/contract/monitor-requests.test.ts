import {AgentProbeRepository} from '../../src/repositories/agent-probe-repository.js'
import {GuestMonitorRepository} from '../../src/repositories/guest-monitor-repository.js'
import {HISTORY_SPANS} from '../../src/domain/guest-now.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const
const STATUS = ['cloud-init', 'status', '--long']

describe('what is asked while waiting, and for statistics', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const monitor = new GuestMonitorRepository(connection)
      const agent = new AgentProbeRepository(connection)
      return [
        ...[vm, container].flatMap((guest) => [
          monitor.current(guest),
          ...HISTORY_SPANS.map((span) => monitor.history(guest, span)),
        ]),
        agent.answers(vm),
        agent.end(vm, 17),
      ]
    }),
  )

  describe('before 8.0', () => {
    itSendsValidRequests(
      requestsOf((connection) => [new AgentProbeRepository(connection).start(vm, STATUS, true)]),
      ['7.4'],
    )
  })

  describe('since 8.0', () => {
    itSendsValidRequests(
      requestsOf((connection) => [new AgentProbeRepository(connection).start(vm, STATUS, false)]),
      ['8.4', '9.2'],
    )
  })
})
