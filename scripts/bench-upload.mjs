/**
 * Uploads a sparse file of 3 GiB to a simulated Proxmox VE, by turns with curl and with us: the time in multiples of curl's, and the most memory that
 * we ever had.
 *
 *     node scripts/bench-upload.mjs [--rounds N]      alone; `npm run bench` does it at its end
 */
import {spawn, spawnSync} from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {parse} from 'yaml'

const homelab = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../bin/run.js')
const BYTES = 3 * 2 ** 30
/** Multiples of curl's time, and megabytes. */
const TARGETS = {megabytes: 120, ratio: 1.5}
const POLL_MS = 20

/** @returns how many targets were missed */
export async function benchUpload(rounds = 3) {
  if (spawnSync('curl', ['--version']).status !== 0) {
    console.log('\nUploads: left out, curl is not installed')
    return 0
  }

  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'homelab-bench-upload-'))
  const env = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(HOMELAB_|HL_|XDG_|NODE_|npm_)/.test(name)),
    ),
    HOME: scratch,
    HOMELAB_CONFIG_DIR: path.join(scratch, 'config'),
    NO_COLOR: '1',
  }
  const json = (args) => {
    const {status, stderr, stdout} = spawnSync(process.execPath, [homelab, ...args, '--json'], {encoding: 'utf8', env})
    if (status !== 0) throw new Error(`homelab ${args.join(' ')} exited ${status}: ${stdout}${stderr}`)
    return JSON.parse(stdout)
  }

  const file = path.join(scratch, 'sparse.iso')
  fs.closeSync(fs.openSync(file, 'w'))
  fs.truncateSync(file, BYTES)
  const started = json(['simulator', 'start', '--name', 'bench-upload', '--fixture', 'demo', '--speed', 'instant'])
  try {
    const config = parse(fs.readFileSync(path.join(env.HOMELAB_CONFIG_DIR, 'config.yaml'), 'utf8'))
    const {token} = config.contexts['bench-upload']
    const secret =
      token.secret ?? fs.readFileSync(path.resolve(env.HOMELAB_CONFIG_DIR, token.secretFile), 'utf8').trim()
    const curl = [
      'curl',
      ...['--silent', '--show-error', '--fail', '--insecure', '--output', '/dev/null'],
      ...['--header', `Authorization: PVEAPIToken=${token.id}=${secret}`],
      ...['--form', 'content=iso', '--form', `filename=@${file};filename=curl.iso`],
      `${started.url}/api2/json/nodes/pve1/storage/nas/upload`,
    ]
    const upload = [process.execPath, homelab, 'proxmox', 'iso', 'upload']
    const options = ['--storage', 'nas', '--force', '--context', 'bench-upload', '--json']
    const cases = [
      {argv: curl, name: 'curl'},
      {argv: [...upload, file, ...options], name: 'iso upload FILE'},
      {
        argv: [...upload, '-', '--name', 'piped.iso', '--size', String(BYTES), ...options],
        name: 'iso upload - --size',
        stdin: file,
      },
    ]
    const runs = cases.map(() => [])
    for (let round = 0; round < rounds; round++)
      for (const [i, one] of cases.entries()) runs[i].push(await measured(one, env))
    return report(cases, runs, rounds)
  } finally {
    json(['simulator', 'stop', '--name', 'bench-upload', '--purge'])
    fs.rmSync(scratch, {force: true, recursive: true})
  }
}

/** One process from start to exit: its time in seconds and its largest resident set in megabytes, where the system tells. */
function measured({argv: [program, ...args], stdin}, env) {
  return new Promise((resolve, reject) => {
    const begun = process.hrtime.bigint()
    const child = spawn(program, args, {env, stdio: [stdin === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe']})
    let megabytes
    const timer = setInterval(() => {
      megabytes = peakOf(child.pid) ?? megabytes
    }, POLL_MS)
    let stderr = ''
    child.stderr.on('data', (chunk) => (stderr += chunk))
    if (stdin !== undefined) {
      child.stdin.on('error', () => {})
      fs.createReadStream(stdin).pipe(child.stdin)
    }

    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(timer)
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9
      if (code === 0) resolve({megabytes, seconds})
      else reject(new Error(`${program} ${args[0]} exited ${code}: ${stderr}`))
    })
  })
}

function peakOf(pid) {
  try {
    const kib = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kib === undefined ? undefined : Number(kib) / 1000
  } catch {
    return undefined
  }
}

function report(cases, runs, rounds) {
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]
  const base = median(runs[0].map(({seconds}) => seconds))
  let missed = 0
  console.log(`\nUpload of ${BYTES / 2 ** 30} GiB, medians of ${rounds} interleaved runs\n`)
  for (const [i, {name}] of cases.entries()) {
    const seconds = median(runs[i].map((run) => run.seconds))
    const megabytes = Math.max(...runs[i].map((run) => run.megabytes ?? 0))
    const ratio = seconds / base
    const isOver = i > 0 && (ratio > TARGETS.ratio || megabytes > TARGETS.megabytes)
    if (isOver) missed++
    const verdict = i === 0 ? '' : `${isOver ? 'over' : 'within'} ${TARGETS.ratio} and ${TARGETS.megabytes} MB`
    const memory = megabytes > 0 ? `${megabytes.toFixed(0)} MB` : 'memory unknown'
    console.log(`${name.padEnd(22)} ${seconds.toFixed(1)} s  x ${ratio.toFixed(2)}  ${memory}  ${verdict}`.trimEnd())
  }

  return missed
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const {values} = parseArgs({options: {rounds: {default: '3', type: 'string'}}})
  if ((await benchUpload(Number(values.rounds))) > 0) process.exitCode = 1
}
