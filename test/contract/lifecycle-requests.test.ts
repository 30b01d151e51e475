import {GuestJobRepository} from '../../src/repositories/guest-job-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('requests of the life of guests', () =>
  itSendsValidRequests(
    requestsOf((connection) => {
      const jobs = new GuestJobRepository(connection)
      return [jobs.replications(), jobs.backups()]
    }),
  ))
