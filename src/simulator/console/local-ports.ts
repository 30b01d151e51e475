import {duplexPair, type Duplex} from 'node:stream'

import {die} from '../kernel/pve-error.js'

const FIRST_PORT = 5900
const PORTS = 100

/** A worker that waits for a connection from its own node. */
export interface Listening {
  readonly port: number
  /** The worker's end of the first connection. Stays pending when none comes. */
  readonly accepted: Promise<Duplex>
  /** Stops waiting and frees the port. */
  close(): void
}

/** The ports that workers of a node listen on, where its own API server connects a websocket to. */
export class LocalPorts {
  private readonly waiting = new Map<string, (stream: Duplex) => void>()
  private readonly streams = new Map<Duplex, string>()

  /** @throws PveError when all are taken */
  listen(node: string): Listening {
    const port = Array.from({length: PORTS}, (_, index) => FIRST_PORT + index).find(
      (candidate) => !this.waiting.has(`${node}:${candidate}`),
    )
    if (port === undefined) die('unable to find free port (5900-6000)')
    const key = `${node}:${port}`
    const accepted = new Promise<Duplex>((resolve) => {
      this.waiting.set(key, resolve)
    })
    return {port, accepted, close: () => void this.waiting.delete(key)}
  }

  /** The API server's end of a new connection; undefined where nobody listens. */
  connect(node: string, port: number): Duplex | undefined {
    const key = `${node}:${port}`
    const accept = this.waiting.get(key)
    if (!accept) return undefined
    this.waiting.delete(key)
    const [ours, theirs] = duplexPair()
    for (const [stream, other] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      this.streams.set(stream, node)
      stream.once('close', () => {
        this.streams.delete(stream)
        other.destroy()
      })
      stream.on('error', () => {})
    }

    accept(theirs)
    return ours
  }

  /** Cuts every connection and forgets who waits: of a node that lost its power, or of all. */
  cut(node?: string): void {
    for (const [stream, at] of this.streams) if (node === undefined || at === node) stream.destroy()
    for (const key of [...this.waiting.keys()])
      if (node === undefined || key.startsWith(`${node}:`)) this.waiting.delete(key)
  }
}
