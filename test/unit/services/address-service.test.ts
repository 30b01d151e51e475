import {expect} from 'chai'
import {errAsync, okAsync} from 'neverthrow'
import {failure, type Failure} from '../../../src/domain/failure.js'
import type {GuestInterface} from '../../../src/domain/guest-address.js'
import {AddressService} from '../../../src/services/address-service.js'

const vm = {vmid: 101, name: 'web', type: 'qemu', node: 'pve1'} as const
const container = {vmid: 201, name: 'dns', type: 'lxc', node: 'pve1'} as const
const mac = 'BC:24:11:00:00:01'
const inside = (address: string): GuestInterface[] => [{name: 'eth0', mac, addresses: [address]}]

function service(options: {
  config?: Record<string, unknown>
  agent?: Failure | GuestInterface[]
  interfaces?: Failure | GuestInterface[]
  release?: string
}): AddressService {
  const {config = {net0: `virtio=${mac},bridge=vmbr0`}, agent = [], interfaces = [], release = '9.2'} = options
  const answer = (value: Failure | GuestInterface[]) => ('kind' in value ? errAsync(value) : okAsync(value))
  return new AddressService(
    {config: () => okAsync(config)},
    {ofVm: () => answer(agent), ofContainer: () => answer(interfaces)},
    {release: () => okAsync(release)},
  )
}

const silent = failure('conflict', 'nobody answers', {details: {reason: 'agent-not-answering'}})
const stopped = failure('conflict', 'not running', {details: {reason: 'not-running'}})

describe('AddressService', () => {
  it('takes what the agent tells', async () => {
    const found = await service({agent: inside('192.0.2.7/24')}).find(vm)
    expect(found._unsafeUnwrap()).to.deep.include({source: 'agent'})
    expect(found._unsafeUnwrap().addresses[0]).to.include({address: '192.0.2.7', net: 'net0'})
  })

  it('falls back to the static addresses of the configuration, and says why', async () => {
    const config = {net0: `virtio=${mac},bridge=vmbr0`, ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1'}
    const found = (await service({config, agent: silent}).find(vm))._unsafeUnwrap()
    expect(found.source).to.equal('config')
    expect(found.insteadOf).to.include({kind: 'conflict', message: silent.message})
    expect(found.addresses[0]).to.include({address: '192.0.2.5', source: 'config', net: 'net0'})
  })

  it("keeps the agent's failure when the configuration has no address either", async () => {
    const failed = (await service({agent: silent}).find(vm))._unsafeUnwrapErr()
    expect(failed).to.deep.include({kind: 'conflict', details: silent.details})
    expect(failed.hint).to.contain('homelab proxmox vm show web')
  })

  it('says how to start a VM that does not run', async () => {
    const failed = (await service({agent: stopped}).find(vm))._unsafeUnwrapErr()
    expect(failed.hint).to.equal('Start it first: homelab proxmox vm start web')
  })

  it('does not mistake missing rights or a lost network for a silent agent', async () => {
    const config = {net0: `virtio=${mac},bridge=vmbr0`, ipconfig0: 'ip=192.0.2.5/24'}
    const denied = failure('permission', 'VM.GuestAgent.Audit is missing', {details: {status: 403}})
    expect((await service({config, agent: denied}).find(vm))._unsafeUnwrapErr()).to.deep.equal(denied)
  })

  it('gives an empty list while a running guest has no address, and a failure to who needs one', async () => {
    const noneYet = service({agent: [{name: 'eth0', mac, addresses: []}]})
    expect((await noneYet.find(vm))._unsafeUnwrap().addresses).to.deep.equal([])
    expect((await noneYet.first(vm, {family: 6}))._unsafeUnwrapErr()).to.include({
      kind: 'not-found',
      message: 'web (VM 101) has no IPv6 address yet',
    })
  })

  it('names the cards there are when another is asked for', async () => {
    const failed = (await service({}).find(vm, {net: 'net3'}))._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'not-found', hint: 'It has net0'})
  })

  describe('of containers', () => {
    const config = {net0: `name=eth0,bridge=vmbr0,hwaddr=${mac},ip=192.0.2.9/24`}

    it('takes what the node sees', async () => {
      const found = (await service({config, interfaces: inside('192.0.2.8/24')}).find(container))._unsafeUnwrap()
      expect(found.source).to.equal('interfaces')
      expect(found.addresses[0]).to.include({address: '192.0.2.8', net: 'net0', interface: 'eth0'})
    })

    it('takes the configuration when it is stopped', async () => {
      const found = (await service({config}).find(container))._unsafeUnwrap()
      expect(found.addresses[0]).to.include({address: '192.0.2.9', source: 'config', interface: 'eth0'})
      expect(found.insteadOf?.details).to.include({reason: 'not-running'})
    })

    it('takes the configuration where the server is too old to tell, without asking it', async () => {
      const asked = failure('unexpected', 'this path does not exist there')
      const found = (await service({config, interfaces: asked, release: '8.0'}).find(container))._unsafeUnwrap()
      expect(found.source).to.equal('config')
      expect(found.insteadOf).to.include({kind: 'not-supported'})
    })
  })
})
