import {GuestJobRepository} from '../../src/repositories/guest-job-repository.js'
import {GuestRepository} from '../../src/repositories/guest-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('requests of the life of guests', () =>
  itSendsValidRequests(
    requestsOf((connection) => {
      const jobs = new GuestJobRepository(connection)
      const guests = new GuestRepository(connection)
      const everything = {newid: 120, name: 'copy', snapname: 'before', target: 'pve2', storage: 'nas', pool: 'lab'}
      return [
        guests.removeLock({type: 'qemu', vmid: 100, node: 'pve1'}),
        jobs.replications(),
        jobs.backups(),
        ...(['qemu', 'lxc'] as const).flatMap((type) => {
          const guest = {type, vmid: 100, node: 'pve1'}
          return [
            guests.clone(guest, {...everything, full: true, description: 'a\nb'}),
            guests.clone(guest, {newid: 121, name: 'thin', full: false}),
            guests.convertToTemplate(guest),
          ]
        }),
      ]
    }),
  ))
