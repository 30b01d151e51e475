import {AddressRepository} from '../../src/repositories/address-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const

describe('what is asked of the inside of guests', () => {
  itSendsValidRequests(requestsOf((connection) => [new AddressRepository(connection).ofVm(vm)]))

  describe('since 8.1', () => {
    itSendsValidRequests(
      requestsOf((connection) => [new AddressRepository(connection).ofContainer(container)]),
      ['8.4', '9.2'],
    )
  })
})
