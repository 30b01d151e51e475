import {loadGuest} from '../guest/guests.js'
import {parseProperties} from '../qemu/property-string.js'
import {guestLimits} from '../views/guest-figures.js'
import {getty, untilHangup} from './login-shell.js'
import {joinConsole, openScreen, openTerminal, placeOf, spiceAnswer, vncAnswer} from './open-console.js'
import {Tty} from './tty.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'
import type {Seat} from './term-proxy.js'

type GuestType = GuestRecord['type']

/** What a pseudo-terminal has before its client says how large it is. */
const FIRST_SIZE = {columns: 80, rows: 20}
const WATCH_SECONDS = 1

/** The consoles that containers and VMs have alike. */
export function guestConsoleRoutes(type: GuestType): Routes {
  const path = `/nodes/{node}/${type}/{vmid}`
  return {
    [`POST ${path}/vncproxy`](call) {
      loadGuest(call.world, type, placeOf(call), call.vmid)
      return vncAnswer(call, openScreen(call, {taskType: 'vncproxy', taskId: call.vmid, path: pathOf(call)}))
    },

    [`POST ${path}/termproxy`](call) {
      const guest = loadGuest(call.world, type, placeOf(call), call.vmid)
      const answer = openTerminal(call, {
        taskType: 'vncproxy',
        taskId: call.vmid,
        path: pathOf(call),
        privilege: 'VM.Console',
        command: type === 'lxc' ? containerCommand(call.vmid) : `/usr/sbin/qm terminal ${call.vmid} -escape 0`,
        sit: () => seatAt(call, guest),
      })
      return {...answer, port: String(answer.port)}
    },

    [`GET ${path}/vncwebsocket`]: (call) => joinConsole(call, pathOf(call)),
  }
}

/** What a SPICE viewer of a guest is started with. */
export function openSpice(call: Call, title: string): ReturnType<typeof spiceAnswer> {
  const console = {taskType: 'spiceproxy', taskId: call.vmid, path: pathOf(call)} as const
  return spiceAnswer(call, openScreen(call, console), title)
}

const pathOf = (call: Call): string => `/vms/${call.vmid}`

const containerCommand = (vmid: number): string =>
  `/usr/bin/dtach -A /var/run/dtach/vzctlconsole${vmid} -r winch -z lxc-console -n ${vmid} -e -1`

/** A place at the guest's terminal, or at one that only says why there is none. */
function seatAt(call: Call, asked: GuestRecord): Seat {
  const {world} = call
  const guest = world.store.of('guests').get(asked.vmid)
  const refusal = guest ? refusalOf(call, guest) : `Configuration file for ${asked.vmid} does not exist`
  if (!guest?.run || refusal !== undefined) {
    const tty = new Tty(FIRST_SIZE, true)
    tty.write(`${refusal}\n`)
    return {tty, ended: Promise.resolve(), leave() {}}
  }

  const tty = world.consoles.terminalOf(guest.vmid, guest.run.startedAt, () => startTerminal(guest))
  const serial = guest.type === 'lxc' ? undefined : serialOf(guest, call.text('serial'))
  return {
    tty,
    ...(serial && 'name' in serial && {greeting: `starting serial terminal on interface ${serial.name}\r\n`}),
    ...untilGone(call, guest),
  }
}

/** What the command behind the console says when it cannot show the guest's terminal. */
function refusalOf(call: Call, guest: GuestRecord): string | undefined {
  const node = call.world.node(guest.node)
  if (!call.world.reaches(call.node, node)) return `ssh: connect to host ${node.ip} port 22: No route to host`
  if (guest.type === 'lxc') return guest.run ? undefined : `lxc-console: ${guest.vmid} is not running`
  const serial = serialOf(guest, call.text('serial'))
  if ('refusal' in serial) return serial.refusal
  if (!guest.run) return `VM ${guest.vmid} not running`
  return guest.run.config[serial.name] === 'socket'
    ? undefined
    : `socat E connect(5, AF=1 "/var/run/qemu-server/${guest.vmid}.${serial.name}"): No such file or directory`
}

/** The serial port a VM's terminal is on: the one asked for, its display if that is one, or the first. */
function serialOf({config}: GuestRecord, asked: string | undefined): {name: string} | {refusal: string} {
  const display = parseProperties(String(config['vga'] ?? ''), ['type']).head ?? ''
  const wanted = asked ?? (/^serial\d+$/.test(display) ? display : undefined)
  if (wanted === undefined) {
    const first = ['serial0', 'serial1', 'serial2', 'serial3'].find((name) => config[name] === 'socket')
    return first === undefined ? {refusal: 'unable to find a serial interface'} : {name: first}
  }

  if (config[wanted] === undefined) return {refusal: `serial interface '${wanted}' is not configured`}
  return config[wanted] === 'socket' ? {name: wanted} : {refusal: `wrong serial type on interface '${wanted}'`}
}

/** A serial line forgets what nobody reads and knows no size; what a container says waits for the first who looks. */
function startTerminal(guest: GuestRecord): Tty {
  const isContainer = guest.type === 'lxc'
  const hostname = guestLimits(guest).name
  const tty = new Tty(isContainer ? FIRST_SIZE : undefined, isContainer)
  void untilHangup(getty(tty, {hostname, issue: `Linux ${hostname} ${isContainer ? 'tty1' : 'ttyS0'}`}))
  return tty
}

/** Ends when the guest stops, moves away, or its node is no longer there. */
function untilGone({node, world}: Call, {vmid, node: place, run}: GuestRecord): Omit<Seat, 'tty'> {
  let leave = (): void => {}
  const ended = new Promise<void>((resolve) => {
    const watch = world.clock.every(WATCH_SECONDS, () => {
      if (isStillThere(world, {vmid, node: place, startedAt: run?.startedAt, from: node})) return
      watch.cancel()
      resolve()
    })
    leave = () => watch.cancel()
  })
  return {ended, leave: () => leave()}
}

function isStillThere(
  world: World,
  {from, node, startedAt, vmid}: {vmid: number; node: string; startedAt: number | undefined; from: string},
): boolean {
  const guest = world.store.of('guests').get(vmid)
  const place = world.store.of('nodes').get(node)
  return guest?.node === node && guest.run?.startedAt === startedAt && place !== undefined && world.reaches(from, place)
}
