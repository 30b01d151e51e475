import {die} from '../kernel/pve-error.js'
import {isAgentEnabled} from './status.js'
import {drivesOf, isCdrom} from './drives.js'
import {runProgram} from './guest-programs.js'
import {parseNet} from './network.js'
import {parseProperties} from './property-string.js'
import {loadVm} from './vm.js'
import {guestLimits} from '../views/guest-figures.js'

import type {Json} from '../kernel/pve-error.js'
import type {AgentState, GuestRecord, ProcessRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Until an agent that doesn't answer is given up. */
const PING_SECONDS = 3
/** Until a request that the agent has taken is given up. */
const ANSWER_SECONDS = 5
const MAX_READ_BYTES = 16 * 1024 * 1024
const AGENT_VERSION = '9.2.0'

/** Commands with an endpoint of their own that take no parameters and answer `{result}`. */
export const PLAIN_COMMANDS: Readonly<Record<string, 'GET' | 'POST'>> = {
  'fsfreeze-freeze': 'POST',
  'fsfreeze-status': 'POST',
  'fsfreeze-thaw': 'POST',
  fstrim: 'POST',
  'get-fsinfo': 'GET',
  'get-host-name': 'GET',
  'get-memory-block-info': 'GET',
  'get-memory-blocks': 'GET',
  'get-osinfo': 'GET',
  'get-time': 'GET',
  'get-timezone': 'GET',
  'get-users': 'GET',
  'get-vcpus': 'GET',
  info: 'GET',
  'network-get-interfaces': 'GET',
  ping: 'POST',
  shutdown: 'POST',
  'suspend-disk': 'POST',
  'suspend-hybrid': 'POST',
  'suspend-ram': 'POST',
}

type Answers = Readonly<Record<string, Json>>
type Outcome = {[key: string]: Json}

/**
 * The VM, when an agent answers in it.
 * @throws PveError 500 `No QEMU guest agent configured`, `VM 100 is not running`, `QEMU guest agent is not running`
 */
export async function requireAgent(
  world: World,
  node: string,
  vmid: number,
): Promise<{guest: GuestRecord; answers: Answers}> {
  const guest = loadVm(world, node, vmid)
  if (!isAgentEnabled(guest)) die('No QEMU guest agent configured')
  if (!guest.run) die(`VM ${vmid} is not running`)
  const answers = guest.run.paused || guest.run.agent?.stuck ? undefined : guest.behaviour?.agent
  if (!answers) {
    await world.clock.sleep(PING_SECONDS, {wait: 'patience'})
    die('QEMU guest agent is not running')
  }

  return {guest, answers: answers as Answers}
}

/** A command without parameters: what the guest was told to answer, else what an idle Debian would. */
export async function runCommand(world: World, node: string, vmid: number, command: string): Promise<Json> {
  const {guest, answers} = await requireAgent(world, node, vmid)
  const programmed = answers[command]
  if (programmed !== undefined) return {result: programmed}
  if (command === 'fsfreeze-freeze' || command === 'fsfreeze-thaw') {
    changeAgent(world, guest, (state) => ({...state, frozen: command === 'fsfreeze-freeze'}))
  }

  if (command === 'shutdown') {
    const seconds = guest.behaviour?.shutdownSeconds ?? 1
    world.clock.after(seconds, () => {
      const now = world.store.of('guests').get(vmid)
      if (now?.run && now.run.pid === guest.run?.pid) world.store.of('guests').update(vmid, {run: undefined})
    })
  }

  return {result: defaultAnswer(world, guest, command)}
}

function defaultAnswer(world: World, guest: GuestRecord, command: string): Json {
  const {config, vmid, run} = guest
  switch (command) {
    case 'fsfreeze-status': {
      return run?.agent?.frozen ? 'frozen' : 'thawed'
    }

    case 'fsfreeze-freeze':
    case 'fsfreeze-thaw': {
      return disksOf(guest).length
    }

    case 'fstrim': {
      return {paths: [{path: '/', trimmed: 0, minimum: 0}]}
    }

    case 'get-fsinfo': {
      return disksOf(guest).map((name, index) => fileSystem(guest, name, index))
    }

    case 'get-host-name': {
      return {'host-name': hostName(guest)}
    }

    case 'get-memory-block-info': {
      return {size: 134_217_728}
    }

    case 'get-memory-blocks': {
      return Array.from({length: Math.max(1, Math.ceil(guestLimits(guest).maxmem / 134_217_728))}, (_, index) => ({
        'phys-index': index,
        online: true,
        'can-offline': index > 0,
      }))
    }

    case 'get-osinfo': {
      return {
        id: 'debian',
        name: 'Debian GNU/Linux',
        'pretty-name': 'Debian GNU/Linux 12 (bookworm)',
        version: '12 (bookworm)',
        'version-id': '12',
        machine: 'x86_64',
        'kernel-release': '6.1.0-28-amd64',
        'kernel-version': '#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)',
      }
    }

    case 'get-time': {
      return world.clock.nowMs() * 1_000_000
    }

    case 'get-timezone': {
      return {offset: 0, zone: 'UTC'}
    }

    case 'get-users': {
      return []
    }

    case 'get-vcpus': {
      return Array.from({length: guestLimits(guest).maxcpu}, (_, index) => ({
        'logical-id': index,
        online: true,
        'can-offline': index > 0,
      }))
    }

    case 'info': {
      const names = ['exec', 'exec-status', 'file-open', 'file-read', 'file-write', ...Object.keys(PLAIN_COMMANDS)]
      return {
        version: AGENT_VERSION,
        supported_commands: names.map((name) => ({name: `guest-${name}`, enabled: true, 'success-response': true})),
      }
    }

    case 'network-get-interfaces': {
      return interfaces(vmid, config)
    }

    default: {
      return {}
    }
  }
}

const hostName = ({config, vmid}: GuestRecord): string => String(config['name'] ?? `vm-${vmid}`)

function disksOf({config}: GuestRecord): readonly string[] {
  return drivesOf(config)
    .filter(([key, drive]) => !isCdrom(drive) && key !== 'efidisk0' && key !== 'tpmstate0')
    .map(([key]) => key)
}

function fileSystem(guest: GuestRecord, key: string, index: number): Json {
  const bytes = guestLimits(guest).maxdisk
  return {
    name: `sd${String.fromCodePoint(97 + index)}1`,
    mountpoint: index === 0 ? '/' : `/mnt/${key}`,
    type: 'ext4',
    'total-bytes': bytes,
    'used-bytes': Math.floor(bytes * 0.1),
    disk: [
      {
        'bus-type': key.replace(/\d+$/, ''),
        bus: 0,
        target: 0,
        unit: index,
        dev: `/dev/sd${String.fromCodePoint(97 + index)}1`,
      },
    ],
  }
}

function interfaces(vmid: number, config: GuestRecord['config']): Json {
  const loopback = {
    name: 'lo',
    'hardware-address': '00:00:00:00:00:00',
    'ip-addresses': [
      {'ip-address': '127.0.0.1', 'ip-address-type': 'ipv4', prefix: 8},
      {'ip-address': '::1', 'ip-address-type': 'ipv6', prefix: 128},
    ],
    statistics: noTraffic(),
  }
  const cards = Object.keys(config)
    .filter((key) => /^net\d+$/.test(key))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .map((key, index) => {
      const mac = (parseNet(String(config[key])).mac ?? '').toLowerCase()
      return {
        name: `eth${index}`,
        'hardware-address': mac,
        'ip-addresses': addresses(vmid, index, mac, String(config[`ipconfig${key.slice(3)}`] ?? '')),
        statistics: noTraffic(),
      }
    })
  return [loopback, ...cards]
}

/** Addresses as configured; a server hands out the rest: one for each VM and card. */
function addresses(vmid: number, index: number, mac: string, ipconfig: string): readonly Json[] {
  const {properties} = parseProperties(ipconfig, [])
  const [ip, prefix] = (properties.get('ip') ?? 'dhcp').split('/')
  const v4 = ip === 'dhcp' ? `10.${index}.${Math.floor(vmid / 254) % 254}.${(vmid % 254) + 1}` : ip!
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16))
  const groups = [bytes[0]! ^ 2, bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]].map((byte) =>
    (byte ?? 0).toString(16).padStart(2, '0'),
  )
  const linkLocal = `fe80::${groups
    .join('')
    .match(/.{4}/g)!
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}`
  const [ip6, prefix6] = (properties.get('ip6') ?? '').split('/')
  return [
    {'ip-address': v4, 'ip-address-type': 'ipv4', prefix: Number(prefix ?? 16)},
    ...(ip6 !== undefined && prefix6 !== undefined
      ? [{'ip-address': ip6, 'ip-address-type': 'ipv6', prefix: Number(prefix6)}]
      : []),
    {'ip-address': linkLocal, 'ip-address-type': 'ipv6', prefix: 64},
  ]
}

function noTraffic(): Json {
  return Object.fromEntries(
    ['rx', 'tx'].flatMap((way) => ['bytes', 'dropped', 'errs', 'packets'].map((name) => [`${way}-${name}`, 0])),
  )
}

/** Perl keeps bytes as characters and cannot make a byte of a wider one. */
function bytesOf(text: string): Buffer {
  if (/[^\0-\u00FF]/.test(text))
    die('Wide character in subroutine entry at /usr/share/perl5/PVE/QemuServer/Agent.pm line 1.')
  return Buffer.from(text, 'latin1')
}

/**
 * The client of the agent counts characters where it writes bytes, so that a request loses as many bytes at its end as its characters need more than
 * one. The newline may go; without the brace the agent waits for the rest, and hears nothing else until it is restarted.
 */
async function passWords(world: World, guest: GuestRecord, command: string, words: readonly string[]): Promise<void> {
  const text = words.join('')
  if (Buffer.byteLength(text) - text.length < 2) return
  changeAgent(world, guest, (state) => ({...state, stuck: true}))
  await world.clock.sleep(ANSWER_SECONDS, {wait: 'patience'})
  die(`VM ${guest.vmid} qga command '${command}' failed - got timeout`)
}

/** Starts a program in the guest; its end is asked for with `exec-status`. What it prints is programmed by its command line (`exec`), unless real ones run. */
export async function execute(
  world: World,
  node: string,
  vmid: number,
  command: readonly string[],
  input: string | undefined,
): Promise<Json> {
  const {guest, answers} = await requireAgent(world, node, vmid)
  const stdin = input === undefined ? undefined : bytesOf(input)
  if (command.length === 0 && stdin === undefined) die('command or input-data (or both) required')
  await passWords(world, guest, 'guest-exec', command)
  const pid = guest.run?.agent?.nextPid ?? 1000 + (vmid % 1000)
  const set = (outcome: ProcessRecord): void =>
    changeAgent(world, guest, (state) => ({
      ...state,
      nextPid: Math.max(state.nextPid ?? 0, pid + 1),
      processes: {...state.processes, [pid]: outcome},
    }))
  if (world.guestSystem) {
    const started = await world.guestSystem.start(vmid, command, stdin)
    if ('error' in started) return agentError(started.error)
    set({running: true})
    void started.ended.then(({stdout, stderr, ...end}) =>
      set({outcome: {...end, ...captured('out', stdout), ...captured('err', stderr)}}),
    )
    return {pid}
  }

  const programs = (answers['exec'] ?? {}) as Answers
  const found = programs[command.join(' ')] ?? programs[command[0] ?? ''] ?? programs['*']
  const programmed = (found ?? runProgram(guest, command, input)) as Outcome
  const {seconds, error, ...outcome} = programmed
  if (error !== undefined) return agentError(String(error))
  set({
    outcome: {...(outcome['signal'] === undefined && {exitcode: 0}), ...outcome},
    ...(seconds !== undefined && {endsAt: world.clock.nowMs() + Number(seconds) * 1000}),
  })
  return {pid}
}

/** What the agent keeps of an output: the first 16 MiB. */
function captured(name: 'err' | 'out', bytes: Buffer): Outcome {
  if (bytes.length === 0) return {}
  return {
    [`${name}-data`]: bytes.toString('latin1', 0, MAX_READ_BYTES),
    ...(bytes.length > MAX_READ_BYTES && {[`${name}-truncated`]: true}),
  }
}

/**
 * How a program is doing. Its end is told once, and forgotten then.
 * @throws PveError 500 for a pid nobody has
 */
export async function executionStatus(world: World, node: string, vmid: number, pid: number): Promise<Json> {
  const {guest} = await requireAgent(world, node, vmid)
  const process = guest.run?.agent?.processes?.[pid]
  if (process === undefined) return agentError(`PID ${pid} does not exist`)
  if (process.outcome === undefined || (process.endsAt ?? 0) > world.clock.nowMs()) return {exited: 0}
  changeAgent(world, guest, ({processes, ...state}) => ({
    ...state,
    processes: Object.fromEntries(Object.entries(processes ?? {}).filter(([other]) => other !== String(pid))),
  }))
  return {exited: 1, ...process.outcome}
}

function agentError(text: string): never {
  return die(`Agent error: ${text}`)
}

/** A file as it was written, or as the guest was programmed to have it (`files`). */
export async function readFile(
  world: World,
  node: string,
  vmid: number,
  {
    file,
    offset = 0,
    count,
    decode = true,
  }: {
    readonly file: string
    readonly offset?: number | undefined
    readonly count?: number | undefined
    readonly decode?: boolean | undefined
  },
): Promise<Json> {
  const {guest, answers} = await requireAgent(world, node, vmid)
  await passWords(world, guest, 'guest-file-open', [file])
  const content = await contentOf(world, guest, answers, file)
  if (typeof content === 'string') return agentError(`failed to open file '${file}' (mode: 'r'): ${content}`)
  const bytes = content.subarray(offset)
  const read = bytes.subarray(0, Math.min(count ?? MAX_READ_BYTES, MAX_READ_BYTES))
  return {
    content: read.toString(decode ? 'latin1' : 'base64'),
    'bytes-read': read.length,
    ...(read.length < bytes.length && {truncated: 1}),
  }
}

/** The bytes of a file, or why there are none. */
async function contentOf(world: World, guest: GuestRecord, answers: Answers, file: string): Promise<Buffer | string> {
  if (world.guestSystem) return world.guestSystem.readFile(guest.vmid, file)
  const given = ((answers['files'] ?? {}) as Answers)[file]
  const content = guest.run?.agent?.files?.[file] ?? (given === undefined ? undefined : String(given))
  return content === undefined ? 'No such file or directory' : Buffer.from(content, 'latin1')
}

/** Writes a file that stays as long as the VM runs. */
export async function writeFile(
  world: World,
  node: string,
  vmid: number,
  {file, content, encode}: {readonly file: string; readonly content: string; readonly encode: boolean},
): Promise<null> {
  const {guest} = await requireAgent(world, node, vmid)
  const bytes = encode ? bytesOf(content) : Buffer.from(content, 'base64')
  await passWords(world, guest, 'guest-file-open', [file])
  if (world.guestSystem) {
    const error = await world.guestSystem.writeFile(vmid, file, bytes)
    if (error !== undefined) agentError(`failed to open file '${file}' (mode: 'wb'): ${error}`)
    return null
  }

  changeAgent(world, guest, (state) => ({...state, files: {...state.files, [file]: bytes.toString('latin1')}}))
  return null
}

/** `POST …/agent/set-user-password` */
export async function setPassword(world: World, node: string, vmid: number): Promise<Json> {
  await requireAgent(world, node, vmid)
  return {result: {}}
}

function changeAgent(world: World, guest: GuestRecord, change: (state: AgentState) => AgentState): void {
  const now = world.store.of('guests').get(guest.vmid)
  if (now?.run) world.store.of('guests').update(guest.vmid, {run: {...now.run, agent: change(now.run.agent ?? {})}})
}
