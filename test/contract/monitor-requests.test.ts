import {HISTORY_SPANS} from '../../src/domain/guest-now.js'
import {GuestMonitorRepository} from '../../src/repositories/guest-monitor-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const

describe('what is asked while waiting, and for statistics', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const monitor = new GuestMonitorRepository(connection)
      return [vm, container].flatMap((guest) => [
        monitor.current(guest),
        ...HISTORY_SPANS.map((span) => monitor.history(guest, span)),
      ])
    }),
  )
})
