import {AddressRepository} from '../../src/repositories/address-repository.js'
import type {AgentOrder, AgentQuestion} from '../../src/domain/agent-answer.js'
import {AgentRepository} from '../../src/repositories/agent-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const vm = {vmid: 100, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {...vm, type: 'lxc'} as const
const questions: AgentQuestion[] = [
  'get-fsinfo',
  'get-host-name',
  'get-osinfo',
  'get-time',
  'get-timezone',
  'get-users',
  'get-vcpus',
  'info',
]
const orders: AgentOrder[] = ['fsfreeze-freeze', 'fsfreeze-status', 'fsfreeze-thaw', 'fstrim', 'ping', 'shutdown']
const content = Buffer.alloc(46_080, 0xff).toString('base64')

describe('what is asked of the inside of guests', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const agent = new AgentRepository(connection)
      return [
        ...questions.map((question) => agent.ask(vm, question)),
        ...orders.map((order) => agent.order(vm, order)),
        agent.state(vm, 4711),
        agent.readFile(vm, '/etc/hosts'),
        agent.writeFile(vm, '/etc/motd', content),
        new AddressRepository(connection).ofVm(vm),
      ]
    }),
  )

  describe('before 8.0', () => {
    itSendsValidRequests(
      requestsOf((connection) => [new AgentRepository(connection).start(vm, 'ls\0-l\0', 'x'.repeat(65_536))]),
      ['7.4'],
    )
  })

  describe('since 8.0', () => {
    itSendsValidRequests(
      requestsOf((connection) => {
        const agent = new AgentRepository(connection)
        return [
          agent.start(vm, ['ls', '-l', "it's; $HOME\n"], 'x'.repeat(65_536)),
          new AddressRepository(connection).ofContainer(container),
        ]
      }),
      ['8.4', '9.2'],
    )
  })
})
