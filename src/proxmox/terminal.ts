import type {Secret} from '../domain/secret.js'
import type {Terminal} from '../domain/terminal.js'
import type {Channel} from './web-socket.js'

/** Where a terminal waits for its visitor. */
export interface TerminalAddress {
  /** The one that answered `termproxy`: no other knows of the terminal (reference 2.7). */
  readonly endpoint: string
  /** `/nodes/pve1/lxc/200`, below `/api2/json`. */
  readonly path: string
  readonly port: number
  readonly user: string
  readonly ticket: Secret
}

export interface TerminalOptions {
  /** Called with what the terminal shows; more waits until a returned promise is settled. */
  readonly onOutput: (bytes: Uint8Array) => Promise<void> | void
  readonly signal?: AbortSignal | undefined
  /** How often to say that we are still here. */
  readonly keepAliveMs?: number
}

/** A message must stay below the server's 128 KiB. */
const MOST_BYTES = 64 * 1024
const KEEP_ALIVE_MS = 30_000
/** The server asks its own daemon whether the ticket is good; a refused one takes three seconds. */
const ANSWER_MS = 20_000
const ACCEPTED = 'OK'

/**
 * Joins a terminal: shows the ticket and waits for it to be taken.
 * @param open opens the websocket
 * @returns undefined when the terminal ended instead of taking the ticket
 * @throws what `open` throws
 */
export async function joinTerminal(
  {ticket, user}: Pick<TerminalAddress, 'ticket' | 'user'>,
  open: (onMessage: (bytes: Uint8Array) => Promise<void> | void) => Promise<Channel>,
  {keepAliveMs = KEEP_ALIVE_MS, onOutput}: TerminalOptions,
): Promise<Terminal | undefined> {
  let accept!: (accepted: boolean) => void
  const accepted = new Promise<boolean>((resolve) => {
    accept = resolve
  })
  let answer: Buffer | undefined = Buffer.alloc(0)
  const channel = await open((bytes) => {
    if (answer === undefined) return onOutput(bytes)
    answer = Buffer.concat([answer, bytes])
    if (answer.length < ACCEPTED.length) return undefined
    const [said, rest] = [answer.subarray(0, ACCEPTED.length).toString('latin1'), answer.subarray(ACCEPTED.length)]
    answer = undefined
    accept(said === ACCEPTED)
    return said === ACCEPTED && rest.length > 0 ? onOutput(rest) : undefined
  })
  await channel.send(Buffer.from(`${user}:${ticket.reveal()}\n`))
  const timer = setTimeout(() => accept(false), ANSWER_MS)
  void channel.closed.then(() => accept(false))
  const isAccepted = await accepted
  clearTimeout(timer)
  if (!isAccepted) {
    channel.destroy()
    return undefined
  }

  return terminalOn(channel, keepAliveMs)
}

function terminalOn(channel: Channel, keepAliveMs: number): Terminal {
  const keepAlive = setInterval(() => {
    void channel.send(Buffer.from('2'))
    channel.probe()
  }, keepAliveMs)
  void channel.closed.then(() => clearInterval(keepAlive))
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += MOST_BYTES) {
        const part = bytes.subarray(at, at + MOST_BYTES)
        await channel.send(Buffer.concat([Buffer.from(`0:${part.length}:`), part]))
      }
    },
    resize({columns, rows}) {
      void channel.send(Buffer.from(`1:${columns}:${rows}:`))
    },
    closed: channel.closed,
    close: () => channel.close(),
  }
}
