import {expect} from 'chai'

import {makeCsrfToken, makeTicket} from '../../src/simulator/access/tickets.js'
import {type Simulator, startSimulator} from '../../src/simulator/start-simulator.js'
import {request, type SentParams, type SimulatorReply} from '../helpers/simulator-client.js'

const DELAY_SECONDS = 3
/** Virtual time goes on in such steps, with a pause of real time for what is on its way. */
const STEP_SECONDS = 0.5
const PAUSE_MS = 10
const MOST_STEPS = 100
const ROOT = 'root@pam!t1=11111111-1111-4111-8111-111111111111'
/** A token without a right of its own. */
const WEAK_ID = 'admin@pve!sep'
const WEAK = `${WEAK_ID}=33333333-3333-4333-8333-333333333333`

describe('logins in a cluster', () => {
  let simulator: Simulator
  let count = 0

  before(async () => {
    simulator = await startSimulator({
      fixture: 'recorded-cluster',
      speed: 'stepped',
      interference: {
        before() {
          count++
          return undefined
        },
      },
    })
    await simulator.powerOff('n3')
    await simulator.advance(10)
  })
  after(() => simulator.stop())

  const seconds = () => simulator.world.clock.nowMs() / 1000
  const pause = () =>
    new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS)
    })
  const arrived = async (requests: number) => {
    for (const before = count; count < before + requests;) await pause()
  }

  const token = (value: string) => ({Authorization: `PVEAPIToken=${value}`})
  const ticket = () => {
    const {store, clock} = simulator.world
    const {authKey} = store.of('meta').get('world')!
    return {
      ...{Cookie: `PVEAuthCookie=${encodeURIComponent(makeTicket(authKey, 'root@pam', clock.now()))}`},
      csrf: makeCsrfToken(authKey, 'root@pam', clock.now()),
    }
  }

  const ask = (via: string, method: string, path: string, headers: Record<string, string>, params: SentParams = {}) =>
    request({url: simulator.urls[via]!, headers}, method, path, params)

  /** Lets time pass until all are answered: each as `status reason body`, and how long after it arrived. */
  async function answers(ask: () => readonly Promise<SimulatorReply>[]) {
    const began = seconds()
    const replies = ask().map(async (reply) => {
      const {status, reason, text} = await reply
      return {answer: `${status} ${reason}${text}`, took: seconds() - began}
    })
    let isOver = false
    const all = Promise.all(replies).finally(() => {
      isOver = true
    })
    await arrived(replies.length)
    for (let step = 0; step < MOST_STEPS && !isOver; step++) {
      await pause()
      await simulator.advance(STEP_SECONDS)
    }

    return all
  }

  // n2 is forwarded to, n3 has no power
  for (const node of ['n1', 'n2', 'n3'])
    it(`refuses what is no login three seconds late, for a call of ${node}`, async () => {
      const path = `/nodes/${node}/qemu`
      const {Cookie} = ticket()
      const wrong = ROOT.replace(/.$/, '2')
      const refusals = await answers(() => [
        ask('n1', 'GET', path, {}),
        ask('n1', 'GET', path, token(wrong)),
        ask('n1', 'POST', path, {Cookie}, {vmid: '100'}),
        ask('n1', 'GET', path, {Cookie: 'PVEAuthCookie=PVE:x'}),
      ])
      expect(refusals.map(({answer}) => answer)).to.deep.equal([
        '401 No ticket',
        '401 invalid token value!',
        '401 Permission denied - invalid csrf token',
        '401 permission denied - invalid PVE ticket',
      ])
      // time also passes while an answer is on its way back
      for (const {took} of refusals) expect(took).to.be.within(DELAY_SECONDS, 5 * DELAY_SECONDS)
    })

  for (const node of ['n1', 'n2', 'n3'])
    it(`says at once what somebody may not do on ${node}`, async () => {
      const reply = await ask('n1', 'GET', `/nodes/${node}/status`, token(WEAK))
      expect([reply.status, reply.message]).to.deep.equal([
        403,
        `Permission check failed (/nodes/${node}, Sys.Audit)\n`,
      ])
    })

  it('says at once what the node of the call itself forbids', async () => {
    const created = await ask('n1', 'POST', '/nodes/n2/qemu', token(ROOT), {vmid: '100'})
    expect(created.status).to.equal(200)
    await simulator.advance(5)
    const granted = await ask('n2', 'PUT', '/access/acl', token(ROOT), {
      ...{path: '/vms/100', roles: 'PVEVMUser', tokens: WEAK_ID},
    })
    expect(granted.status).to.equal(200)
    const reply = await ask('n1', 'PUT', '/nodes/n2/qemu/100/config', token(WEAK), {memory: '64'})
    expect([reply.status, reply.reason]).to.deep.equal([403, 'Permission check failed (/vms/100, VM.Config.Memory)'])
  })

  it('knows tickets and tokens on every node, whichever made them', async () => {
    const {Cookie, csrf} = ticket()
    for (const via of ['n1', 'n2']) {
      expect((await ask(via, 'GET', '/nodes/n2/qemu', token(ROOT))).status).to.equal(200)
      expect((await ask(via, 'GET', '/nodes/n2/qemu', {Cookie})).status).to.equal(200)
      const pool = await ask(via, 'POST', '/pools', {Cookie, CSRFPreventionToken: csrf}, {poolid: via})
      expect(pool.status).to.equal(200)
    }
  })

  it('passes a call on to the dead node only after it has been allowed', async () => {
    const [refusal] = await answers(() => [ask('n1', 'GET', '/nodes/n3/qemu', token(ROOT))])
    expect(refusal!.answer).to.equal('595 No route to host')
  })
})
