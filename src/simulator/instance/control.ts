import http from 'node:http'

import {sameText} from '../access/secrets.js'
import {FaultError} from '../faults/fault.js'

import type {AddressInfo} from 'node:net'
import type {FaultSpec} from '../faults/fault.js'

/** A command for a running simulator, from the machine's own user. */
export type ControlRequest =
  | {readonly action: 'advance'; readonly seconds: number}
  | {readonly action: 'fault-add'; readonly spec: FaultSpec}
  | {readonly action: 'fault-clear'; readonly id?: string}
  | {readonly action: 'fault-list'}
  | {readonly action: 'reset'; readonly fixture?: string}
  | {readonly action: 'status'}
  | {readonly action: 'stop'}

/** What the simulator did, or why it did not. */
export type ControlReply = ControlRefusal | ControlSuccess

export interface ControlRefusal {
  readonly ok: false
  readonly message: string
  /** Absent for what should not happen. */
  readonly kind?: FaultError['kind']
}

export interface ControlSuccess {
  readonly ok: true
  readonly [key: string]: unknown
}

/** Where and how a simulator takes commands. */
export interface ControlAddress {
  readonly port: number
  readonly key: string
}

const HOST = '127.0.0.1'

/**
 * Takes commands on a loopback port of its own, apart from the API that is simulated: neither its tokens nor its certificate, nor what goes wrong there on purpose,
 * matters here.
 */
export async function openControl(
  key: string,
  handle: (request: ControlRequest) => Promise<ControlReply>,
): Promise<{port: number; close(): void}> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answer = (status: number, reply: ControlReply): void => {
        response.writeHead(status, {'Content-Type': 'application/json', Connection: 'close'}).end(JSON.stringify(reply))
      }

      if (!sameText(request.headers.authorization ?? '', `Bearer ${key}`)) {
        answer(401, {ok: false, message: 'not the key of this simulator'})
        return
      }

      const parse = async (): Promise<ControlReply> =>
        handle(JSON.parse(Buffer.concat(chunks).toString()) as ControlRequest)
      parse().then(
        (reply) => answer(200, reply),
        (error: unknown) => answer(500, refusal(error)),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, HOST, resolve)
  })
  return {port: (server.address() as AddressInfo).port, close: () => server.close()}
}

function refusal(error: unknown): ControlRefusal {
  const message = error instanceof Error ? error.message : String(error)
  return {ok: false, message, ...(error instanceof FaultError && {kind: error.kind})}
}

/** What came of a command: the reply, or why there is none. `refused`: nobody listens there; `silent`: somebody listens and says nothing. */
export type ControlOutcome = ControlReply | 'refused' | 'silent'

/** Sends a command to a simulator. */
export function askControl(
  address: ControlAddress,
  command: ControlRequest,
  timeoutMs = 30_000,
): Promise<ControlOutcome> {
  return new Promise((resolve) => {
    const request = http.request(
      {
        host: HOST,
        port: address.port,
        method: 'POST',
        agent: false,
        timeout: timeoutMs,
        headers: {Authorization: `Bearer ${address.key}`, 'Content-Type': 'application/json'},
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(parseReply(Buffer.concat(chunks).toString())))
        response.on('error', () => resolve('refused'))
      },
    )
    request.on('timeout', () => {
      resolve('silent')
      request.destroy()
    })
    request.on('error', () => resolve('refused'))
    request.end(JSON.stringify(command))
  })
}

function parseReply(text: string): ControlOutcome {
  try {
    const reply = JSON.parse(text) as ControlReply
    return typeof reply.ok === 'boolean' ? reply : 'refused'
  } catch {
    return 'refused'
  }
}
