import {HaRepository} from '../../src/repositories/ha-repository.js'
import {MappingRepository} from '../../src/repositories/mapping-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

describe('what is asked before guests are placed', () => {
  itSendsValidRequests(requestsOf((connection) => [new HaRepository(connection).members()]))

  describe('before 9.0, and until a cluster of 9.x has made rules of its groups', () => {
    itSendsValidRequests(requestsOf((connection) => [new HaRepository(connection).groups()]))
  })

  describe('since 9.0', () => {
    itSendsValidRequests(
      requestsOf((connection) => [new HaRepository(connection).rules()]),
      ['9.2'],
    )
  })

  describe('about resource mappings, which only guests of 8.0 and later can have', () => {
    itSendsValidRequests(
      requestsOf((connection) =>
        (['pci', 'usb', 'dir'] as const).map((kind) => new MappingRepository(connection).list(kind)),
      ),
      ['8.4', '9.2'],
    )
  })
})
