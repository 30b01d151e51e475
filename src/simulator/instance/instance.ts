import {spawn} from 'node:child_process'
import {closeSync, existsSync, openSync, readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {execPath, kill} from 'node:process'
import {fileURLToPath, pathToFileURL} from 'node:url'
import {errAsync, okAsync, ResultAsync} from 'neverthrow'

import {failure, type Failure} from '../../domain/failure.js'
import {findFixture} from '../fixtures/load.js'
import {askControl, type ControlRequest, type ControlSuccess} from './control.js'
import {InstanceFiles, type InstanceOptions, type InstanceRecord} from './instance-files.js'

import type {ActiveFault} from '../faults/fault.js'

const DEFAULTS: InstanceOptions = {fixture: 'demo', pveVersion: '8.4', speed: 1, port: 0, offline: []}
const NAME = /^[A-Za-z0-9][\w.-]{0,62}$/
/** How long a simulator may take to stop before its process is killed. */
const STOP_MS = 10_000
const POLL_MS = 20
/** Of large answers to many at once, what is garbage already would fill the young generation up to its usual size. */
const FRUGAL = ['--max-semi-space-size=4']
/** Where to look when a command was refused. */
const HINTS: Readonly<Partial<Record<ControlRequest['action'], string>>> = {
  'fault-clear': 'See the faults: homelab simulator fault list',
}

/** What is to be started; what is left out stays as it was at the last run, or gets its default. */
export type InstanceRequest = {readonly [K in keyof InstanceOptions]?: InstanceOptions[K] | undefined}

/** What is known of a simulator. `crashed`: its process is gone without having been stopped. */
export interface InstanceStatus {
  readonly name: string
  readonly state: 'crashed' | 'running' | 'stopped' | 'unknown'
  readonly record?: InstanceRecord
}

/** How a simulator is about to be started. */
export interface InstancePlan {
  readonly options: InstanceOptions
  /** Goes on with the state on disk. */
  readonly resume: boolean
}

/**
 * Starts a named simulator in the background and returns once it answers. One that runs already is left alone.
 * @returns `conflict` if it runs with another fixture than the one asked for; `unexpected` with the reason if it does not come up
 */
export function startInstance(
  stateDir: string,
  name: string,
  request: InstanceRequest,
): ResultAsync<InstanceRecord, Failure> {
  return prepareInstance(stateDir, name, request).andThen((prepared) => {
    if (prepared.kind === 'running') return okAsync(prepared.record)
    return spawnInstance(prepared.files, stateDir, prepared.plan.options)
  })
}

/** What `prepareInstance` found: a simulator that runs, or one that is ready to be started. */
export type Prepared =
  | {readonly kind: 'ready'; readonly files: InstanceFiles; readonly plan: InstancePlan}
  | {readonly kind: 'running'; readonly record: InstanceRecord}

/** Looks what is there and makes the directory ready for a start. */
export function prepareInstance(
  stateDir: string,
  name: string,
  request: InstanceRequest,
): ResultAsync<Prepared, Failure> {
  if (!NAME.test(name)) {
    return errAsync(
      failure('usage', `"${name}" is no name for a simulator`, {hint: 'use letters, digits, dot, dash and underscore'}),
    )
  }

  const checked = checkFixture(request.fixture)
  if (checked) return errAsync(checked)
  return instanceStatus(stateDir, name).andThen(({state, record}): ResultAsync<Prepared, Failure> => {
    const files = new InstanceFiles(stateDir, name)
    if (state === 'running' && record) {
      const refusal = otherThan(record, request)
      return refusal ? errAsync(refusal) : okAsync({kind: 'running', record})
    }

    // Without a record it has never come up: what it left is no cluster that somebody has seen.
    const resume = record !== undefined && files.hasState && (state === 'crashed' || request.fixture === undefined)
    if (resume && isAsked(request.offline))
      return errAsync(
        failure('conflict', `the simulator ${name} goes on where it was`, {
          hint: `Start it without --offline, and then: ${offlineCommand(name, request.offline)}`,
        }),
      )
    const {fixture, pveVersion, speed, port, offline} = {...DEFAULTS, ...(resume && record), ...given(request)}
    const plan: InstancePlan = {
      options: {fixture, pveVersion, speed, offline, port: request.port ?? (record ? 0 : port)},
      resume,
    }
    if (resume && request.pveVersion !== undefined && request.pveVersion !== record.pveVersion) {
      return errAsync(
        failure('conflict', `the state of the simulator ${name} is that of a Proxmox VE ${record.pveVersion}`, {
          hint: `start anew: homelab simulator stop --name ${name} --purge`,
        }),
      )
    }

    files.create()
    if (!resume) files.removeState()
    return okAsync({
      kind: 'ready',
      files,
      plan: resume ? {...plan, options: {...plan.options, fixture: record.fixture}} : plan,
    })
  })
}

/** What cannot be had of a simulator that runs already. */
function otherThan(
  record: InstanceRecord,
  {fixture, offline, pveVersion, speed}: InstanceRequest,
): Failure | undefined {
  const {name} = record
  const refusal = (what: string, hint: string): Failure =>
    failure('conflict', `the simulator ${name} runs already, ${what}`, {hint})
  if (fixture !== undefined && fixture !== record.fixture)
    return refusal(`with fixture ${record.fixture}`, `homelab simulator reset --name ${name} --fixture ${fixture}`)
  const again = (flag: string): string =>
    `To have another: homelab simulator stop --name ${name}, and start it again with ${flag}`
  if (pveVersion !== undefined && pveVersion !== record.pveVersion)
    return refusal(`as Proxmox VE ${record.pveVersion}`, again(`--pve-version ${pveVersion}`))
  if (speed !== undefined && speed !== record.speed)
    return refusal(`with speed ${record.speed}`, again(`--speed ${speed}`))
  return isAsked(offline) ? refusal('with its nodes as they are', offlineCommand(name, offline)) : undefined
}

const isAsked = (nodes: readonly string[] | undefined): nodes is readonly string[] => (nodes ?? []).length > 0
const offlineCommand = (name: string, [node = 'NODE']: readonly string[]): string =>
  `homelab simulator fault add node-offline --name ${name} --node ${node}`

/** Whether a simulator runs, and where. */
export function instanceStatus(stateDir: string, name: string): ResultAsync<InstanceStatus, Failure> {
  const record = new InstanceFiles(stateDir, name).read()
  if (!record) return okAsync({name, state: 'unknown'})
  if (record.pid === undefined) return okAsync({name, state: 'stopped', record})
  return fromSafe(askControl(record.control, {action: 'status'})).map((reply) => {
    const alive = reply === 'silent' || (reply !== 'refused' && reply.ok)
    return {name, state: alive ? 'running' : 'crashed', record}
  })
}

/**
 * Stops a simulator; no process remains. Its state stays unless `purge`.
 * @returns false when it did not run
 */
export function stopInstance(
  stateDir: string,
  name: string,
  {purge}: {readonly purge: boolean},
): ResultAsync<boolean, Failure> {
  const files = new InstanceFiles(stateDir, name)
  return instanceStatus(stateDir, name).andThen(({state, record}) => {
    const ran = state === 'running'
    const end = async (): Promise<boolean> => {
      if (ran && record?.pid !== undefined) await endProcess(record, record.pid)
      if (purge) files.remove()
      return ran
    }

    return ResultAsync.fromPromise(end(), (error) =>
      failure('unexpected', `the simulator ${name} does not stop: ${(error as Error).message}`),
    )
  })
}

/** Puts a running simulator back to a fixture; address, certificate and process stay. */
export function resetInstance(stateDir: string, name: string, fixture?: string): ResultAsync<InstanceRecord, Failure> {
  const checked = checkFixture(fixture)
  if (checked) return errAsync(checked)
  return commandInstance(stateDir, name, {action: 'reset', ...(fixture !== undefined && {fixture})})
}

/** Sends a command to a running simulator and returns its record afterwards. */
export function commandInstance(
  stateDir: string,
  name: string,
  command: ControlRequest,
): ResultAsync<InstanceRecord, Failure> {
  return askInstance(stateDir, name, command).map((reply) => reply['record'] as InstanceRecord)
}

/**
 * Changes, ends or lists what is wrong with a running simulator.
 * @returns the faults the command was about
 */
export function faultsOfInstance(
  stateDir: string,
  name: string,
  command: ControlRequest & {action: 'fault-add' | 'fault-clear' | 'fault-list'},
): ResultAsync<ActiveFault[], Failure> {
  return askInstance(stateDir, name, command).map((reply) => reply['faults'] as ActiveFault[])
}

function askInstance(stateDir: string, name: string, command: ControlRequest): ResultAsync<ControlSuccess, Failure> {
  const record = new InstanceFiles(stateDir, name).read()
  const notRunning = failure('not-found', `no simulator ${name} is running`, {
    hint: `homelab simulator start --name ${name}`,
  })
  if (record?.pid === undefined) return errAsync(notRunning)
  return fromSafe(askControl(record.control, command)).andThen((reply): ResultAsync<ControlSuccess, Failure> => {
    if (reply === 'refused') return errAsync(notRunning)
    if (reply === 'silent') return errAsync(failure('timeout', `the simulator ${name} does not answer`))
    if (reply.ok) return okAsync(reply)
    const hint = HINTS[command.action]
    return errAsync(
      failure(reply.kind ?? 'unexpected', reply.message, hint === undefined ? {} : {hint: `${hint} --name ${name}`}),
    )
  })
}

/** The secret of the token a simulator offers its starter: that of its fixture. */
export function instanceTokenSecret(record: Pick<InstanceRecord, 'fixture' | 'tokenId'>): string {
  return findFixture(record.fixture).tokens?.find(({tokenid}) => tokenid === record.tokenId)?.secret ?? ''
}

function checkFixture(fixture: string | undefined): Failure | undefined {
  if (fixture === undefined) return undefined
  try {
    findFixture(fixture)
    return undefined
  } catch (error) {
    return failure('usage', (error as Error).message)
  }
}

function given(request: InstanceRequest): Partial<InstanceOptions> {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
}

function fromSafe<T>(promise: Promise<T>): ResultAsync<T, Failure> {
  return ResultAsync.fromSafePromise(promise)
}

function spawnInstance(
  files: InstanceFiles,
  stateDir: string,
  options: InstanceOptions,
): ResultAsync<InstanceRecord, Failure> {
  const start = async (): Promise<InstanceRecord> => {
    const log = openSync(files.log, 'a', 0o600)
    const child = spawn(execPath, [...FRUGAL, ...entryArguments()], {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      cwd: files.directory,
    })
    closeSync(log)
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) =>
        reject(new Error(`its process ended (${signal ?? code}): ${lastLine(files.log)}`)),
      )
      child.once('message', (reply: {ready: boolean; message?: string}) => {
        if (reply.ready) resolve()
        else reject(new Error(reply.message))
      })
      child.send({stateDir, name: files.name, options})
    }).finally(() => child.removeAllListeners())
    if (child.connected) child.disconnect()
    child.unref()
    const record = files.read()
    if (!record) throw new Error('it left no record of itself')
    return record
  }

  return ResultAsync.fromPromise(start(), (error) =>
    failure('unexpected', `the simulator ${files.name} does not start: ${(error as Error).message}`, {
      hint: `its log: ${files.log}`,
    }),
  )
}

/** How Node runs the background process: from the bundle beside this code, or from the sources through the loader that runs this. */
function entryArguments(): string[] {
  const candidates = ['../simulator/main.js', '../../simulator/main.js', '../main.js', '../main.ts']
  const entry = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path))
  if (entry === undefined) throw new Error('the simulator is not part of this installation')
  return entry.endsWith('.ts')
    ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, entry]
    : [entry]
}

function lastLine(file: string): string {
  if (!existsSync(file)) return 'without a word'
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines.find((line) => /Error: /.test(line)) ?? lines.at(-1) ?? ''
}

async function endProcess(record: InstanceRecord, pid: number): Promise<void> {
  const reply = await askControl(record.control, {action: 'stop'})
  if (reply !== 'silent' && (await isGone(pid, STOP_MS))) return
  // somebody held its control port and did not answer: that is the process of the record, and it hangs
  kill(pid, 'SIGKILL')
  if (!(await isGone(pid, STOP_MS))) throw new Error(`process ${pid} is still there`)
}

/** Whether a process has ended. Who started it may be slow to take note of its end; that is waited for, too, but held against nobody. */
async function isGone(pid: number, timeoutMs: number): Promise<boolean> {
  for (let waited = 0; waited < timeoutMs; waited += POLL_MS) {
    try {
      kill(pid, 0)
    } catch {
      return true
    }

    await new Promise<void>((resolve) => {
      setTimeout(resolve, POLL_MS)
    })
  }

  return isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ''))
  } catch {
    return false
  }
}
