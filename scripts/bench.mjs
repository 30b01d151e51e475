/**
 * Measures start-up and requests, everything in one run, as multiples of `node -e 0`: absolute times say more about the machine than about the program.
 *
 *     npm run bench                      the table
 *     npm run bench -- --runs 31         more runs, calmer medians (15)
 *     npm run bench -- --check           exit 1 when a measurement is over its target
 *
 * NODE_EXTRA_CA_CERTS and NODE_OPTIONS are taken out of the environment: they cost every Node process more than what is measured here.
 */
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import {spawn, spawnSync} from 'node:child_process'
import {webcrypto, X509Certificate} from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {parse, stringify} from 'yaml'

import {benchPlacement} from './bench-placement.mjs'
import {benchSimulator} from './bench-simulator.mjs'
import {benchUpload} from './bench-upload.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const homelab = path.join(root, 'bin/run.js')
const {values: options} = parseArgs({options: {check: {type: 'boolean'}, runs: {default: '15', type: 'string'}}})
const runs = Number(options.runs)

const GUESTS = 10_000
const NODES = 50
const TARGETS = {'10,000 guests': 2.5, '--version': 3.2, 'vm list --json': 4.5}

/** A client with nothing around it: what the list costs at least. */
const BARE = `
import https from 'node:https'
const {BENCH_AUTHORIZATION: Authorization, BENCH_FINGERPRINT: fingerprint, BENCH_URL: url} = process.env
const request = https.request(url + '/api2/json/cluster/resources?type=vm', {agent: false, headers: {Authorization}, rejectUnauthorized: false})
request.on('socket', (socket) => socket.once('secureConnect', () => {
  if (socket.getPeerCertificate().fingerprint256 !== fingerprint) request.destroy(new Error('another certificate'))
}))
request.on('response', async (response) => {
  const chunks = []
  for await (const chunk of response) chunks.push(chunk)
  if (response.statusCode !== 200) throw new Error(response.statusCode + ' ' + response.statusMessage)
  console.log(JSON.parse(Buffer.concat(chunks)).data.length)
})
request.end()
`

const PROXMOXER = `
import json, os, warnings
warnings.simplefilter('ignore')
from urllib.parse import urlparse
from proxmoxer import ProxmoxAPI
url = urlparse(os.environ['BENCH_URL'])
token, secret = os.environ['BENCH_AUTHORIZATION'].removeprefix('PVEAPIToken=').split('=')
user, name = token.split('!')
api = ProxmoxAPI(url.hostname, port=url.port, user=user, token_name=name, token_value=secret, verify_ssl=False)
print(json.dumps(api.cluster.resources.get(type='vm')))
`

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-bench-'))
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOMELAB_|HL_|XDG_|NODE_|npm_)/.test(name))),
  HOME: scratch,
  HOMELAB_CONFIG_DIR: path.join(scratch, 'config'),
  NO_COLOR: '1',
}

/** One process from start to exit; its wall-clock time in milliseconds. */
function timed([program, ...args], extra = {}) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint()
    const child = spawn(program, args, {
      cwd: scratch,
      env: {...environment, ...extra},
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(Number(process.hrtime.bigint() - start) / 1e6)
      else reject(new Error(`${[program, ...args].join(' ')} exited ${code}: ${stderr}`))
    })
  })
}

/** Runs every case once per round, so that what else the machine does falls on all of them alike; medians in milliseconds. */
async function interleaved(cases, rounds) {
  const times = cases.map(() => [])
  for (const {argv, env} of cases) await timed(argv, env)
  for (let round = 0; round < rounds; round++) {
    for (const [i, {argv, env}] of cases.entries()) times[i].push(await timed(argv, env))
  }

  return times.map((list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)])
}

/** Runs a command to its end and returns its JSON document. */
function json(args) {
  const {error, status, stderr, stdout} = spawnSync(process.execPath, [homelab, ...args, '--json'], {
    cwd: scratch,
    encoding: 'utf8',
    env: environment,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`homelab ${args.join(' ')} exited ${status}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** The same without blocking, for commands that talk to a server in this process. */
const finished = (args) => timed([process.execPath, homelab, ...args])

async function certificate() {
  const keys = await webcrypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, true, ['sign', 'verify'])
  x509.cryptoProvider.set(webcrypto)
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    extensions: [new x509.SubjectAlternativeNameExtension([{type: 'ip', value: '127.0.0.1'}])],
    keys,
    name: 'CN=bench',
    notAfter: new Date(Date.now() + 86_400_000),
    notBefore: new Date(Date.now() - 86_400_000),
    serialNumber: '01',
    signingAlgorithm: {hash: 'SHA-256', name: 'ECDSA'},
  })
  const cert = made.toString('pem')
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    cert,
    fingerprint: new X509Certificate(cert).fingerprint256,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  }
}

async function serve({cert, key}, handler) {
  const server = https.createServer({cert, key}, handler)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {server, url: `https://127.0.0.1:${server.address().port}`}
}

/** Passes everything on to another server and keeps what was asked. */
function passingOn(target, asked) {
  return (request, response) => {
    asked.push(`${request.method} ${request.url.replace('/api2/json', '').replace(/\?.*/, '')}`)
    const onward = https.request(target + request.url, {
      agent: false,
      headers: request.headers,
      method: request.method,
      rejectUnauthorized: false,
    })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  }
}

/** /cluster/resources of a large cluster, as Proxmox VE writes it. */
function largeCluster() {
  const guests = Array.from({length: GUESTS}, (_, i) => {
    const vmid = 100 + i
    const node = `pve${(i % NODES) + 1}`
    return {
      cpu: (i % 97) / 100,
      disk: 0,
      diskread: i * 4096,
      diskwrite: i * 8192,
      id: `qemu/${vmid}`,
      maxcpu: 1 + (i % 8),
      maxdisk: 34_359_738_368,
      maxmem: 4_294_967_296,
      mem: 1_073_741_824 + i,
      name: `guest-${vmid}`,
      netin: i * 1000,
      netout: i * 500,
      node,
      status: i % 3 === 0 ? 'stopped' : 'running',
      tags: i % 5 === 0 ? 'dev;web' : 'prod',
      template: 0,
      type: 'qemu',
      uptime: i % 3 === 0 ? 0 : 86_400 + i,
      vmid,
    }
  })
  return Buffer.from(JSON.stringify({data: guests}))
}

/** A Python that has proxmoxer: the system's before any shim of the user's. */
function findProxmoxer() {
  for (const program of ['/usr/bin/python3', 'python3']) {
    const args = [
      '-c',
      'import platform, proxmoxer, requests; print(f"proxmoxer {proxmoxer.__version__}, Python {platform.python_version()}")',
    ]
    const {status, stdout} = spawnSync(program, args, {encoding: 'utf8', env: environment})
    if (status === 0) return {program, version: stdout.trim()}
  }
}

const table = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

let missed = 0
function verdict(name, ratio) {
  const target = TARGETS[name]
  if (target === undefined) return ''
  if (ratio > target) missed++
  return `${ratio > target ? 'over' : 'within'} ${target}`
}

async function startUp(simulator, python) {
  const env = {
    BENCH_AUTHORIZATION: simulator.authorization,
    BENCH_FINGERPRINT: simulator.fingerprint,
    BENCH_URL: simulator.url,
  }
  const run = (...args) => [process.execPath, homelab, ...args]
  const cases = [
    {argv: [process.execPath, '-e', '0'], name: 'node -e 0'},
    {argv: [process.execPath, path.join(scratch, 'bare.mjs')], env, name: 'bare node:https script'},
    {argv: run('--version'), name: '--version'},
    {argv: run('--help'), name: '--help'},
    {argv: run('proxmox', 'vm', 'list', '--json', '--context', 'bench'), name: 'vm list --json'},
    ...(python
      ? [{argv: [python.program, path.join(scratch, 'list.py')], env, name: 'the same list by proxmoxer'}]
      : []),
  ]
  const medians = await interleaved(cases, runs)
  const rows = cases.map(({name}, i) => {
    const ratio = medians[i] / medians[0]
    return [name, medians[i].toFixed(1), ratio.toFixed(2), verdict(name, ratio)]
  })
  console.log(
    `\nStart-up, medians of ${runs} interleaved runs\n\n${table([['', 'ms', 'x node -e 0', 'target'], ...rows])}`,
  )
  if (python && medians[4] >= medians[5]) {
    missed++
    console.log('vm list is slower than proxmoxer.')
  }
}

async function large(server) {
  const env = {
    BENCH_AUTHORIZATION: 'PVEAPIToken=bench@pve!bench=none',
    BENCH_FINGERPRINT: server.fingerprint,
    BENCH_URL: server.url,
  }
  const cases = [
    {argv: [process.execPath, path.join(scratch, 'bare.mjs')], env},
    {argv: [process.execPath, homelab, 'proxmox', 'vm', 'list', '--json', '--context', 'large']},
    {argv: [process.execPath, homelab, 'proxmox', 'vm', 'list', '--context', 'large']},
  ]
  const names = ['bare script: fetch and parse', '10,000 guests', 'the same as a table']
  const medians = await interleaved(cases, Math.max(5, Math.ceil(runs / 2)))
  const rows = names.map((name, i) => [
    name,
    medians[i].toFixed(1),
    (medians[i] / medians[0]).toFixed(2),
    verdict(name, medians[i] / medians[0]),
  ])
  console.log(
    `\nvm list with ${GUESTS} guests on ${NODES} nodes\n\n${table([['', 'ms', 'x bare script', 'target'], ...rows])}`,
  )
}

async function requests(asked) {
  const commands = [
    ['proxmox', 'vm', 'list'],
    ['proxmox', 'lxc', 'list'],
    ['proxmox', 'template', 'list'],
    ['proxmox', 'node', 'list'],
    ['proxmox', 'cluster', 'status'],
    ['proxmox', 'task', 'list'],
    ['proxmox', 'vm', 'create', 'bench', 'ubuntu-22.04'],
    ['proxmox', 'vm', 'show', 'bench'],
    ['proxmox', 'vm', 'start', 'bench'],
    ['proxmox', 'vm', 'stop', 'bench', '--yes'],
    ['proxmox', 'vm', 'delete', 'bench', '--yes'],
  ]
  // Whatever a first contact asks once and remembers is not counted.
  await finished([...commands[0], '--json', '--context', 'counted'])
  const rows = []
  for (const args of commands) {
    asked.length = 0
    await finished([...args, '--json', '--context', 'counted'])
    const cloned = asked.findIndex((line) => line.endsWith('/clone'))
    const polls = asked.filter((line) => /^GET .*\/tasks\/.*\/(status|log)$/.test(line)).length
    rows.push([args.slice(1).join(' '), asked.length, polls, cloned < 0 ? '' : `clone is request ${cloned + 1}`])
  }

  console.log(`\nRequests\n\n${table([['', 'all', 'of them waiting', ''], ...rows])}`)
}

async function main() {
  const python = findProxmoxer()
  const {version} = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'))
  console.log(
    `homelab ${version}, node ${process.version}, ${os.type()} ${os.release()} ${os.arch()}, ${os.cpus()[0]?.model} x ${os.cpus().length}`,
  )
  console.log(python?.version ?? 'proxmoxer is not installed (Debian: python3-proxmoxer); left out')
  fs.writeFileSync(path.join(scratch, 'bare.mjs'), BARE)
  fs.writeFileSync(path.join(scratch, 'list.py'), PROXMOXER)

  const started = json(['simulator', 'start', '--name', 'bench', '--fixture', 'demo', '--speed', 'instant'])
  const own = await certificate()
  const asked = []
  const counted = await serve(own, passingOn(started.url, asked))
  const body = largeCluster()
  const canned = await serve(own, (_, response) =>
    response
      .writeHead(200, {'Content-Length': body.length, 'Content-Type': 'application/json;charset=UTF-8'})
      .end(body),
  )
  try {
    const file = path.join(environment.HOMELAB_CONFIG_DIR, 'config.yaml')
    const config = parse(fs.readFileSync(file, 'utf8'))
    const {token} = config.contexts.bench
    // In a file of its own, as a login keeps it: configuration that holds a secret is read anew each time.
    const secretFile = path.join(scratch, 'secret')
    fs.writeFileSync(secretFile, 'none', {mode: 0o600})
    const secret =
      token.secret ?? fs.readFileSync(path.resolve(environment.HOMELAB_CONFIG_DIR, token.secretFile), 'utf8').trim()
    config.contexts.counted = {endpoints: [counted.url], fingerprint: own.fingerprint, token: {...token}}
    config.contexts.large = {
      endpoints: [canned.url],
      fingerprint: own.fingerprint,
      token: {id: 'bench@pve!bench', secretFile},
    }
    fs.writeFileSync(file, stringify(config), {mode: 0o600})

    await startUp({...started, authorization: `PVEAPIToken=${token.id}=${secret}`}, python)
    await large({fingerprint: own.fingerprint, url: canned.url})
    await requests(asked)
  } finally {
    counted.server.close()
    canned.server.close()
    json(['simulator', 'stop', '--name', 'bench'])
    fs.rmSync(scratch, {force: true, recursive: true})
  }

  missed += await benchPlacement()
  missed += await benchSimulator()
  missed += await benchUpload()
  if (options.check && missed > 0) process.exitCode = 1
}

await main()
