import {die, paramError} from '../kernel/pve-error.js'
import {isAgentEnabled} from './status.js'
import {drivesOf, isCdrom} from './drives.js'
import {parseNet} from './network.js'
import {parseProperties} from './property-string.js'
import {loadVm} from './vm.js'
import {guestLimits} from '../views/guest-figures.js'

import type {Json} from '../kernel/pve-error.js'
import type {AgentState, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Until an agent that doesn't answer is given up. */
const PING_SECONDS = 3
const MAX_WRITE_BYTES = 60 * 1024
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
  const answers = guest.run.paused ? undefined : guest.behaviour?.agent
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

/** Starts a program in the guest; its end is asked for with `exec-status`. What it prints is programmed by its command line (`exec`). */
export async function execute(
  world: World,
  node: string,
  vmid: number,
  command: readonly string[],
  input: string | undefined,
): Promise<Json> {
  const {guest, answers} = await requireAgent(world, node, vmid)
  const programs = (answers['exec'] ?? {}) as Answers
  const found = programs[command.join(' ')] ?? programs[command[0] ?? ''] ?? programs['*']
  const pid = 1000 + Object.keys(guest.run?.agent?.processes ?? {}).length + (guest.vmid % 1000)
  const result = (found ?? (command[0] === 'cat' && input !== undefined ? {'out-data': input} : {})) as {
    [key: string]: Json
  }
  const outcome: Json = {exitcode: 0, ...result}
  changeAgent(world, guest, (state) => ({...state, processes: {...state.processes, [pid]: outcome}}))
  return {pid}
}

/** @throws PveError 500 for a pid nobody has */
export async function executionStatus(world: World, node: string, vmid: number, pid: number): Promise<Json> {
  const {guest} = await requireAgent(world, node, vmid)
  const process = guest.run?.agent?.processes?.[pid]
  if (process === undefined) return die(`Agent error: PID ${pid} does not exist`)
  return {exited: 1, ...(process as {[key: string]: Json})}
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
  }: {readonly file: string; readonly offset?: number | undefined; readonly count?: number | undefined},
): Promise<Json> {
  const {guest, answers} = await requireAgent(world, node, vmid)
  const given = ((answers['files'] ?? {}) as Answers)[file]
  const content = guest.run?.agent?.files?.[file] ?? (given === undefined ? undefined : String(given))
  if (content === undefined)
    return die(`Agent error: failed to open file '${file}' (mode: 'r'): No such file or directory`)
  const bytes = Buffer.from(content, 'latin1').subarray(offset)
  const read = bytes.subarray(0, Math.min(count ?? MAX_READ_BYTES, MAX_READ_BYTES))
  return {
    content: read.toString('latin1'),
    'bytes-read': read.length,
    ...(read.length < bytes.length && {truncated: 1}),
  }
}

/** Writes a file that stays as long as the VM runs. */
export async function writeFile(
  world: World,
  node: string,
  vmid: number,
  {file, content, encode}: {readonly file: string; readonly content: string; readonly encode: boolean},
): Promise<null> {
  const {guest} = await requireAgent(world, node, vmid)
  if (Buffer.byteLength(content) > MAX_WRITE_BYTES)
    paramError({content: `value may only be ${MAX_WRITE_BYTES} characters long`})
  const plain = encode ? Buffer.from(content).toString('latin1') : Buffer.from(content, 'base64').toString('latin1')
  changeAgent(world, guest, (state) => ({...state, files: {...state.files, [file]: plain}}))
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
