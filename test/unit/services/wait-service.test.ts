import {expect} from 'chai'
import {errAsync, okAsync, type ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../../../src/domain/failure.js'
import type {GuestAddress} from '../../../src/domain/guest-address.js'
import type {GuestNow} from '../../../src/domain/guest-now.js'
import {parseWaitCondition} from '../../../src/domain/wait-condition.js'
import {GuestLook, type GuestSenses, type NetworkProbe, type ProbeResult} from '../../../src/services/guest-look.js'
import {NodeLimit} from '../../../src/services/node-limit.js'
import type {Patience} from '../../../src/services/patience.js'
import {WaitService} from '../../../src/services/wait-service.js'
import {FakeClock} from '../../helpers/fake-clock.js'

const MINUTE = 60_000
const vm = {vmid: 101, name: 'web', type: 'qemu', node: 'pve1'} as const
const RUNNING: GuestNow = {
  status: 'running',
  template: false,
  haManaged: false,
  agentEnabled: true,
  uptimeSeconds: 1000,
}
const STOPPED: GuestNow = {...RUNNING, status: 'stopped', uptimeSeconds: 0}
const gone = failure('not-found', "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist")
const silent = failure('conflict', 'QEMU guest agent is not running', {details: {reason: 'agent-not-answering'}})
const ADDRESS = {address: '192.0.2.5', family: 4, source: 'agent'} as const

/** A guest by rounds: each answer is given once, the last one for ever. */
interface Story {
  readonly states: readonly (Failure | GuestNow)[]
  readonly pings?: readonly (Failure | true)[]
  readonly addresses?: readonly (Failure | readonly GuestAddress[])[]
  readonly cloudInit?: readonly (Failure | string)[]
  readonly probes?: readonly ProbeResult[]
  /** What the cluster lists: where the guest is, or nothing. */
  readonly listed?: string
}

function next<T>(answers: readonly T[] | undefined, asked: number): T {
  return (answers ?? [])[Math.min(asked, (answers ?? []).length - 1)] as T
}

const answer = <T>(value: Failure | T): ResultAsync<T, Failure> =>
  typeof value === 'object' && value !== null && 'message' in value ? errAsync(value) : okAsync(value as T)

function tell(story: Story) {
  const clock = new FakeClock()
  const asked = {states: 0, pings: 0, addresses: 0, cloudInit: 0, probes: 0}
  const nodes: string[] = []
  const probed: string[] = []
  const senses: GuestSenses = {
    ping: () => answer(next(story.pings, asked.pings++)),
    addresses: () => answer(next(story.addresses, asked.addresses++)),
    run: () =>
      answer(next(story.cloudInit, asked.cloudInit++)).map((stdout) => ({exitCode: 0, stdout: stdout as string})),
  }
  const probe: NetworkProbe = {
    tcp(host, port) {
      probed.push(`${host}:${port}`)
      return Promise.resolve(next(story.probes, asked.probes++))
    },
    http(url, {anyCertificate}) {
      probed.push(`${url}${anyCertificate ? ' any' : ''}`)
      return Promise.resolve(next(story.probes, asked.probes++))
    },
  }
  const monitor = {
    current({node}: {node: string}) {
      nodes.push(node)
      return answer(next(story.states, asked.states++))
    },
  }
  const guests = story.listed === undefined ? [] : [{...vm, node: story.listed}]
  const cluster = {resources: () => okAsync({guests, nodes: [], storages: []})}
  const limit = new NodeLimit()
  const service = new WaitService(
    monitor as never,
    cluster as never,
    new GuestLook(senses, probe, limit, clock),
    limit,
    clock,
  )
  return {
    asked,
    clock,
    nodes,
    probed,
    service,
    wait(
      texts: readonly string[],
      options: {any?: boolean; startedByUs?: boolean} = {},
      patience: Partial<Patience> = {},
    ) {
      const conditions = texts.map((text) => parseWaitCondition(text)._unsafeUnwrap())
      return service.wait(
        vm,
        {conditions, any: options.any ?? false, ...(options.startedByUs === true && {startedByUs: true})},
        {deadline: clock.now() + 5 * MINUTE, ...patience},
      )
    },
  }
}

describe('WaitService', () => {
  it('asks once when it is so already', async () => {
    const world = tell({states: [RUNNING]})
    const report = (await world.wait(['running', 'lock-free']))._unsafeUnwrap()
    expect(report).to.deep.equal({
      vmid: 101,
      name: 'web',
      type: 'qemu',
      node: 'pve1',
      status: 'running',
      waitedSeconds: 0,
      conditions: [
        {condition: 'running', met: true, lastSeen: 'running'},
        {condition: 'lock-free', met: true, lastSeen: 'not locked'},
      ],
    })
    expect(world.asked.states).to.equal(1)
    expect(world.clock.slept).to.deep.equal([])
  })

  it('asks ever more seldom, and nothing inside the guest before it runs', async () => {
    const world = tell({
      states: [STOPPED, STOPPED, STOPPED, RUNNING],
      pings: [silent, true],
      addresses: [[], [ADDRESS]],
      probes: [
        {ok: false, seen: '192.0.2.5:22 refuses connections'},
        {ok: true, seen: 'ok'},
      ],
    })
    const report = (await world.wait(['agent', 'tcp:22']))._unsafeUnwrap()
    expect(report.conditions.map(({met}) => met)).to.deep.equal([true, true])
    expect(world.asked).to.deep.equal({states: 6, pings: 2, addresses: 3, cloudInit: 0, probes: 2})
    expect(world.probed).to.deep.equal(['192.0.2.5:22', '192.0.2.5:22'])
    expect(world.clock.slept[0]).to.equal(250)
    expect([...world.clock.slept].sort((a, b) => a - b)).to.deep.equal(world.clock.slept)
  })

  it('asks for addresses once per round, whatever needs them', async () => {
    const world = tell({states: [RUNNING], addresses: [[ADDRESS]], probes: [{ok: true, seen: 'ok'}]})
    await world.wait(['ip4', 'tcp:22', 'http:8080/health', 'https:/', 'https://app.lan/x'])
    expect(world.asked.addresses).to.equal(1)
    expect(world.probed).to.deep.equal([
      '192.0.2.5:22',
      'http://192.0.2.5:8080/health any',
      'https://192.0.2.5/ any',
      'https://app.lan/x',
    ])
  })

  it('writes IPv6 addresses into URLs with brackets', async () => {
    const v6 = {address: '2001:db8::5', family: 6, source: 'agent'} as const
    const world = tell({states: [RUNNING], addresses: [[v6]], probes: [{ok: true, seen: 'ok'}]})
    await world.wait(['http:/health'])
    expect(world.probed).to.deep.equal(['http://[2001:db8::5]/health any'])
  })

  it('does not take an address of the configuration for one that the guest has', async () => {
    const static4 = {...ADDRESS, source: 'config'} as const
    const world = tell({states: [RUNNING], addresses: [[static4], [static4], [ADDRESS]]})
    expect((await world.wait(['ip4']))._unsafeUnwrap().conditions[0]?.lastSeen).to.equal('192.0.2.5')
    expect(world.asked.addresses).to.equal(3)
  })

  it('says of each condition what was last seen when the time is up', async () => {
    const world = tell({states: [RUNNING], pings: [silent], addresses: [[]]})
    const failed = (await world.wait(['running', 'agent', 'ip4']))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('timeout')
    expect(failed.message).to.equal(
      'waited 300s for web (VM 101); still missing: agent (last seen: the guest agent does not answer), ip4 (last seen: it has no such address)',
    )
    expect(failed.details?.['conditions']).to.deep.equal([
      {condition: 'running', met: true, lastSeen: 'running'},
      {condition: 'agent', met: false, lastSeen: 'the guest agent does not answer'},
      {condition: 'ip4', met: false, lastSeen: 'it has no such address'},
    ])
    // Two seconds at most between two questions, and a last one when the time is up.
    expect(world.asked.states).to.be.within(150, 170)
  })

  it('keeps to a fixed interval where one is given', async () => {
    const world = tell({states: [STOPPED, STOPPED, RUNNING]})
    await world.wait(['running'], {}, {pollIntervalMs: 7000})
    expect(world.clock.slept).to.deep.equal([7000, 7000])
  })

  it('is content with any of them', async () => {
    const world = tell({states: [RUNNING], pings: [silent]})
    const report = (await world.wait(['stopped', 'agent', 'lock-free'], {any: true}))._unsafeUnwrap()
    expect(report.conditions.map(({condition, met}) => (met ? condition : '')).join('')).to.equal('lock-free')
  })

  it('goes on through lost connections and dead nodes', async () => {
    const world = tell({
      states: [failure('unreachable', 'no endpoint answers'), failure('node-offline', 'pve1 is offline'), RUNNING],
    })
    expect((await world.wait(['running'])).isOk()).to.equal(true)
    const lost = tell({states: [failure('unreachable', 'no endpoint answers')]})
    expect((await lost.wait(['running']))._unsafeUnwrapErr().message).to.contain(
      'could not be asked: no endpoint answers',
    )
  })

  it('ends at once when asking again cannot help', async () => {
    const world = tell({states: [failure('permission', 'not allowed')]})
    expect((await world.wait(['running']))._unsafeUnwrapErr().kind).to.equal('permission')
    const inside = tell({states: [RUNNING], pings: [failure('permission', 'not allowed')]})
    expect((await inside.wait(['agent']))._unsafeUnwrapErr().kind).to.equal('permission')
    expect(world.clock.slept).to.deep.equal([])
  })

  it('follows the guest to another node', async () => {
    const world = tell({states: [RUNNING, gone, STOPPED], listed: 'pve3'})
    expect((await world.wait(['stopped']))._unsafeUnwrap().node).to.equal('pve3')
    expect(world.nodes).to.deep.equal(['pve1', 'pve1', 'pve3'])
  })

  it('can no longer come true once the guest was deleted', async () => {
    const failed = (await tell({states: [RUNNING, gone]}).wait(['stopped']))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('check-failed')
    expect(failed.details?.['reason']).to.equal('deleted')
  })

  it('can no longer come true without an agent, or after an error of cloud-init', async () => {
    const off = await tell({states: [{...RUNNING, agentEnabled: false}]}).wait(['running', 'agent'])
    expect(off._unsafeUnwrapErr().kind).to.equal('check-failed')
    expect(off._unsafeUnwrapErr().message).to.contain('not switched on')
    const broken = tell({states: [RUNNING], cloudInit: ['status: running\n', 'status: error\ndetail:\nboom\n']})
    const failed = (await broken.wait(['cloud-init']))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('check-failed')
    expect(failed.message).to.contain('boom')
    const none = failure('not-found', 'Failed to execute child process', {details: {reason: 'no-such-program'}})
    expect(
      (await tell({states: [RUNNING], cloudInit: [none]}).wait(['cloud-init']))._unsafeUnwrapErr().message,
    ).to.contain('not installed')
  })

  it('of any: only when none is left that could', async () => {
    const some = tell({
      states: [
        {...RUNNING, agentEnabled: false},
        {...STOPPED, agentEnabled: false},
      ],
    })
    expect((await some.wait(['agent', 'stopped'], {any: true})).isOk()).to.equal(true)
    const none = tell({states: [{...RUNNING, agentEnabled: false}]})
    expect((await none.wait(['agent', 'ip4'], {any: true}))._unsafeUnwrapErr().kind).to.equal('check-failed')
  })

  it('waits for a stopped guest, unless we started it ourselves', async () => {
    expect((await tell({states: [STOPPED]}).wait(['running']))._unsafeUnwrapErr().kind).to.equal('timeout')
    const ours = {startedByUs: true}
    expect(
      (await tell({states: [RUNNING, STOPPED], pings: [silent]}).wait(['agent'], ours))._unsafeUnwrapErr().message,
    ).to.contain('it has stopped again')
    const managed = [{...STOPPED, haManaged: true}, RUNNING]
    expect((await tell({states: managed}).wait(['running'], ours)).isOk()).to.equal(true)
  })

  it('looks inside anew after a restart, and only then', async () => {
    const pings = [true, true] as const
    const addresses = [[], [], [ADDRESS]]
    const steady = tell({states: [RUNNING], pings, addresses})
    await steady.wait(['agent', 'ip4'])
    expect(steady.asked.pings).to.equal(1)
    const restarted = tell({states: [RUNNING, {...RUNNING, uptimeSeconds: 1}], pings, addresses})
    await restarted.wait(['agent', 'ip4'])
    expect(restarted.asked.pings).to.equal(2)
  })

  it('stops on Ctrl-C, saying what is missing', async () => {
    const stop = new AbortController()
    const world = tell({states: [STOPPED]})
    const waiting = world.wait(['running'], {}, {signal: stop.signal, onStep: () => stop.abort()})
    const failed = (await waiting)._unsafeUnwrapErr()
    expect(failed.kind).to.equal('interrupted')
    expect(failed.message).to.contain('still missing: running (last seen: stopped)')
  })

  it('refuses before a start what cannot come true after it', async () => {
    const check = (states: readonly GuestNow[], text: string) =>
      tell({states}).service.check(vm, {conditions: [parseWaitCondition(text)._unsafeUnwrap()], any: false})
    expect((await check([STOPPED], 'agent')).isOk()).to.equal(true)
    const failed = (await check([{...STOPPED, agentEnabled: false}], 'agent'))._unsafeUnwrapErr()
    expect(failed.kind).to.equal('check-failed')
    expect(failed.message).to.contain('nothing was started')
  })
})
