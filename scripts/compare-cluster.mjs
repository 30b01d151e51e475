/**
 * Plays recorded exchanges with a real three-node cluster against a simulated one and says how far the answers agree.
 *
 *     node --import tsx scripts/compare-cluster.mjs FOLDER [--only TEXT] [--speed N] [--show-mismatches N]
 *
 * FOLDER holds the recordings (`*.json`; they are no part of this package). Each is played by itself, on the simulator's sources: guests, HA resources and
 * dead nodes that were there before its first request are taken from its own first answers, requests are sent at the recorded moments (divided by the speed),
 * and what happened to nodes meanwhile is done to the simulated ones. Levels: L1 status; L2 and texts (reason, message, errors, exit status); L3 and shape
 * (the same keys with the same types). Values are not compared. Exit: 0 the run was made; 2 it could not be.
 */
import {readdirSync, readFileSync} from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import {parseArgs} from 'node:util'

const {values: options, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    only: {default: '', type: 'string'},
    'show-mismatches': {default: '0', type: 'string'},
    speed: {default: '10', type: 'string'},
  },
})
const [folder] = positionals
if (folder === undefined) {
  process.stderr.write('usage: node --import tsx scripts/compare-cluster.mjs FOLDER [--only TEXT] [--speed N]\n')
  process.exit(2)
}

const {startSimulator} = await import('../src/simulator/start-simulator.ts')
const {recordedCluster} = await import('../src/simulator/fixtures/recorded.ts')
const {makeCsrfToken, makeTicket} = await import('../src/simulator/access/tickets.ts')
const speed = Number(options.speed)
const MIB = 1024 ** 2
const HA_SECONDS = 45

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

/** What was there before a recording's first request. */
function startingFixture(steps) {
  const answers = steps.filter((step) => step.url && step.status === 200)
  const seen = answers.find((step) => /^\/cluster\/resources(\?type=vm)?$/.test(step.url))
  const before = seen ? steps.slice(0, steps.indexOf(seen)) : []
  const made = new Set(before.flatMap((step) => [step.form?.vmid, step.form?.newid]).map(String))
  const text = JSON.stringify(steps)
  const guests = (seen?.json.data ?? [])
    .filter((entry) => entry.vmid !== undefined && !made.has(String(entry.vmid)))
    .map((entry) => ({
      vmid: entry.vmid,
      type: entry.type,
      node: entry.node,
      config: configOf(entry, answers, text),
      running: entry.status === 'running',
      ...(entry.uptime > 0 && {uptimeSeconds: entry.uptime}),
    }))
  return {...recordedCluster, guests, volumes: templates()}
}

function templates() {
  const alpine = 'vztmpl/alpine-3.19-busybox_20240101_amd64.tar.gz'
  return [{volid: `shared:${alpine}`, content: 'vztmpl', format: 'tgz', size: 1_033_057, ostype: 'alpine'}]
}

function configOf(entry, answers, text) {
  const told = answers.find((step) => step.method === 'GET' && step.url.endsWith(`/${entry.type}/${entry.vmid}/config`))
  if (told) {
    const {digest: _, ...config} = told.json.data
    return config
  }

  const volid = new RegExp(`(?:local|local2|shared):${entry.vmid}/(?:vm|base)-${entry.vmid}-disk-0\\.\\w+`).exec(
    text,
  )?.[0]
  const isVm = entry.type === 'qemu'
  const disk = `${volid ?? `shared:${entry.vmid}/vm-${entry.vmid}-disk-0.${isVm ? 'qcow2' : 'raw'}`},size=${Math.max(1, Math.round((entry.maxdisk ?? 1024 ** 3) / 1024 ** 3))}G`
  const memory = Math.round((entry.maxmem ?? 64 * MIB) / MIB)
  return {
    ...(isVm
      ? {name: entry.name ?? `VM ${entry.vmid}`, memory: String(memory)}
      : {hostname: entry.name ?? `CT${entry.vmid}`, memory, ostype: 'alpine', arch: 'amd64'}),
    ...(entry.maxcpu && {cores: entry.maxcpu}),
    ...(entry.tags && {tags: entry.tags}),
    ...(entry.template && {template: 1}),
    ...((entry.maxdisk ?? 1) > 0 && {[isVm ? 'scsi0' : 'rootfs']: disk}),
  }
}

/** HA resources a recording shows without having made them. */
function seedResources(world, steps) {
  const shown = steps.find((step) => step.url === '/cluster/ha/status/current' && step.status === 200)
  const made = new Set(steps.slice(0, steps.indexOf(shown)).map((step) => step.form?.sid))
  for (const entry of shown?.json.data ?? []) {
    if (entry.type !== 'service' || entry.request_state === undefined || made.has(entry.sid)) continue
    world.store.of('haResources').put(entry.sid, {type: entry.sid.split(':')[0], state: entry.request_state})
  }
}

function deadNodes(steps) {
  const shown = steps.find((step) => step.url === '/cluster/status' && step.status === 200)
  const first = shown?.json.data.filter((entry) => entry.type === 'node' && entry.online === 0) ?? []
  return first.map(({name}) => name)
}

async function happen(sim, comment) {
  const [, lost] = /^(n\d) lost power/.exec(comment) ?? []
  const [, cut] = /^(n\d) was cut off/.exec(comment) ?? []
  const [, joined] = /^(n\d) is connected again/.exec(comment) ?? []
  const [, powered] = /^(n\d) is powered on/.exec(comment) ?? []
  const [, deaf] = /^pveproxy of (n\d) stopped/.exec(comment) ?? []
  if (lost) await sim.powerOff(lost)
  if (cut) sim.world.cutNode(cut)
  if (joined) sim.world.joinNode(joined)
  if (powered) await sim.powerOn(powered)
  if (deaf) sim.world.store.of('nodes').update(deaf, {power: 'refusing'})
}

function headersFor(world, auth) {
  if (!auth) return {}
  if (!auth.startsWith('ticket:')) {
    const secret = recordedCluster.tokens.find(({tokenid}) => tokenid === auth)?.secret
    return secret === undefined ? undefined : {Authorization: `PVEAPIToken=${auth}=${secret}`}
  }

  const user = auth.slice('ticket:'.length)
  const {authKey} = world.meta
  const now = world.clock.now()
  return {
    Cookie: `PVEAuthCookie=${encodeURIComponent(makeTicket(authKey, user, now))}`,
    CSRFPreventionToken: makeCsrfToken(authKey, user, now),
  }
}

function send(url, method, form, headers) {
  return new Promise((resolve, reject) => {
    const pairs = Object.entries(form ?? {}).flatMap(([key, value]) =>
      [value].flat().map((item) => [key, String(item)]),
    )
    const body = form || method === 'POST' || method === 'PUT' ? new URLSearchParams(pairs).toString() : undefined
    const type =
      body === undefined
        ? {}
        : {'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body)}
    const request = https.request(
      url,
      {method, rejectUnauthorized: false, headers: {...headers, ...type}},
      (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk))
        response.on('end', () => {
          let json
          try {
            json = JSON.parse(text)
          } catch {}

          resolve({status: response.statusCode, reason: response.statusMessage, json})
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Texts without what differs from run to run. */
const plain = (text) =>
  String(text ?? '')
    .replaceAll(/UPID:[^\s"']+/g, 'UPID')
    .replaceAll(/\.tmp\.\d+/g, '.tmp.#')
    // the recorded resolver had bad moments
    .replace('Temporary failure in name resolution', 'Name or service not known')

function texts({reason, json}) {
  return JSON.stringify([
    plain(reason),
    plain(json?.message),
    Object.entries(json?.errors ?? {}).sort(),
    plain(json?.data?.exitstatus),
  ])
}

/** The types of a value; the elements of a list count as one. */
function shape(value, at, out) {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  if (kind === 'array') {
    out.add(`${at}:array`)
    for (const item of value) shape(item, `${at}/*`, out)
  } else if (kind === 'object') {
    out.add(`${at}:object`)
    for (const [key, item] of Object.entries(value))
      if (!OPAQUE.test(`${at}/${key}`))
        shape(item, `${at}/${key.replace(/^(?:vm|ct):\d+$|^n\d$|^[\w+/]{22}$/, '#')}`, out)
  } else out.add(`${at}:${kind}`)
  return out
}

/** What depends on the recorded host's own software. */
const OPAQUE = /\/(?:proxmox-support|blockstat|boot-info|flags|lock)$/

async function play(file) {
  const {steps} = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
  const dead = deadNodes(steps)
  const sim = await startSimulator({fixture: startingFixture(steps), speed, offline: dead})
  seedResources(sim.world, steps)
  for (const node of dead) sim.world.store.of('nodes').update(node, {expired: true})
  const upids = new Map()
  // time for the HA managers to look around
  await pause((HA_SECONDS * 1000) / speed)
  let began = Date.now()
  const running = []
  const score = {steps: 0, skipped: 0, L1: 0, L2: 0, L3: 0}
  const misses = []
  for (const [index, step] of steps.entries()) {
    const start = step.t - (step.ms ?? 0) / 1000
    await Promise.all(running.filter((other) => other.end <= start + 0.05).map((other) => other.done))
    const wait = (start * 1000) / speed - (Date.now() - began)
    if (wait > 0) await pause(wait)
    // who is late moves what follows, so that the distances stay
    else began -= wait
    if (step.comment !== undefined) {
      await happen(sim, step.comment)
      continue
    }

    running.push({end: step.t, done: exchange(sim, step, index, {upids, score, misses})})
  }

  await Promise.all(running.map(({done}) => done))
  await sim.stop()
  return {score, misses}
}

async function exchange(sim, step, index, {upids, score, misses}) {
  const url = step.url.replaceAll(/UPID[^/?&]*/g, (encoded) =>
    encodeURIComponent(upids.get(decodeURIComponent(encoded)) ?? 'unknown'),
  )
  const headers = headersFor(sim.world, step.auth)
  const base = sim.urls[step.via]
  if (url.includes('/unknown') || headers === undefined || base === undefined) {
    score.skipped++
    return
  }

  const ask = () => send(`${base}/api2/json${url}`, step.method ?? 'GET', step.form, headers)
  let answer = await ask()
  // a task may take a little longer than the recorded one
  for (let tries = 0; step.json?.data?.exitstatus && answer.json?.data?.status === 'running' && tries < 100; tries++) {
    await pause(20)
    answer = await ask()
  }

  if (typeof step.json?.data === 'string' && step.json.data.startsWith('UPID:'))
    upids.set(step.json.data, answer.json?.data)
  score.steps++
  const miss = (level, detail) =>
    misses.push(
      `#${index} ${level} ${step.note} [${step.via} ${step.method} ${decodeURIComponent(step.url).slice(0, 90)}] ${detail}`,
    )
  if (answer.status !== step.status)
    return miss('L1', `expected ${step.status} ${step.reason}, got ${answer.status} ${answer.reason}`)
  score.L1++
  if (texts(answer) !== texts(step)) return miss('L2', `expected ${texts(step)}, got ${texts(answer)}`)
  score.L2++
  const [expected, got] = [step, answer].map(({json}) => shape(json?.data, '', new Set()))
  const lacks = [...expected].filter((item) => !got.has(item))
  const extra = [...got].filter((item) => !expected.has(item))
  if (lacks.length + extra.length > 0)
    return miss('L3', `lacks ${lacks.slice(0, 6).join(' ')} | extra ${extra.slice(0, 6).join(' ')}`)
  score.L3++
}

const total = {steps: 0, skipped: 0, L1: 0, L2: 0, L3: 0}
const row = (name, score) => {
  const percent = (value) => `${((100 * value) / Math.max(1, score.steps)).toFixed(1)}%`.padStart(7)
  return `${name.padEnd(16)} ${String(score.steps).padStart(5)} steps ${String(score.skipped).padStart(3)} skipped  L1${percent(score.L1)}  L2${percent(score.L2)}  L3${percent(score.L3)}\n`
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json') && name.includes(options.only))) {
  const {score, misses} = await play(file)
  process.stdout.write(row(file.replace('.json', ''), score))
  for (const line of misses.slice(0, Number(options['show-mismatches']))) process.stdout.write(`    ${line}\n`)
  for (const key of Object.keys(total)) total[key] += score[key]
}

process.stdout.write(row('total', total))
process.exit(0)
