import {expect} from 'chai'

import {createServices, type Services} from '../../src/cli/services.js'
import {fileUploadService} from '../../src/cli/wiring/volume-files.js'
import type {ByteSource} from '../../src/domain/byte-source.js'
import {systemClock} from '../../src/domain/clock.js'
import {Secret} from '../../src/domain/secret.js'
import {openConnection, type Connection} from '../../src/proxmox/connection.js'
import type {UploadPlan} from '../../src/services/file-upload-service.js'
import {cuttingProxy, type CuttingProxy} from '../helpers/cutting-proxy.js'
import {startCluster, type TestCluster} from '../helpers/cluster.js'

const SIZE = 2 * 2 ** 20
const PIECE = 64 * 1024
const CUTS = 50

describe('a connection that breaks during an upload', () => {
  let cluster: TestCluster
  let proxy: CuttingProxy
  let connection: Connection
  let services: Services
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)

  before(async () => {
    process.on('unhandledRejection', note)
    cluster = await startCluster({fixture: 'empty'})
    const {hostname, port} = new URL(cluster.simulator.url)
    proxy = await cuttingProxy({host: hostname, port: Number(port)})
    connection = openConnection({
      endpoints: [`https://127.0.0.1:${proxy.port}`],
      trust: {kind: 'pin', fingerprint: cluster.simulator.fingerprint},
      credentials: {
        kind: 'token',
        id: cluster.simulator.tokenId,
        secret: new Secret(cluster.simulator.tokenSecret),
      },
    })
    services = createServices(connection, {...systemClock, random: Math.random, sleep: async () => {}})
  })

  afterEach('the server goes on', () => expect(unhandled).to.deep.equal([]))

  after(async () => {
    process.off('unhandledRejection', note)
    connection.close()
    await proxy.close()
    await cluster.stop()
  })

  const source: ByteSource = {
    sizeBytes: SIZE,
    async *pieces() {
      for (let at = 0; at < SIZE; at += PIECE) yield Buffer.alloc(PIECE, at / PIECE)
    },
  }

  const patience = () => ({deadline: Date.now() + 60_000})
  const planned = async (name: string, overwrite = false): Promise<UploadPlan> => {
    const wish = {content: 'iso', name, sizeBytes: SIZE, storage: 'local', overwrite, ignoreSpace: false} as const
    const plan = await fileUploadService(services).plan(wish)
    return plan._unsafeUnwrap()
  }

  const send = (plan: UploadPlan) =>
    fileUploadService(services).send(plan, source, {wait: true, verify: false}, patience())
  const stored = (name: string) =>
    [...cluster.simulator.world.store.of('volumes').values()].find(({volid}) => volid === `local:iso/${name}`)

  it(`at any of ${CUTS} bytes is a clear failure, and never half a file`, async function () {
    this.timeout(60_000)
    const random = seeded(42)
    const plan = await planned('cut.iso')
    // All of it, once: how many bytes there are to cut at.
    proxy.cutNextAfter(Number.MAX_SAFE_INTEGER)
    expect((await send(await planned('whole.iso')))._unsafeUnwrap()).to.include({sizeBytes: SIZE})
    const total = proxy.passed
    expect(total).to.be.greaterThan(SIZE)

    // The first one before a connection, the last one a moment before the end.
    const cuts = [1, ...Array.from({length: CUTS - 2}, () => 1 + Math.floor(random() * (total - 200))), total - 200]
    const kinds = new Set<string>()
    for (const bytes of cuts) {
      proxy.cutNextAfter(bytes)
      const sent = await send(plan)
      const failed = sent._unsafeUnwrapErr()
      expect(proxy.passed, 'bytes passed on').to.equal(bytes)
      expect(failed.kind, `cut after ${bytes}: ${failed.message}`).to.be.oneOf(['unreachable', 'outcome-unknown'])
      expect(failed.message).to.match(/nothing( of it)? was stored|closed the connection|reset the connection/)
      expect(failed.hint).not.to.equal(undefined)
      expect(stored('cut.iso'), `cut after ${bytes}`).to.equal(undefined)
      kinds.add(failed.kind)
    }

    expect(kinds).to.include('unreachable')
    expect((await send(plan))._unsafeUnwrap()).to.include({sizeBytes: SIZE, changed: true})
  })

  it('after its last byte leads to the task of the upload', async () => {
    const plan = await planned('late.iso')
    cluster.meddle = ({method}) => (method === 'POST' ? {drop: 'after'} : undefined)
    const sent = await send(plan)
    cluster.meddle = undefined
    expect(sent._unsafeUnwrap()).to.include({sizeBytes: SIZE, changed: true})
    expect(stored('late.iso')).to.include({size: SIZE})
  })

  it('does not touch the file that it was to replace', async () => {
    const before = stored('late.iso')
    const plan = await planned('late.iso', true)
    proxy.cutNextAfter(SIZE / 2)
    expect((await send(plan))._unsafeUnwrapErr().kind).to.be.oneOf(['unreachable', 'outcome-unknown'])
    expect(stored('late.iso')).to.deep.equal(before)
  })

  it('on Ctrl-C ends at once and stores nothing', async () => {
    const plan = await planned('stopped.iso')
    const stop = new AbortController()
    const slow: ByteSource = {
      sizeBytes: SIZE,
      async *pieces() {
        yield Buffer.alloc(PIECE)
        stop.abort()
        await new Promise(setImmediate)
        yield Buffer.alloc(PIECE)
      },
    }
    const options = {wait: true, verify: false}
    const sent = await fileUploadService(services).send(plan, slow, options, {...patience(), signal: stop.signal})
    const failed = sent._unsafeUnwrapErr()
    expect(failed).to.include({kind: 'interrupted'})
    expect(failed.details).to.deep.equal({sent: false})
    expect(failed.message).to.contain('Nothing of it was stored')
    expect(stored('stopped.iso')).to.equal(undefined)
  })
})

/** The same numbers on every machine. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
