import {expect} from 'chai'
import {ok, okAsync} from 'neverthrow'

import type {DrainJournal} from '../../../src/domain/drain-journal.js'
import type {Guest} from '../../../src/domain/guest.js'
import type {QuorumDevice} from '../../../src/domain/vote-count.js'
import {isNewBoot, NodePowerService} from '../../../src/services/node-power-service.js'
import {FakeClock} from '../../helpers/fake-clock.js'

interface Surroundings {
  readonly device?: QuorumDevice
  readonly guests?: readonly Guest[]
  readonly journal?: DrainJournal
  /** What a guest says itself. */
  readonly live?: Readonly<Record<number, string>>
}

function guest(vmid: number): Guest {
  return {vmid, type: 'qemu', node: 'n1', status: 'running', template: false, tags: []}
}

/** A node that goes two seconds after it was asked, is away for a while, and reports no figures at first. */
function lab(uptimeBefore: number, {device, guests = [], journal, live = {}}: Surroundings = {}) {
  const clock = new FakeClock()
  const began = clock.now()
  const sent: string[] = []
  const seconds = () => (clock.now() - began) / 1000
  const phase = () =>
    sent.length === 0 || seconds() < 2
      ? 'old'
      : seconds() < 8
        ? 'stale'
        : seconds() < 60
          ? 'off'
          : seconds() < 72
            ? 'silent'
            : 'new'
  const uptime = () =>
    ({
      old: uptimeBefore + Math.floor(seconds()),
      stale: uptimeBefore + 2,
      new: Math.floor(seconds() - 60),
      off: undefined,
      silent: undefined,
    })[phase()]
  const cluster = {
    status: () =>
      okAsync({
        cluster: {name: 'lab', quorate: true, nodeCount: 3, configVersion: 1},
        members: [
          {node: 'n1', online: true},
          {node: 'n2', online: true},
          {node: 'n3', online: phase() !== 'off'},
        ],
      }),
    resources: () => {
      const now = uptime()
      const status =
        phase() === 'off' ? ('offline' as const) : phase() === 'silent' ? ('unknown' as const) : ('online' as const)
      return okAsync({
        guests: [...guests],
        storages: [],
        nodes: [{node: 'n3', status, ...(now !== undefined && {uptimeSeconds: now})}],
      })
    },
  }
  const machines = {
    command: (node: string, verb: string) => {
      sent.push(`${verb} ${node}`)
      return okAsync(undefined)
    },
    wake: () => okAsync('00:11:22:33:44:55'),
  }
  const timing = {now: () => clock.now(), random: () => 0.5, sleep: (ms: number) => clock.sleep(ms)}
  const votes = {
    quorumDevice: () => okAsync(device),
    votes: () =>
      okAsync(
        new Map([
          ['n1', 1],
          ['n2', 1],
          ['n3', 3],
        ]),
      ),
  }
  const service = new NodePowerService(
    cluster,
    {status: ({vmid}) => okAsync(live[vmid] ?? 'running')},
    votes,
    machines,
    () => ({read: () => ok(journal)}),
    timing,
  )
  return {service, sent, patience: {deadline: began + 300_000, pollIntervalMs: 1000}}
}

describe('nodes that are switched', () => {
  it('are back once they have booted anew and report figures, not while old figures are still shown', async () => {
    for (const uptime of [1, 5, 100_000]) {
      const {patience, sent, service} = lab(uptime)
      const done = (await service.run('reboot', 'n3', true, patience))._unsafeUnwrap()
      expect(done).to.include({state: 'back', changed: true})
      expect(done.seconds).to.be.within(72, 74)
      expect(sent).to.deep.equal(['reboot n3'])
    }
  })

  it('are off once the cluster misses them', async () => {
    const {patience, service} = lab(50)
    expect((await service.run('shutdown', 'n3', true, patience))._unsafeUnwrap()).to.include({state: 'off', seconds: 8})
  })

  it('may go when only those run there that a drain left on purpose, or has just shut down', async () => {
    const journal: DrainJournal = {
      version: 1,
      node: 'n1',
      run: 'x',
      begunAt: '2026-01-01T00:00:00Z',
      phase: 'drained',
      blocked: 'shutdown',
      steps: [{vmid: 101, type: 'qemu', action: 'shutdown', state: 'done'}],
      left: [102],
    }
    const check = async (surroundings: Surroundings) =>
      (await lab(50, surroundings).service.check('shutdown', 'n1', false)).match(
        () => 'may go',
        ({details, kind}) => [kind, details?.['guests']],
      )
    const guests = [guest(101), guest(102)]
    expect(await check({guests})).to.deep.equal(['refused', [101, 102]])
    expect(await check({guests, journal, live: {101: 'stopped'}})).to.equal('may go')
    expect(await check({guests, journal, live: {101: 'running'}})).to.deep.equal(['refused', [101]])
    expect(await check({guests: [...guests, guest(103)], journal, live: {101: 'stopped'}})).to.deep.equal([
      'refused',
      [103],
    ])
    expect(await check({guests, journal: {...journal, phase: 'returning'}})).to.deep.equal(['refused', [101, 102]])
  })

  it('stop the waiting at its deadline', async () => {
    const {patience, service} = lab(50)
    const failed = await service.run('reboot', 'n3', true, {...patience, deadline: patience.deadline - 270_000})
    expect(failed._unsafeUnwrapErr().kind).to.equal('timeout')
  })

  it('are kept on by votes, not by numbers of nodes', async () => {
    const {service} = lab(50)
    const refused = (await service.check('shutdown', 'n3', false))._unsafeUnwrapErr()
    expect([refused.kind, refused.details]).to.deep.equal(['no-quorum', {node: 'n3', votesLeft: 2, votes: 5}])
    expect((await service.check('shutdown', 'n2', false)).isOk()).to.equal(true)
    expect((await service.check('shutdown', 'n3', true)).isOk()).to.equal(true)
  })

  it('may go while a quorum device makes up for their votes', async () => {
    const device = {state: 'Connected', connected: true, votes: 2}
    expect((await lab(50, {device}).service.check('shutdown', 'n3', false)).isOk()).to.equal(true)
    const cut = lab(50, {device: {...device, state: 'Connect failed', connected: false}})
    const refused = (await cut.service.check('shutdown', 'n3', false))._unsafeUnwrapErr()
    expect(refused.details).to.deep.equal({node: 'n3', votesLeft: 2, votes: 7})
  })

  it('have booted anew when their uptime is shorter than the wait', () => {
    expect(isNewBoot(10, 60_000, true, 5)).to.equal(true)
    expect(isNewBoot(10, 60_000, false, 5)).to.equal(false)
    expect(isNewBoot(70, 60_000, true, 5)).to.equal(false)
    expect(isNewBoot(10, 60_000, false, 500)).to.equal(true)
  })

  it('have booted anew when their uptime is lower than before, whatever the clock of this machine says', () => {
    expect(isNewBoot(90, 60_000, true, 500)).to.equal(true)
    expect(isNewBoot(560, 60_000, true, 500)).to.equal(false)
  })
})
