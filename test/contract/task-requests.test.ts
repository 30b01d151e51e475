import {parseUpid} from '../../src/domain/upid.js'
import {TaskRepository} from '../../src/repositories/task-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const UPID = parseUpid('UPID:pve1:00005A3F:000B574D:6B0178DD:qmshutdown:100:root@pam!t1:')!

describe('what is asked about tasks', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const tasks = new TaskRepository(connection)
      return [
        tasks.list('pve1'),
        tasks.list('pve1', {source: 'active', vmid: 100, type: 'qmstart', user: 'root', limit: 5}),
        tasks.list('pve1', {
          source: 'archive',
          endings: ['ok', 'warning', 'error', 'unknown'],
          since: new Date(1_795_000_000_000),
          until: new Date(1_796_000_000_500),
        }),
        tasks.status(UPID),
        tasks.log(UPID, 3),
        tasks.stop(UPID),
        tasks.recent(),
      ]
    }),
  )
})
