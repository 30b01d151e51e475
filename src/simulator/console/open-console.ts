import {createHmac} from 'node:crypto'

import {die, PveError, type Json} from '../kernel/pve-error.js'
import {asCommand, serveTerminal, type Seat} from './term-proxy.js'
import {isConsoleTicket, makeConsoleTicket} from './ticket.js'

import type {Duplex} from 'node:stream'
import type {Call} from '../kernel/call.js'
import type {Task} from '../kernel/tasks.js'

/** A worker waits so long for somebody to connect (reference 2.7). */
const CONNECT_SECONDS = 10

/** What every console answers. */
export interface ConsoleAnswer {
  readonly user: string
  readonly ticket: string
  readonly port: number
  readonly upid: string
}

/** A console as a task of the node that was asked. */
interface Console {
  readonly taskType: 'spiceproxy' | 'spiceshell' | 'vncproxy' | 'vncshell'
  readonly taskId: number | ''
  /** What the ticket is for: `/vms/100`, `/nodes/pve1`. */
  readonly path: string
}

/** A terminal behind a console. */
export interface Terminal extends Omit<Console, 'taskType'> {
  readonly taskType: 'vncproxy' | 'vncshell'
  readonly privilege: 'Sys.Console' | 'VM.Console'
  /** The command the real worker runs, for the text of its failure. */
  readonly command: string
  readonly sit: () => Seat
}

/** Opens a terminal: a worker that waits for a connection, and a ticket for it. */
export function openTerminal(call: Call, {command, privilege, sit, ...console}: Terminal): ConsoleAnswer {
  return open(call, console, 'termproxy', async (task, {accepted, port}) => {
    const full = `/usr/bin/termproxy ${port} --path ${console.path} --perm ${privilege} -- ${command}`
    await asCommand(task, full, async () => {
      const stream = await waitFor(task, accepted)
      if (!stream) throw new Error('failed waiting for client: timed out')
      try {
        await serveTerminal(task, stream, {world: call.world, path: console.path, port, privilege, sit})
      } catch (error) {
        stream.destroy()
        throw error
      }
    })
  })
}

/** Opens a screen: only the worker that waits for a viewer. There is nothing to see, so whoever connects is sent away. */
export function openScreen(call: Call, console: Console): ConsoleAnswer {
  return open(call, console, 'vnc proxy', async (task, {accepted}) => {
    const stream = await waitFor(task, accepted)
    if (!stream) die('connection timed out')
    stream.destroy()
    die('the screen of a guest is not simulated')
  })
}

function open(
  call: Call,
  {path, taskId, taskType}: Console,
  what: string,
  work: (task: Task, listening: {readonly accepted: Promise<Duplex>; readonly port: number}) => Promise<void>,
): ConsoleAnswer {
  const {node, user, world} = call
  const listening = world.consoles.ports.listen(node)
  const {port} = listening
  const upid = call.startTask(taskType, taskId, async (task) => {
    task.log(`starting ${what} ${task.upid}`)
    try {
      await work(task, listening)
      task.signal.throwIfAborted()
    } finally {
      listening.close()
    }
  })
  return {user, ticket: makeConsoleTicket(world, {user, path, port}), port, upid}
}

/** The connection, which ends when the task is stopped; undefined when nobody came in time. */
async function waitFor(task: Task, accepted: Promise<Duplex>): Promise<Duplex | undefined> {
  const stream = await Promise.race([accepted, task.patience(CONNECT_SECONDS).then(() => undefined)])
  task.signal.addEventListener('abort', () => stream?.destroy(), {once: true})
  return stream
}

/**
 * Where a websocket leads: `GET …/vncwebsocket`.
 * @throws PveError 401 for a ticket that is not the caller's, not for this path, or too old
 */
export function joinConsole(call: Call, path: string): Json {
  const {user, world} = call
  const port = call.required('port')
  if (!isConsoleTicket(world, {user, path, port}, call.required('vncticket')))
    throw new PveError(401, 'permission denied - invalid PVEVNC ticket')
  return {port}
}

/** What `vncproxy` answers besides: the certificate to expect and, if asked for, a password. */
export function vncAnswer(call: Call, answer: ConsoleAnswer): Json {
  const {fingerprints, meta} = call.world
  const password = call.flag('generate-password')
    ? {password: createHmac('sha256', meta.authKey).update(answer.ticket).digest('base64url').slice(0, 8)}
    : {}
  return {...answer, port: String(answer.port), cert: fingerprints.get(call.node) ?? '', ...password}
}

/** The file a SPICE viewer is started with. */
export function spiceAnswer(call: Call, {port, ticket}: ConsoleAnswer, title: string): Json {
  return {
    type: 'spice',
    title,
    host: ticket,
    'tls-port': port,
    password: ticket.slice(-20),
    proxy: `http://${call.text('proxy') ?? call.node}:3128`,
    'delete-this-file': 1,
    'toggle-fullscreen': 'Shift+F11',
    'release-cursor': 'Ctrl+Alt+R',
    'secure-attention': 'Ctrl+Alt+Ins',
  }
}

/** The node of the path: consoles are opened by the node that was asked, whose connection goes on to that one (reference 2.5). */
export function placeOf(call: Call): string {
  const node = call.required('node')
  return node === 'localhost' ? call.node : node
}
