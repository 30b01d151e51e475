import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'

import type {GuestRecord} from '../../src/simulator/kernel/state.js'
import {brokenAtRest} from './invariants.js'
import {Oracle, meaningOf} from './placement-oracle.js'
import {dice, type Dice} from './random-clusters.js'
import {randomFixture, startRandomCluster, type PveVersion} from './random-fixtures.js'
import type {TestCluster} from './cluster.js'

/** Guests of one node for which every way to place them is tried. */
const MOST_TO_SEARCH = 6

interface Trial {
  readonly cluster: TestCluster
  readonly oracle: Oracle
  readonly die: Dice
  readonly faults: string[]
  /** Of journals. */
  readonly env: Readonly<Record<string, string>>
}

interface Row {
  readonly vmid: number
  readonly to: string
  readonly reason: string
  readonly node: string
}

const versionOf = (seed: number): PveVersion => (seed % 2 === 0 ? '8.4' : '9.2')

async function withCluster(
  seed: number,
  options: {readonly small: boolean},
  trial: (trial: Trial) => Promise<void>,
): Promise<string[]> {
  const fixture = randomFixture(seed, {pveVersion: versionOf(seed), ...options})
  const cluster = await startRandomCluster(fixture)
  const folder = mkdtempSync(path.join(tmpdir(), 'homelab-random-'))
  const faults: string[] = []
  try {
    const oracle = new Oracle(cluster.simulator.world)
    await trial({cluster, oracle, die: dice(seed + 7), faults, env: {HOMELAB_STATE_DIR: folder}})
  } finally {
    rmSync(folder, {recursive: true, force: true})
    await cluster.stop()
  }

  return faults.map((fault) => `seed ${seed}: ${fault}`)
}

/** `placement explain` of some guests against the judge: every node once, nothing ranked that is impossible, nothing refused that is not. */
export function explainTrial(seed: number): Promise<string[]> {
  return withCluster(seed, {small: false}, async ({cluster, die, faults, oracle}) => {
    for (const guest of oracle
      .guests()
      .filter(() => die.chance(0.4))
      .slice(0, 4)) {
      const localDisks = die.chance(0.4)
      const argv = [
        'proxmox',
        'placement',
        'explain',
        String(guest.vmid),
        ...(localDisks ? ['--with-local-disks'] : []),
      ]
      const done = await cluster.run([...argv, '--json'])
      const {error, ranked = [], rejected = error?.details?.rejected ?? []} = done.json()
      if (done.exitCode !== (ranked.length > 0 ? 0 : 8)) faults.push(`${guest.vmid}: exit ${done.exitCode}`)
      const names = [...ranked, ...rejected].map(({node}: Row) => node).sort()
      if (names.join() !== oracle.nodes().sort().join()) faults.push(`${guest.vmid}: ${names.join()} are explained`)
      for (const {node} of ranked as Row[]) {
        const {hard} = oracle.obstacles(guest, node, {localDisks})
        if (hard.size > 0) faults.push(`${guest.vmid} may go to ${node}, against ${[...hard].join()}`)
      }

      for (const {node, reason} of rejected as Row[]) {
        const {fair} = oracle.obstacles(guest, node, {localDisks})
        if (meaningOf(reason)?.some((one) => fair.has(one)) !== true)
          faults.push(`${guest.vmid} may not go to ${node}, for no reason: ${reason}`)
      }

      const node = die.pick(oracle.nodes())
      const named = await cluster.run([...argv, '--to', node, '--json'])
      if (named.exitCode !== ((ranked as Row[]).some((one) => one.node === node) ? 0 : 8))
        faults.push(`${guest.vmid} --to ${node}: exit ${named.exitCode}, against the list`)
    }

    if (cluster.requests.some(({method}) => method !== 'GET')) faults.push('explaining has changed something')
  })
}

/** Plans, drains a node, and brings its guests home, watched from the inside; every fault found. */
export function drainTrial(seed: number, small: boolean): Promise<string[]> {
  return withCluster(seed, {small}, async (trial) => {
    const {cluster, die, env, faults, oracle} = trial
    const up = oracle.nodes().filter((node) => oracle.isUp(node) && !oracle.inMaintenance(node))
    if (oracle.nodes().length < 2 || up.length === 0) return
    const node = die.pick(up)
    const localDisks = die.chance(0.5)
    const ceiling = die.chance(0.25) ? die.pick([60, 80, 95]) : 90
    const blocked = die.pick(['fail', 'leave', 'shutdown'] as const)
    const flags = [
      ...(localDisks ? ['--with-local-disks'] : []),
      ...(die.chance(0.4) ? ['--with-stopped'] : []),
      ...(ceiling === 90 ? [] : ['--memory-ceiling', String(ceiling)]),
      ...['--blocked', blocked],
    ]
    const run = (...argv: string[]) => cluster.run(['proxmox', 'node', ...argv, '--json'], {env})
    const wish = {localDisks, ceiling: ceiling / 100}
    const before = states(oracle)
    const dry = await run('drain', node, '--dry-run', ...flags)
    const plan = dry.json()
    if (dry.exitCode !== 0 || cluster.requests.some(({method}) => method !== 'GET'))
      faults.push(`a plan ends with ${dry.exitCode}, or has changed something: ${dry.stdout}`)
    checkPlan(trial, node, plan, wish)

    watchMemory(trial, ceiling / 100)
    cluster.requests.length = 0
    const parallel = ['--parallel', String(die.between(1, 4))]
    const drained = await run('drain', node, '--yes', ...parallel, ...flags)
    cluster.meddle = undefined
    const after = states(oracle)
    if (!plan.possible) {
      if (
        drained.exitCode !== 8 ||
        cluster.requests.some(({method}) => method !== 'GET') ||
        differ(before, after) !== ''
      )
        faults.push(`what is not possible ends with ${drained.exitCode}, or has changed something`)
      return
    }

    if (drained.exitCode !== 0) faults.push(`the drain ends with ${drained.exitCode}: ${drained.stdout}`)
    const touched = new Set([...plan.moves, ...plan.shutdowns].map(({vmid}: Row) => vmid))
    const moved = new Map((plan.moves as Row[]).map(({to, vmid}) => [vmid, to]))
    for (const [vmid, state] of after) {
      if (moved.has(vmid) && (state.node !== moved.get(vmid) || state.status !== before.get(vmid)?.status))
        faults.push(`${vmid} is ${state.status} on ${state.node}, and was to go to ${moved.get(vmid)}`)
      if (!touched.has(vmid) && JSON.stringify(state) !== JSON.stringify(before.get(vmid)))
        faults.push(`${vmid} has changed, and was to stay`)
    }

    const home = await run('return', node, ...parallel)
    if (home.exitCode !== 0) faults.push(`the return ends with ${home.exitCode}: ${home.stdout}`)
    const changed = differ(before, states(oracle))
    if (changed !== '') faults.push(`not as before: ${changed}`)
    const journals = path.join(env['HOMELAB_STATE_DIR']!, 'drains')
    if (existsSync(journals) && readdirSync(journals).length > 0) faults.push('a journal is left')
    faults.push(...brokenAtRest(oracle.world).filter((fault) => !fault.includes('stays locked')))
  })
}

interface State {
  readonly node: string
  readonly status: string
  readonly config: Readonly<Record<string, string>>
}

/** Without what a move has to change: the names of copied volumes, and sizes and formats it writes down. */
function states(oracle: Oracle): Map<number, State> {
  const plain = (value: number | string): string =>
    String(value)
      .replace(/,format=\w+/, '')
      .replace(/,size=\w+/, '')
      .replace(/disk-\d+/, 'disk')
  return new Map(
    oracle.guests().map(({config, node, run, vmid}) => [
      vmid,
      {
        node,
        status: run === undefined ? 'stopped' : run.paused === true ? 'paused' : 'running',
        config: Object.fromEntries(
          Object.keys(config)
            .sort()
            .map((key) => [key, plain(config[key]!)]),
        ),
      },
    ]),
  )
}

function differ(before: ReadonlyMap<number, State>, after: ReadonlyMap<number, State>): string {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((vmid) => JSON.stringify(before.get(vmid)) !== JSON.stringify(after.get(vmid)))
    .map((vmid) => `${vmid}: ${JSON.stringify(before.get(vmid))} -> ${JSON.stringify(after.get(vmid))}`)
    .join('; ')
}

type Plan = Readonly<Record<'blocked' | 'moves' | 'shutdowns' | 'staying', readonly Row[]>>

function checkPlan(
  {faults, oracle}: Trial,
  node: string,
  plan: Plan,
  wish: {localDisks: boolean; ceiling: number},
): void {
  const here = oracle.guests().filter((guest) => guest.node === node)
  const told = [...plan.moves, ...plan.blocked, ...plan.staying].map(({vmid}) => vmid)
  if (
    told.sort().join() !==
    here
      .map(({vmid}) => vmid)
      .sort()
      .join()
  )
    faults.push(`${told.join()} are in the plan`)
  const coming = new Map<string, number>()
  for (const {to, vmid} of plan.moves) {
    const guest = oracle.guest(vmid)!
    const {hard} = oracle.obstacles(guest, to, wish)
    // Who is kept apart from whom counts as it will be then.
    hard.delete('affinity')
    if (hard.size > 0) faults.push(`${vmid} is to go to ${to}, against ${[...hard].join()}`)
    if (guest.run !== undefined) coming.set(to, (coming.get(to) ?? 0) + oracle.memoryOf(guest))
  }

  for (const [to, bytes] of coming)
    if (oracle.promised(to) + bytes > wish.ceiling * oracle.total(to)) faults.push(`${to} is to be too full`)
  const running = here.filter(({run}) => run !== undefined)
  const stays = plan.blocked.filter(({vmid}) => oracle.guest(vmid)?.run !== undefined)
  if (stays.length > 0 && running.length <= MOST_TO_SEARCH && canLeave(oracle, node, running, wish))
    faults.push(`all could leave, and ${stays.map(({reason, vmid}) => `${vmid}: ${reason}`).join('; ')}`)
}

/** Whether there is a place for all of some guests, in the strictest reading; by trying every one. */
function canLeave(
  oracle: Oracle,
  node: string,
  guests: readonly GuestRecord[],
  wish: {localDisks: boolean; ceiling: number},
): boolean {
  const targets = oracle.nodes().filter((one) => one !== node)
  const ways = guests.map((guest) =>
    targets.filter((to) => [...oracle.obstacles(guest, to, wish).fair].every((one) => one === 'memory')),
  )
  const rules = [...oracle.world.store.of('haRules').values()].filter((rule) => rule['affinity'] === 'negative')
  const loads = new Map(targets.map((to) => [to, oracle.promised(to) + oracle.base(to) + 0.02 * oracle.total(to)]))
  const place = (index: number): boolean => {
    const guest = guests[index]
    if (guest === undefined) return true
    return ways[index]!.some((to) => {
      const load = loads.get(to)! + oracle.memoryOf(guest)
      if (load > wish.ceiling * oracle.total(to)) return false
      loads.set(to, load)
      const done = place(index + 1)
      loads.set(to, load - oracle.memoryOf(guest))
      return done
    })
  }

  return rules.length === 0 && place(0)
}

/** Looks at the memory of every node whenever a request comes in. */
function watchMemory({cluster, faults, oracle}: Trial, ceiling: number): void {
  const before = new Map(oracle.nodes().map((node) => [node, oracle.promised(node)]))
  cluster.meddle = () => {
    for (const [node, bytes] of before) {
      const now = oracle.promised(node)
      if (now > bytes && now > ceiling * oracle.total(node)) faults.push(`the memory of ${node} is beyond the ceiling`)
    }

    return undefined
  }
}
