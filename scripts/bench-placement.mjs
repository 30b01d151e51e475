/**
 * Measures the planner: a node of 16 is emptied of its share of 300 guests, with room to spare and with hardly any. Seconds of processor time, as multiples of
 * `node -e 0`: what else the machine does counts less.
 *
 *     node scripts/bench-placement.mjs [--check]
 *
 * `npm run bench` prints it, too. `--check` exits 1 when a target is missed.
 */
import {spawnSync} from 'node:child_process'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {build} from 'esbuild'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const GIB = 2 ** 30
const NODES = 16
const GUESTS = 300
/** Seconds of processor time for one plan. */
const TARGET = 2

/** @param full share of each node's ceiling that is taken once the guests are elsewhere */
function cluster(full) {
  const names = Array.from({length: NODES}, (_, index) => `n${index + 1}`)
  const guests = Array.from({length: GUESTS}, (_, index) => ({
    vmid: 100 + index,
    name: `web-${index}`,
    type: index % 3 === 0 ? 'lxc' : 'qemu',
    node: names[index % NODES],
    status: 'running',
    template: false,
    tags: [],
    memoryBytes: (1 + ((index * 7) % 13)) * GIB,
    needs: {disks: [{key: 'scsi0', storage: 'nas', kind: 'disk'}], bridges: ['vmbr0'], devices: [], pins: []},
  }))
  const all = guests.reduce((sum, {memoryBytes}) => sum + memoryBytes, 0)
  const memoryBytes = Math.ceil(all / (NODES - 1) / 0.9 / full)
  return {
    guests,
    nodes: names.map((node) => ({node, status: 'online', memoryBytes, memoryUsedBytes: 0, cpus: 8, cpuUsage: 0.5})),
    rules: {nodeAffinities: [], resourceAffinities: []},
    storages: names.map((node) => ({
      storage: 'nas',
      node,
      available: true,
      shared: true,
      content: ['images', 'rootdir'],
    })),
  }
}

/** @returns how many targets were missed */
export async function benchPlacement() {
  const {outputFiles} = await build({
    bundle: true,
    entryPoints: [path.join(root, 'src/domain/move-plan.ts')],
    format: 'esm',
    logLevel: 'silent',
    platform: 'node',
    write: false,
  })
  const {planMoves} = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`)
  const start = process.hrtime.bigint()
  spawnSync(process.execPath, ['-e', '0'])
  const bare = Number(process.hrtime.bigint() - start) / 1e9
  let missed = 0
  console.log(`\nPlans: one of ${NODES} nodes emptied, ${GUESTS} guests; target ${TARGET} s\n`)
  // More than everything: no plan exists, and the search goes to the end of its budget.
  for (const full of [0.7, 0.95, 0.995, 1.01]) {
    const facts = cluster(full)
    const policy = {memoryCeiling: 0.9, localDisks: false}
    const before = process.cpuUsage()
    const plan = planMoves(facts, {leaving: ['n1'], policy, blocked: 'leave', stopped: 'stay'})
    const {system, user} = process.cpuUsage(before)
    const seconds = (user + system) / 1e6
    if (seconds > TARGET) missed++
    console.log(
      `${(full * 100).toFixed(1).padStart(6)} % full  ${plan.moves.length} moves, ${plan.blocked.length} blocked  ${seconds.toFixed(2)} s  ${(seconds / bare).toFixed(1)} x node -e 0  ${plan.steps} steps`,
    )
  }

  return missed
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missed = await benchPlacement()
  if (process.argv.includes('--check') && missed > 0) process.exitCode = 1
}
