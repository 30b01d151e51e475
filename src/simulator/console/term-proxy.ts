import {userRefusal} from '../access/authenticate.js'
import {splitAuthuser} from '../access/privileges.js'
import {die} from '../kernel/pve-error.js'
import {TermMessages} from './term-messages.js'
import {isConsoleTicket} from './ticket.js'

import type {Duplex} from 'node:stream'
import type {Task} from '../kernel/tasks.js'
import type {World} from '../kernel/world.js'
import type {Tty} from './tty.js'

const TICKET_SECONDS = 10
const MAX_TICKET_BYTES = 64 * 1024

/** A place at a terminal. */
export interface Seat {
  readonly tty: Tty
  /** Said to whoever sits down, and to nobody else there. */
  readonly greeting?: string
  /** Resolves when there is nothing more to see. */
  readonly ended: Promise<unknown>
  /** Called when whoever sat there has gone. */
  leave(): void
}

/** What a terminal's worker is about. */
export interface TermProxy {
  readonly world: World
  /** What the ticket has to be for. */
  readonly path: string
  readonly port: number
  readonly privilege: 'Sys.Console' | 'VM.Console'
  readonly sit: () => Seat
}

/**
 * The worker of a terminal, once a client has connected: takes the line with the ticket, says `OK`, and passes on what is typed and shown, until one side
 * has enough.
 * @throws Error with what the worker says when it fails
 */
export async function serveTerminal(task: Task, stream: Duplex, proxy: TermProxy): Promise<void> {
  const {line, rest} = await ticketLine(task, stream)
  checkTicket(line, proxy)
  stream.write('OK')
  const seat = proxy.sit()
  if (seat.greeting !== undefined) stream.write(seat.greeting)
  const messages = new TermMessages()
  const take = (bytes: Buffer): void => {
    for (const message of messages.push(bytes)) {
      if (message.kind === 'keys') seat.tty.input(message.bytes)
      else seat.tty.resize(message.columns, message.rows)
    }
  }

  const gone = new Promise<void>((resolve) => {
    stream.once('end', () => resolve())
    stream.once('close', () => resolve())
  })
  const detach = seat.tty.attach((bytes) => stream.write(bytes))
  try {
    take(rest)
    stream.on('data', take)
    stream.resume()
    await Promise.race([seat.ended, gone])
  } finally {
    detach()
    seat.leave()
    stream.off('data', take)
    stream.resume()
    stream.end()
  }
}

/** The first line, and what has come after it. */
function ticketLine(task: Task, stream: Duplex): Promise<{line: string; rest: Buffer}> {
  let received = Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      stream.pause()
      stream.off('data', onData)
      stream.off('end', onEnd)
      stream.off('close', onEnd)
      act()
    }

    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\n')
      if (end !== -1) {
        settle(() => resolve({line: received.subarray(0, end).toString('utf8'), rest: received.subarray(end + 1)}))
      } else if (received.length > MAX_TICKET_BYTES) {
        settle(() => reject(new Error('failed reading ticket: authentication data is incomplete')))
      }
    }

    const onEnd = (): void =>
      settle(() => reject(new Error('failed reading ticket: connection closed before authentication')))
    stream.on('data', onData)
    stream.once('end', onEnd)
    stream.once('close', onEnd)
    task.patience(TICKET_SECONDS).then(
      () => settle(() => reject(new Error('failed reading ticket: timed out'))),
      (error: unknown) => settle(() => reject(error as Error)),
    )
  })
}

/**
 * Asks its own node whether the ticket is good, and the one it was made for may still do this. Before 9.x that question is a login, which a token cannot make
 * (reference 2.7).
 */
function checkTicket(line: string, {path, port, privilege, world}: TermProxy): void {
  const at = line.indexOf(':')
  if (at === -1) throw new Error('failed reading ticket: authentication data is invalid')
  const user = line.slice(0, at)
  const {tokenid, userid} = {tokenid: undefined, ...splitAuthuser(user)}
  const isKnown = tokenid === undefined || world.release === '9.2'
  if (
    !isKnown ||
    userRefusal(world, userid) !== undefined ||
    !isConsoleTicket(world, {user, path, port}, line.slice(at + 1)) ||
    !world.access.has(user, path, privilege)
  )
    throw new Error('invalid authentication - 401 authentication failure')
}

/** Runs a worker the way a task does: what it says goes into the log, and its failure is that of a command. */
export async function asCommand(task: Task, command: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    task.signal.throwIfAborted()
    task.log((error as Error).message)
    die(`command '${command}' failed: exit code 1`)
  }
}
