/**
 * Replays recorded conversations with a real Proxmox VE 8.4 against a simulator of its own and says how far the answers agree.
 *
 *     npm run conformance -- [--replay FILE] [--scenarios FOLDER] [--only TEXT] [--show-mismatches N] [--source]
 *
 * The replayer and the recordings are no part of this package: by default they are looked for beside it, in ../shared; HOMELAB_REPLAY and HOMELAB_SCENARIOS say
 * where else. `--source` runs the simulator from its sources instead of dist.
 *
 * Exit: 0 every level is reached; 1 one is not; 2 there is nothing to run, or the run could not be made.
 */
import {spawnSync} from 'node:child_process'
import {existsSync, mkdtempSync, readdirSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import path from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
/** Percent of the steps that have to agree: status; texts; shape; values. */
const TARGETS = {L1: 99, L2: 99, L3: 97, L4: 93}
const VARIANTS = {base: 'recorded', 'offline-nodes': 'recorded-offline-nodes'}

const {values: options} = parseArgs({
  options: {
    only: {type: 'string'},
    replay: {default: process.env.HOMELAB_REPLAY ?? path.join(root, '../shared/tools/pve-replay.mjs'), type: 'string'},
    scenarios: {default: process.env.HOMELAB_SCENARIOS ?? path.join(root, '../shared/pve/scenarios'), type: 'string'},
    'show-mismatches': {default: '0', type: 'string'},
    source: {type: 'boolean'},
  },
})

function giveUp(message) {
  process.stderr.write(`conformance: ${message}\n`)
  process.exit(2)
}

if (!existsSync(options.replay)) giveUp(`no replayer at ${options.replay}; name one with --replay`)
if (!existsSync(options.scenarios)) giveUp(`no recordings at ${options.scenarios}; name their folder with --scenarios`)
const scenarios = readdirSync(options.scenarios)
  .filter((file) => file.endsWith('.json') && file !== 'fixture.json')
  .map((file) => path.join(options.scenarios, file))
if (scenarios.length === 0) giveUp(`${options.scenarios} holds no recordings`)

const bin = path.join(root, options.source ? 'bin/dev.js' : 'bin/run.js')
if (!options.source && !existsSync(path.join(root, 'oclif.manifest.json')))
  spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs')], {stdio: 'inherit'})
const folder = mkdtempSync(path.join(tmpdir(), 'homelab-conformance-'))
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOMELAB_'))),
  HOMELAB_CONFIG_DIR: folder,
}

/** Runs a command on the simulator and returns its JSON document. */
function simulator(verb, ...args) {
  const argv = [bin, 'simulator', verb, '--name', 'conformance', '--json', ...args]
  const {status, stdout, stderr} = spawnSync(process.execPath, argv, {encoding: 'utf8', env})
  if (status !== 0) throw new Error(`simulator ${verb} exited ${status}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}

/** What the replayer runs before each recording: the fixture of its variant. */
const reset = [
  `case "$PVE_FIXTURE_VARIANT" in ${Object.entries(VARIANTS)
    .map(([variant, fixture]) => `${variant}) fixture=${fixture};;`)
    .join(' ')} *) exit 1;; esac`,
  `'${process.execPath}' '${bin}' simulator reset --name conformance --fixture "$fixture"`,
].join('; ')

function replay({fingerprint, url}) {
  const argv = [options.replay, '--url', url, '--fingerprint', fingerprint, '--pauses', '0', '--reset', reset, '--json']
  if (options.only !== undefined) argv.push('--only', options.only)
  const limits = {encoding: 'utf8', env, maxBuffer: 1 << 30}
  const {status, stdout, stderr} = spawnSync(process.execPath, [...argv, ...scenarios], limits)
  if (status !== 0) throw new Error(`the replayer exited ${status}: ${stderr}`)
  return JSON.parse(stdout)
}

function report({scenarios: rows, total}) {
  const shown = Number(options['show-mismatches'])
  const width = Math.max(...rows.map(({scenario}) => scenario.length))
  const line = (name, {percent, setupFailed, steps}) =>
    [
      name.padEnd(width),
      String(steps).padStart(5),
      ...Object.keys(TARGETS).map((level) => `${percent[level].toFixed(1)}`.padStart(6)),
      setupFailed > 0 ? `  ${setupFailed} steps of preparation failed` : '',
    ]
      .join('  ')
      .trimEnd()
  console.log([''.padEnd(width), 'steps', ...Object.keys(TARGETS).map((level) => `${level} %`.padStart(6))].join('  '))
  for (const row of rows) {
    console.log(line(row.scenario, row))
    for (const {name, problems, reached, request, step} of row.mismatches.slice(0, shown)) {
      console.log(`    #${step} ${name} [${request}] reached L${reached}`)
      for (const {at, expected, got, level} of problems.slice(0, 6))
        console.log(`        L${level} ${at}: expected ${JSON.stringify(expected)} got ${JSON.stringify(got)}`)
    }
  }

  console.log(line('total', total))
}

let missed = []
try {
  const started = simulator('start', '--fixture', 'recorded', '--pve-version', '8.4', '--speed', 'instant')
  const result = replay(started)
  report(result)
  missed = Object.entries(TARGETS).filter(([level, target]) => result.total.percent[level] < target)
} catch (error) {
  process.stderr.write(`conformance: ${error.message}\n`)
  process.exitCode = 2
} finally {
  try {
    simulator('stop', '--purge')
  } catch {
    // it never came up
  }

  rmSync(folder, {force: true, recursive: true})
}

for (const [level, target] of missed) {
  process.stderr.write(`conformance: ${level} is below ${target} %\n`)
  process.exitCode = 1
}
