import {cpSync, mkdtempSync, rmSync} from 'node:fs'
import https from 'node:https'
import {tmpdir} from 'node:os'
import path from 'node:path'

import {loadSchema} from '../../src/schema/schema.js'
import {InstanceFiles} from '../../src/simulator/instance/instance-files.js'
import {
  instanceStatus,
  instanceTokenSecret,
  startInstance,
  stopInstance,
} from '../../src/simulator/instance/instance.js'
import {openWorld} from '../../src/simulator/kernel/world.js'
import {brokenAtRest} from './invariants.js'
import {request, type SimulatorClientOptions, type SimulatorReply} from './simulator-client.js'

const NAME = 'killed'
const WRITERS = 4
const LONGEST_MS = 150

/** What a writer knows of a record: what was acknowledged last, and what it had asked for when the connection broke. */
interface Known {
  acknowledged: string | undefined
  /** Present while nobody knows whether it was done. */
  asked?: string | undefined
}

interface Load {
  readonly pools: Map<string, Known>
  readonly descriptions: Map<number, Known>
  /** UPIDs of creations that were answered, with their VMID. */
  readonly creations: Map<string, number>
  writes: number
}

/**
 * Kills a simulator in the background at random moments while clients write, starts it again each time, and compares.
 * @returns what was lost or broken, and how many writes were acknowledged
 */
export async function killRounds({
  rounds,
  seed,
}: {
  rounds: number
  seed: number
}): Promise<{broken: string[]; writes: number}> {
  const stateDir = mkdtempSync(path.join(tmpdir(), 'homelab-kill-'))
  const random = randomFrom(seed)
  const load: Load = {pools: new Map(), descriptions: new Map(), creations: new Map(), writes: 0}
  const broken: string[] = []
  try {
    for (let round = 0; round < rounds && broken.length === 0; round++) {
      const client = await start(stateDir)
      if (round > 0) broken.push(...(await lost(client.options, load)).map((line) => `round ${round}: ${line}`))
      const working = Promise.all(
        Array.from({length: WRITERS}, (_, writer) => write(client.options, load, round, writer)),
      )
      await new Promise((resolve) => {
        setTimeout(resolve, random() * LONGEST_MS)
      })
      process.kill(client.pid, 'SIGKILL')
      await working
      client.agent.destroy()
      await crashed(stateDir)
      broken.push(...stateOf(stateDir).map((line) => `round ${round}: ${line}`))
    }

    return {broken, writes: load.writes}
  } finally {
    await stopInstance(stateDir, NAME, {purge: true})
    rmSync(stateDir, {recursive: true, force: true})
  }
}

async function start(stateDir: string): Promise<{options: SimulatorClientOptions; agent: https.Agent; pid: number}> {
  const record = (await startInstance(stateDir, NAME, {fixture: 'empty', speed: 'instant'})).match(
    (started) => started,
    (failed) => {
      throw new Error(failed.message)
    },
  )
  const agent = new https.Agent({keepAlive: true})
  const headers = {Authorization: `PVEAPIToken=${record.tokenId}=${instanceTokenSecret(record)}`}
  return {options: {url: record.url, headers, agent}, agent, pid: record.pid!}
}

/** Writes one thing after the other until the connection breaks. */
async function write(options: SimulatorClientOptions, load: Load, round: number, writer: number): Promise<void> {
  const ask = (method: string, target: string, params?: Record<string, string>): Promise<SimulatorReply | undefined> =>
    request(options, method, target, params).catch(() => undefined)
  /** One change of a record; whether to go on. */
  const change = async (known: Known, value: string, asking: Promise<SimulatorReply | undefined>): Promise<boolean> => {
    known.asked = value
    const reply = await asking
    if (!reply) return false
    delete known.asked
    if (reply.status === 200) {
      known.acknowledged = value
      load.writes++
    }

    return true
  }

  for (let count = 0; ; count++) {
    const poolid = `r${round}-w${writer}-${count}`
    const pool: Known = {acknowledged: undefined}
    load.pools.set(poolid, pool)
    if (!(await change(pool, 'new', ask('POST', '/pools', {poolid, comment: 'new'})))) return
    if (!(await change(pool, 'changed', ask('PUT', '/pools', {poolid, comment: 'changed'})))) return

    const vmid = 1000 + ((round * WRITERS + writer) * 100 + count)
    const made = await ask('POST', '/nodes/pve1/qemu', {vmid: String(vmid), memory: '64', scsi0: 'local-lvm:1'})
    if (!made) return
    if (made.status !== 200) continue
    load.creations.set(made.data, vmid)
    load.writes++
    const description: Known = {acknowledged: undefined}
    load.descriptions.set(vmid, description)
    const path = `/nodes/pve1/qemu/${vmid}/config`
    if (!(await change(description, 'described', ask('PUT', path, {description: 'described'})))) return
  }
}

/** What was acknowledged and is not there any more. */
async function lost(options: SimulatorClientOptions, load: Load): Promise<string[]> {
  const get = async (target: string): Promise<SimulatorReply> => request(options, 'GET', target)
  const missing: string[] = []
  const compare = (what: string, known: Known, found: string | undefined): void => {
    const possible = 'asked' in known ? [known.acknowledged, known.asked] : [known.acknowledged]
    if (!possible.includes(found)) missing.push(`${what} is ${found}, not ${possible.join(' or ')}`)
    // from now on what is there is certain
    known.acknowledged = found
    delete known.asked
  }

  const pools = new Map<string, string>(
    (await get('/pools')).data.map(({poolid, comment}: {poolid: string; comment?: string}) => [poolid, comment]),
  )
  for (const [poolid, known] of load.pools) compare(`pool ${poolid}`, known, pools.get(poolid))
  for (const [vmid, known] of load.descriptions)
    compare(`the description of ${vmid}`, known, (await get(`/nodes/pve1/qemu/${vmid}/config`)).data?.description)
  for (const [upid, vmid] of load.creations) {
    const {status, data} = await get(`/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`)
    if (status !== 200 || data.status !== 'stopped') missing.push(`${upid} is ${status} ${data?.status}`)
    else if (data.exitstatus === 'OK' && (await get(`/nodes/pve1/qemu/${vmid}/config`)).status !== 200)
      missing.push(`${vmid} was created and is gone`)
  }

  load.creations.clear()
  load.descriptions.clear()
  load.pools.clear()
  return missing
}

/** What is wrong with the state on disk, once it is taken up again. */
function stateOf(stateDir: string): string[] {
  const copy = mkdtempSync(path.join(tmpdir(), 'homelab-state-'))
  try {
    cpSync(path.join(new InstanceFiles(stateDir, NAME).directory, 'state'), copy, {recursive: true})
    const world = openWorld(loadSchema('8.4'), {kind: 'stepped'}, copy)
    world.resume()
    const broken = brokenAtRest(world)
    world.close()
    return broken
  } finally {
    rmSync(copy, {recursive: true, force: true})
  }
}

async function crashed(stateDir: string): Promise<void> {
  while ((await instanceStatus(stateDir, NAME))._unsafeUnwrap().state === 'running');
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
