/**
 * Plays recorded exchanges with a real three-node cluster against a simulated one and says how far the answers agree.
 *
 *     node --import tsx scripts/compare-cluster.mjs FOLDER [--only TEXT] [--show-mismatches N]
 *
 * FOLDER holds the recordings (`*.json`; they are no part of this package). Each is played by itself, on the simulator's sources: guests, HA resources and
 * dead nodes that were there before its first request are taken from its own first answers, requests are sent at the recorded moments of a stepped clock,
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
  },
})
const [folder] = positionals
if (folder === undefined) {
  process.stderr.write('usage: node --import tsx scripts/compare-cluster.mjs FOLDER [--only TEXT]\n')
  process.exit(2)
}

const {startSimulator} = await import('../src/simulator/start-simulator.ts')
const {recordedCluster} = await import('../src/simulator/fixtures/recorded.ts')
const {makeCsrfToken, makeTicket} = await import('../src/simulator/access/tickets.ts')
const MIB = 1024 ** 2
/** Time goes on in steps of so much, and a request that is not answered after so long waits for it. */
const STEP_SECONDS = 0.1
const SETTLE_MS = 40
const HA_SECONDS = 45.5

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

/** The recordings with the moment each began, which their tasks tell. */
function readRecordings() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((file) => {
      const {steps} = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
      const first = steps.find((step) => UPID_TIME.test(step.json?.data))
      const began = first && Number.parseInt(UPID_TIME.exec(first.json.data)[1], 16) - first.t
      return {file, steps, began}
    })
}

const UPID_TIME = /^UPID:\w+:\w+:\w+:(\w+)/
const LISTING = /^\/cluster\/resources(\?type=vm)?$/
const answered = (step) => step.url && step.status === 200

/** The last list of guests before a recording began, from whatever recording. */
function listingBefore(recordings, began) {
  const listings = recordings.flatMap((other) =>
    other.steps
      .filter((step) => answered(step) && LISTING.test(step.url))
      .map((step) => ({at: other.began + step.t, entries: step.json.data})),
  )
  return listings.filter(({at}) => at <= began).sort((a, b) => b.at - a.at)[0]?.entries ?? []
}

/** What was there before a recording's first request. */
function startingFixture({steps, began}, recordings) {
  const answers = steps.filter((step) => answered(step))
  const seen = answers.find((step) => LISTING.test(step.url))
  const before = seen ? steps.slice(0, steps.indexOf(seen)) : steps
  const made = new Set(
    before.flatMap((step) => (step.status === 200 ? [step.form?.vmid, step.form?.newid] : [])).map(String),
  )
  const known = seen ? seen.json.data : listingBefore(recordings, began)
  const entries = new Map(
    known
      .filter((entry) => entry.vmid !== undefined && (!seen || !made.has(String(entry.vmid))))
      .map((entry) => [entry.vmid, entry]),
  )
  for (const [vmid, place] of firstPlaces(before)) {
    if (entries.has(vmid)) entries.set(vmid, {...entries.get(vmid), ...place})
    else if (!made.has(String(vmid))) entries.set(vmid, {vmid, ...place})
  }

  const text = JSON.stringify(steps)
  const guests = [...entries.values()].map((entry) => ({
    vmid: entry.vmid,
    type: entry.type,
    node: entry.node,
    config: configOf(entry, answers, {steps, text}),
    running: entry.status === 'running',
    ...(entry.uptime > 0 && {uptimeSeconds: entry.uptime}),
  }))
  return {...recordedCluster, guests, volumes: [...recordedCluster.volumes, ...namedFiles(steps)]}
}

/** Where guests are the first time somebody says so, by VMID. */
function firstPlaces(steps) {
  const places = new Map()
  const note = (vmid, place) => {
    if (!places.has(Number(vmid))) places.set(Number(vmid), place)
  }

  const made = new Set()
  for (const step of steps.filter(({url}) => url)) {
    const [, node, type, vmid, rest = ''] = /^\/nodes\/(n\d)\/(qemu|lxc)\/(\d+)(\/[^?]*)?/.exec(step.url) ?? []
    const isThere =
      step.status === 200 &&
      (step.method === 'GET' ? /^\/(config|migrate|pending|status\/current)$/ : /^\/(clone|migrate)$/).test(rest)
    if (isThere && !made.has(vmid)) {
      const told = step.json.data?.status ?? {0: 'stopped', 1: 'running'}[step.json.data?.running]
      note(vmid, {node, type, ...(told !== undefined && {status: told})})
    }

    const [, kind, used, where] = /\b(VM|CT) (\d+) already exists on node '(n\d)'/.exec(step.reason) ?? []
    if (used && !made.has(used)) note(used, {node: where, type: kind === 'CT' ? 'lxc' : 'qemu'})
    if (step.status === 200) for (const id of [step.form?.vmid, step.form?.newid]) made.add(String(id))
  }

  return places
}

/** ISO images and templates that requests name and that must have been there, because their tasks or changes succeeded. */
function namedFiles(steps) {
  const ended = new Map(
    steps
      .filter((step) => step.json?.data?.exitstatus !== undefined)
      .map((step) => [step.json.data.upid, step.json.data.exitstatus]),
  )
  const volids = new Map()
  for (const {url, form, status, json} of steps) {
    const node = /^\/nodes\/(n\d)\//.exec(url ?? '')?.[1]
    if (status !== 200 || node === undefined || (ended.get(json?.data) ?? 'OK') !== 'OK') continue
    for (const value of Object.values(form ?? {})) {
      const [volid, storage, content] = /^([\w-]+):(iso|vztmpl)\/[^,]+/.exec(String(value)) ?? []
      const isThere = recordedCluster.volumes.some((volume) => volume.volid === volid && volume.node === node)
      if (volid && storage !== 'shared' && !isThere)
        volids.set(`${node} ${volid}`, {...(content === 'iso' ? image : template), content, volid, node})
    }
  }

  return [...volids.values()]
}

const image = {format: 'iso', size: MIB}
const template = {format: 'tgz', size: 1_033_057, ostype: 'alpine'}

function configOf(entry, answers, {steps, text}) {
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
  const resized = steps.find(({url}) => url?.includes(`/${entry.type}/${entry.vmid}/resize`))
  const diskKey = isVm ? (resized?.form?.disk ?? 'scsi0') : 'rootfs'
  return {
    ...(isVm
      ? {name: entry.name ?? `VM ${entry.vmid}`, memory: String(memory)}
      : {hostname: entry.name ?? `CT${entry.vmid}`, memory, ostype: 'alpine', arch: 'amd64'}),
    ...(entry.maxcpu && {cores: entry.maxcpu}),
    ...(text.includes(`tap${entry.vmid}i0`) && {net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0'}),
    ...(entry.tags && {tags: entry.tags}),
    ...(entry.template && {template: 1}),
    ...((entry.maxdisk ?? 1) > 0 && {[diskKey]: disk}),
    ...(entry.maxdisk === 0 && volid !== undefined && {unused0: volid}),
  }
}

/** HA resources a recording shows without having made them. */
function seedResources(world, steps) {
  const shown = steps.find((step) => step.url === '/cluster/ha/status/current' && step.status === 200)
  const made = new Set(steps.slice(0, steps.indexOf(shown)).map((step) => step.form?.sid))
  for (const entry of shown?.json.data ?? []) {
    if (entry.type !== 'service' || entry.request_state === undefined || made.has(entry.sid)) continue
    const listed = steps
      .filter(
        (step) =>
          /^\/cluster\/ha\/resources(\/|$)/.test(step.url ?? '') && step.method === 'GET' && step.status === 200,
      )
      .flatMap((step) => step.json.data)
      .find(({sid}) => sid === entry.sid)
    const {group, max_relocate, max_restart} = listed ?? {}
    const {sid, request_state: state} = entry
    world.store
      .of('haResources')
      .put(
        sid,
        Object.fromEntries(
          Object.entries({type: sid.split(':')[0], state, group, max_relocate, max_restart}).filter(
            ([, value]) => value !== undefined,
          ),
        ),
      )
  }
}

/** Tasks that lists show, begun before the recording, and backup jobs nobody made in it. */
function seedHistory(world, {steps, began}) {
  const answers = steps.filter((step) => answered(step) && step.method === 'GET')
  const tasks = answers
    .filter((step) => /^\/(cluster|nodes\/n\d)\/tasks(\?|$)/.test(step.url))
    .flatMap((step) => step.json.data)
    .filter((task) => task.starttime < began)
  for (const [upid, task] of new Map(tasks.map((task) => [task.upid, task])).entries()) {
    const [, node, pid, pstart, , type, id, user] = upid.split(':')
    const log = answers.find(({url}) => decodeURIComponent(url).includes(`${upid}/log`))?.json.data
    const hasEnded = task.status !== undefined && task.status !== 'unexpected status'
    world.store.of('tasks').put(upid, {
      ...{upid, node, type, id, user, starttime: task.starttime},
      ...{pid: Number.parseInt(pid, 16), pstart: Number.parseInt(pstart, 16)},
      ...(hasEnded && {status: task.status, endtime: task.endtime}),
    })
    world.store.of('taskLogs').put(upid, Array.isArray(log) ? log.map(({t}) => t) : [])
  }

  const made = new Set(steps.map((step) => step.url === '/cluster/backup' && step.form?.id))
  const jobs = answers.find((step) => step.url === '/cluster/backup')?.json.data ?? []
  for (const {id, 'next-run': _, ...job} of jobs) if (!made.has(id)) world.store.of('backupJobs').put(id, {id, ...job})
}

/** HA resources a status shows on their way out, though no request removed them: somebody did off the record. */
function removeResources(world, step) {
  if (step.url !== '/cluster/ha/status/current' || step.status !== 200) return
  for (const {sid, state} of step.json.data) if (state === 'deleting') world.store.of('haResources').delete(sid)
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
  const [, headless] = /^pvedaemon of (n\d) stopped/.exec(comment) ?? []
  const [, deaf] = /^pveproxy of (n\d) stopped/.exec(comment) ?? []
  if (lost) await sim.powerOff(lost)
  if (cut) sim.world.cutNode(cut)
  if (joined) sim.world.joinNode(joined)
  if (powered) await sim.powerOn(powered)
  if (deaf) await sim.faults.add({kind: 'api-down', node: deaf})
  if (headless) {
    await sim.faults.clear()
    await sim.faults.add({kind: 'daemon-down', node: headless})
  }
}

/** What a request logs in with; `note` tells how it does that wrongly. */
function headersFor(world, {auth, note = ''}) {
  if (!auth && note.includes('wrong token'))
    return {Authorization: 'PVEAPIToken=root@pam!t1=00000000-0000-0000-0000-000000000000'}
  if (!auth && note.includes('without CSRF token')) return {Cookie: headersFor(world, {auth: 'ticket:root@pam'}).Cookie}
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
  return new Promise((resolve) => {
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
    request.on('error', () => resolve({status: 0, reason: NO_ANSWER}))
    request.end(body)
  })
}

const NO_ANSWER = 'no HTTP response'

/** Texts without what differs from run to run. */
const plain = (text) =>
  String(text ?? '')
    .replaceAll(/UPID:[^\s"']+/g, 'UPID')
    .replaceAll(/\.tmp\.\d+/g, '.tmp.#')
    // the recorded resolver had bad moments
    .replace(/^(no HTTP response).*/, '$1')
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

/** The time of a recording on the simulated clock, which moves only from here. */
class Course {
  now = 0
  pending = new Set()

  constructor(sim) {
    this.sim = sim
  }

  async advance(seconds) {
    this.now += seconds
    await this.sim.advance(seconds)
  }

  async advanceTo(moment) {
    while (moment - this.now > STEP_SECONDS) {
      await this.advance(STEP_SECONDS)
      // answers that were due go out before time goes on
      if (this.pending.size > 0) await pause(1)
    }

    if (moment > this.now) await this.advance(moment - this.now)
  }

  /** Sends a request, and lets it come as far as it does without time passing. */
  async begin(exchange) {
    this.pending.add(exchange)
    void exchange.then(() => this.pending.delete(exchange))
    await Promise.race([exchange, pause(SETTLE_MS)])
  }

  /** Lets time pass until these have been answered. */
  async finish(exchanges) {
    while (exchanges.some((exchange) => this.pending.has(exchange))) {
      await this.advance(STEP_SECONDS)
      await pause(1)
    }
  }
}

async function play(recording, recordings) {
  const {steps} = recording
  const dead = deadNodes(steps)
  const sim = await startSimulator({fixture: startingFixture(recording, recordings), speed: 'stepped', offline: dead})
  seedResources(sim.world, steps)
  seedHistory(sim.world, recording)
  for (const node of dead) sim.world.store.of('nodes').update(node, {expired: true})
  // time for the HA managers to look around
  await sim.advance(HA_SECONDS)
  const course = new Course(sim)
  const running = []
  const score = {steps: 0, skipped: 0, L1: 0, L2: 0, L3: 0}
  const report = {upids: new Map(), score, misses: [], bases: {}, races: new Map()}
  let late = 0
  for (const [index, step] of steps.entries()) {
    const start = step.t - (step.ms ?? 0) / 1000
    await course.finish(running.filter((other) => other.end <= start + 0.05).map((other) => other.done))
    await course.advanceTo(start + late)
    // who is late moves what follows, so that the distances stay
    late = course.now - start
    if (step.comment !== undefined) {
      const [, size, race] = /^the next (\d+) requests were sent at the same moment: (.*)/.exec(step.comment) ?? []
      if (race) report.races.set(race, {size: Number(size), runners: []})
      await happen(sim, step.comment)
      continue
    }

    removeResources(sim.world, step)
    const done = exchange(sim, step, index, {...report, course})
    running.push({end: step.t, done})
    await course.begin(done)
  }

  await course.finish(running.map(({done}) => done))
  await sim.stop()
  return report
}

const knownUpid = (world, upids, upid) => upids.get(upid) ?? (world.tasks.get(upid) ? upid : 'unknown')

async function exchange(sim, step, index, {upids, score, misses, bases, races, course}) {
  const url = step.url.replaceAll(/UPID[^/?&]*/g, (encoded) =>
    encodeURIComponent(knownUpid(sim.world, upids, decodeURIComponent(encoded))),
  )
  // the task of a race may be on another node than the recorded one
  const [, asked, recorded] = /^\/nodes\/(\w+)\/tasks\/UPID%3A(\w+)%3A/.exec(step.url) ?? []
  const taskNode = /UPID%3A(\w+)%3A/.exec(url)?.[1]
  const at = asked === recorded ? url.replace(/^\/nodes\/\w+(?=\/tasks\/UPID)/, `/nodes/${taskNode}`) : url
  const headers = headersFor(sim.world, step)
  const base = (bases[step.via] = sim.urls[step.via] ?? bases[step.via])
  if (url.includes('/unknown') || headers === undefined || base === undefined) {
    score.skipped++
    return
  }

  const ask = () => send(`${base}/api2/json${at}`, step.method ?? 'GET', step.form, headers)
  let answer = await ask()
  // a task may take a little longer than the recorded one
  for (let tries = 0; step.json?.data?.exitstatus && answer.json?.data?.status === 'running' && tries < 200; tries++) {
    await course.advance(STEP_SECONDS)
    answer = await ask()
  }

  const race = races.get(step.note?.replace(/ \[\d+\]$/, ''))
  if (race === undefined) return judge({step, index, answer}, {upids, score, misses})
  race.runners.push({step, index, answer})
  if (race.runners.length === race.size) settle(race.runners, {upids, score, misses})
}

/** Who wins a race is chance: each recorded outcome is compared with the answer that comes nearest to it. */
function settle(runners, report) {
  const left = runners.map(({answer}) => answer)
  for (const {step, index} of runners) {
    const near = left.map(
      (answer) => Number(answer.status === step.status) + Number(raceText(answer) === raceText(step)),
    )
    const [answer] = left.splice(near.indexOf(Math.max(...near)), 1)
    judge({step, index, answer}, report, raceText)
  }
}

/** A race is lost at the check or at the writing of the file. */
const raceText = (answer) =>
  texts(answer)
    .replaceAll(/unable to create (?:VM|CT) \d+ - /g, '')
    .replaceAll(
      /(?:VM|CT) \d+ already exists on node 'n\d'|close \(rename\) atomic file '[^']+' failed: File exists/g,
      'taken',
    )

function judge({step, index, answer}, {upids, score, misses}, textOf = texts) {
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
  if (textOf(answer) !== textOf(step)) return miss('L2', `expected ${texts(step)}, got ${texts(answer)}`)
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

const recordings = readRecordings()
for (const recording of recordings.filter(({file}) => file.includes(options.only))) {
  const {file} = recording
  const {score, misses} = await play(recording, recordings)
  process.stdout.write(row(file.replace('.json', ''), score))
  for (const line of misses.slice(0, Number(options['show-mismatches']))) process.stdout.write(`    ${line}\n`)
  for (const key of Object.keys(total)) total[key] += score[key]
}

process.stdout.write(row('total', total))
process.exit(0)
