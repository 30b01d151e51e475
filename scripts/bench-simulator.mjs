/**
 * Measures the simulator: how long a start takes, how many authenticated requests it answers over keep-alive connections, and what a large cluster costs.
 *
 *     node scripts/bench-simulator.mjs [--seconds N] [--check]
 *
 * `npm run bench` prints it, too. The client runs in a process of its own. Requests are told per second of wall-clock time and per second the server's own processor
 * worked: the second does not depend on what else the machine does. `--check` exits 1 when a target is missed.
 */
import {spawn, spawnSync} from 'node:child_process'
import fs from 'node:fs'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'

const self = fileURLToPath(import.meta.url)
const homelab = path.resolve(path.dirname(self), '../bin/run.js')
const PATHS = ['/version', '/nodes/pve1/status', '/cluster/resources']
const CONNECTIONS = 8
const GUESTS = 10_000
const NODES = 50
/** Seconds; requests per second of one processor; bytes. */
export const SIMULATOR_TARGETS = {start: 1.5, requests: 1500, memory: 300e6}

/** Asks one path over and over on keep-alive connections; what came back. */
async function load({authorization, fingerprint, path: asked, seconds, url}) {
  const agent = new https.Agent({
    checkServerIdentity: () => {},
    keepAlive: true,
    maxSockets: CONNECTIONS,
    rejectUnauthorized: false,
  })
  agent.on('free', (socket) => {
    if (socket.getPeerCertificate().fingerprint256 && socket.getPeerCertificate().fingerprint256 !== fingerprint)
      throw new Error('another certificate')
  })
  const ask = () =>
    new Promise((resolve, reject) => {
      https
        .get(`${url}/api2/json${asked}`, {agent, headers: {Authorization: authorization}}, (response) => {
          let bytes = 0
          response.on('data', (chunk) => (bytes += chunk.length))
          response.on('end', () =>
            response.statusCode === 200 ? resolve(bytes) : reject(new Error(`${asked}: ${response.statusCode}`)),
          )
        })
        .on('error', reject)
    })
  const bytes = await ask()
  let requests = 0
  const started = performance.now()
  const end = started + seconds * 1000
  await Promise.all(
    Array.from({length: CONNECTIONS}, async () => {
      while (performance.now() < end) {
        await ask()
        requests++
      }
    }),
  )
  const took = (performance.now() - started) / 1000
  agent.destroy()
  return {bytes, perSecond: requests / took, requests}
}

/** Seconds of processor time and bytes of memory of a process so far. */
function spent(pid) {
  const fields = fs
    .readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const memory = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  return {cpu: (Number(fields[11]) + Number(fields[12])) / 100, memory: Number(memory[1]) * 1024}
}

function loadFromElsewhere(order) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [self, '--client'], {stdio: ['pipe', 'pipe', 'inherit']})
    let out = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`the client exited ${code}`)),
    )
    child.stdin.end(JSON.stringify(order))
  })
}

/** A cluster with many guests, as a fixture file. */
function largeFixture() {
  const guest = (i) => ({
    config: {
      boot: 'order=scsi0',
      cores: 2,
      memory: '2048',
      name: `guest-${100 + i}`,
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
      ostype: 'l26',
      scsi0: `shared:vm-${100 + i}-disk-0,size=32G`,
      tags: i % 5 === 0 ? 'dev;web' : 'prod',
    },
    node: `pve${(i % NODES) + 1}`,
    running: i % 3 !== 0,
    type: 'qemu',
    vmid: 100 + i,
  })
  return {
    acl: [{path: '/', roleid: 'Administrator', type: 'user', ugid: 'bench@pve'}],
    cluster: {name: 'large'},
    guests: Array.from({length: GUESTS}, (_, i) => guest(i)),
    nodes: Array.from({length: NODES}, (_, i) => ({cores: 64, memoryBytes: 2 ** 40, node: `pve${i + 1}`})),
    storages: [
      {content: ['iso', 'vztmpl', 'backup'], path: '/var/lib/vz', storage: 'local', totalBytes: 1e12, type: 'dir'},
      {content: ['images', 'rootdir'], shared: 1, storage: 'shared', totalBytes: 1e15, type: 'rbd'},
    ],
    tokens: [{privsep: 0, secret: '00000000-0000-4000-8000-000000000000', tokenid: 'bench@pve!bench'}],
    users: [{userid: 'bench@pve'}],
  }
}

/** Runs a homelab command to its end and returns its JSON document. */
function run(environment, ...args) {
  const {error, status, stderr, stdout} = spawnSync(process.execPath, [homelab, ...args, '--json'], {
    encoding: 'utf8',
    env: environment,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`homelab ${args.join(' ')} exited ${status}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** Starts a simulator, measures, and stops it; the table's rows, each with what was missed. */
async function measure(environment, seconds, name, fixture, paths) {
  const before = performance.now()
  const started = run(environment, 'simulator', 'start', '--name', name, '--no-context', '--fixture', fixture)
  const startSeconds = (performance.now() - before) / 1000
  const secrets = {
    'automation@pve!homelab': 'aaaaaaaa-0000-4000-8000-000000000001',
    'bench@pve!bench': '00000000-0000-4000-8000-000000000000',
  }
  const authorization = `PVEAPIToken=${started.tokenId}=${secrets[started.tokenId]}`
  const rows = []
  try {
    for (const asked of paths) {
      const order = {authorization, fingerprint: started.fingerprint, path: asked, url: started.url}
      await loadFromElsewhere({...order, seconds: Math.min(1, seconds)})
      const {cpu} = spent(started.pid)
      const {bytes, perSecond, requests} = await loadFromElsewhere({...order, seconds})
      rows.push({asked, bytes, perCore: requests / (spent(started.pid).cpu - cpu), perSecond})
    }

    return {memory: spent(started.pid).memory, rows, startSeconds}
  } finally {
    run(environment, 'simulator', 'stop', '--name', name, '--purge')
  }
}

/**
 * Measures and prints.
 *
 * @param {number} [seconds] how long each path is asked
 * @returns {Promise<number>} how many targets were missed
 */
export async function benchSimulator(seconds = 4) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-bench-'))
  const environment = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOMELAB_|HL_|NODE_|npm_)/.test(name))),
    HOMELAB_CONFIG_DIR: scratch,
  }
  let missed = 0
  const verdict = (isWithin, target) => {
    if (!isWithin) missed++
    return `${isWithin ? 'within' : 'misses'} ${target}`
  }

  const say = (what, value, said = '') => console.log(`${what.padEnd(52)}${value.padStart(14)}  ${said}`.trimEnd())
  try {
    const large = path.join(scratch, 'large.json')
    fs.writeFileSync(large, JSON.stringify(largeFixture()))
    console.log('\nSimulator\n')
    const demo = await measure(environment, seconds, 'bench', 'demo', PATHS)
    const {memory, requests, start} = SIMULATOR_TARGETS
    say('start of three nodes', `${demo.startSeconds.toFixed(2)} s`, verdict(demo.startSeconds < start, `${start} s`))
    for (const {asked, bytes, perCore, perSecond} of demo.rows) {
      say(
        `GET ${asked} (${bytes} bytes)`,
        `${Math.round(perCore)} /s`,
        `${verdict(perCore >= requests, `${requests} per second of its processor`)}; ${Math.round(perSecond)} by the clock`,
      )
    }

    const many = await measure(environment, seconds, 'large', large, ['/cluster/resources', '/nodes/pve7/qemu'])
    say(`start of ${NODES} nodes with ${GUESTS} guests`, `${many.startSeconds.toFixed(2)} s`)
    for (const {asked, bytes, perCore} of many.rows)
      say(`GET ${asked} (${bytes} bytes)`, `${(1000 / perCore).toFixed(1)} ms`)
    say(
      'its memory at most',
      `${Math.round(many.memory / 1e6)} MB`,
      verdict(many.memory < memory, `${memory / 1e6} MB`),
    )
  } finally {
    fs.rmSync(scratch, {force: true, recursive: true})
  }

  return missed
}

if (process.argv[1] === self) {
  if (process.argv[2] === '--client') {
    const order = JSON.parse(fs.readFileSync(0, 'utf8'))
    console.log(JSON.stringify(await load(order)))
  } else {
    const {values} = parseArgs({options: {check: {type: 'boolean'}, seconds: {default: '4', type: 'string'}}})
    const missed = await benchSimulator(Number(values.seconds))
    if (values.check && missed > 0) process.exitCode = 1
  }
}
