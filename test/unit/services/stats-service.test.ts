import {expect} from 'chai'
import {okAsync} from 'neverthrow'

import type {Guest} from '../../../src/domain/guest.js'
import type {GuestNow, HistorySpan, UsagePoint} from '../../../src/domain/guest-now.js'
import {NodeLimit} from '../../../src/services/node-limit.js'
import {StatsService} from '../../../src/services/stats-service.js'

const vm: Guest = {vmid: 101, name: 'web', type: 'qemu', node: 'pve1', status: 'running', template: false, tags: []}
const RUNNING: GuestNow = {status: 'running', template: false, haManaged: false, agentEnabled: true, cpuUsage: 0.5}
const at = (minute: number, fields: Omit<UsagePoint, 'time'> = {}): UsagePoint => ({
  time: new Date(Date.UTC(2026, 0, 2, 3, minute)).toISOString(),
  ...fields,
})

function serviceFor(now: GuestNow, points: readonly UsagePoint[]) {
  const spans: HistorySpan[] = []
  const monitor = {
    current: () => okAsync(now),
    history(_: unknown, span: HistorySpan) {
      spans.push(span)
      return okAsync([...points])
    },
  }
  return {spans, service: new StatsService(monitor as never, undefined as never, new NodeLimit())}
}

describe('StatsService', () => {
  it('takes the rates from the last minute that was measured', async () => {
    const points = [at(1, {netInBytesPerSecond: 1}), at(2, {netInBytesPerSecond: 7, diskReadBytesPerSecond: 0}), at(3)]
    const {service, spans} = serviceFor(RUNNING, points)
    expect((await service.read(vm))._unsafeUnwrap()).to.deep.equal({
      vmid: 101,
      name: 'web',
      type: 'qemu',
      node: 'pve1',
      status: 'running',
      cpuUsage: 0.5,
      netInBytesPerSecond: 7,
      diskReadBytesPerSecond: 0,
      ratesAt: points[1]!.time,
    })
    expect(spans).to.deep.equal(['hour'])
  })

  it('has no rates rather than old ones', async () => {
    const stale = [at(1, {netInBytesPerSecond: 7}), ...[2, 3, 4, 5, 6, 7].map((minute) => at(minute))]
    const stats = (await serviceFor(RUNNING, stale).service.read(vm))._unsafeUnwrap()
    expect(stats).not.to.have.any.keys('netInBytesPerSecond', 'ratesAt')
    const none = (await serviceFor(RUNNING, []).service.read(vm))._unsafeUnwrap()
    expect(none).not.to.have.any.keys('netInBytesPerSecond', 'ratesAt')
  })

  it('asks for no rates of a stopped guest', async () => {
    const {service, spans} = serviceFor({...RUNNING, status: 'stopped'}, [at(1, {netInBytesPerSecond: 7})])
    expect((await service.read(vm))._unsafeUnwrap()).not.to.have.property('netInBytesPerSecond')
    expect(spans).to.deep.equal([])
  })

  it('asks for the hour once when it is the history too', async () => {
    const points = [at(1), at(2, {cpuUsage: 0.1})]
    const hour = serviceFor(RUNNING, points)
    const stats = (await hour.service.read(vm, 'hour'))._unsafeUnwrap()
    expect(stats.history).to.deep.equal(points)
    expect(stats.historySpan).to.equal('hour')
    expect(hour.spans).to.deep.equal(['hour'])
    const week = serviceFor(RUNNING, points)
    await week.service.read(vm, 'week')
    expect(week.spans).to.deep.equal(['hour', 'week'])
    const stopped = serviceFor({...RUNNING, status: 'stopped'}, points)
    expect((await stopped.service.read(vm, 'hour'))._unsafeUnwrap().history).to.have.length(2)
  })
})
