import {expect} from 'chai'
import {err, ok, ResultAsync, type Result} from 'neverthrow'

import {failure, type Failure} from '../../../src/domain/failure.js'
import type {Guest} from '../../../src/domain/guest.js'
import {addressesOfMany} from '../../../src/services/addresses-of-many.js'
import type {AddressService, GuestAddresses} from '../../../src/services/address-service.js'

const guest = (vmid: number, node: string, status: Guest['status'] = 'running'): Guest => ({
  vmid,
  name: `vm${vmid}`,
  type: 'qemu',
  node,
  status,
  template: false,
  tags: [],
})

/** Answers after a turn of the loop; knows how many were asked at the same time. */
function finder(refused: readonly number[] = []) {
  const busy = new Map<string, number>()
  const most = new Map<string, number>()
  const find = ((asked: Guest) =>
    new ResultAsync(
      (async (): Promise<Result<GuestAddresses, Failure>> => {
        const now = (busy.get(asked.node) ?? 0) + 1
        busy.set(asked.node, now)
        most.set(asked.node, Math.max(most.get(asked.node) ?? 0, now))
        await new Promise(setImmediate)
        busy.set(asked.node, now - 1)
        if (refused.includes(asked.vmid)) return err(failure('conflict', 'no agent'))
        const address = {address: `192.0.2.${asked.vmid}`, family: 4, source: 'agent'} as const
        return ok({addresses: [address, address], source: 'agent' as const})
      })(),
    )) as AddressService['find']
  return {find, most}
}

describe('addressesOfMany', () => {
  const {signal} = new AbortController()

  it('asks all running guests, never more than four at a time on one node', async () => {
    const guests = Array.from({length: 40}, (_, index) => guest(index + 1, index % 4 === 0 ? 'pve2' : 'pve1'))
    const {find, most} = finder()
    const found = await addressesOfMany(guests, {find}, signal)
    expect(found.guests.map(({ipAddresses}) => ipAddresses?.join())).to.deep.equal(
      guests.map(({vmid}) => `192.0.2.${vmid}`),
    )
    expect(Object.fromEntries(most)).to.deep.equal({pve1: 4, pve2: 4})
  })

  it('keeps the order, leaves out what nobody knows, and says of whom', async () => {
    const guests = [guest(1, 'pve1'), guest(2, 'pve1', 'stopped'), guest(3, 'pve1')]
    const found = await addressesOfMany(guests, {find: finder([1]).find}, signal)
    expect(found.guests.map(({vmid}) => vmid)).to.deep.equal([1, 2, 3])
    expect(found.guests.map((row) => 'ipAddresses' in row)).to.deep.equal([false, false, true])
    expect(found.unknown.map((each) => [each.guest.vmid, each.why.message])).to.deep.equal([[1, 'no agent']])
  })
})
