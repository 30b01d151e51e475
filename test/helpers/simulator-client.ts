import https from 'node:https'

import type {Simulator} from '../../src/simulator/start-simulator.js'

export interface SimulatorReply {
  readonly status: number
  readonly reason: string
  readonly text: string
  /** The answer's `data`; undefined when there is no JSON. */
  readonly data: ReturnType<typeof JSON.parse>
  readonly message: string | undefined
  readonly errors: Record<string, string> | undefined
}

export interface SimulatorClientOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly agent?: https.Agent
}

/** Parameters by name, a form that is encoded already, or what becomes a JSON body. */
export type SentParams = Readonly<Record<string, string>> | string | {readonly body: object}

/** One request; rejects when the connection breaks. Parameters go into the query or the body, as Proxmox VE wants them. */
export function request(
  {url, headers, agent}: SimulatorClientOptions,
  method: string,
  path: string,
  params: SentParams = {},
): Promise<SimulatorReply> {
  const {encoded, contentType} = encodeParams(params)
  const inBody = method === 'POST' || method === 'PUT'
  const query = inBody || encoded === '' ? '' : `?${encoded}`
  return new Promise((resolve, reject) => {
    const sent = https.request(
      `${url}/api2/json${path}${query}`,
      {
        method,
        agent: agent ?? false,
        rejectUnauthorized: false,
        headers: {
          ...headers,
          ...(inBody && {
            'Content-Type': contentType,
            'Content-Length': String(Buffer.byteLength(encoded)),
          }),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const isJson = response.headers['content-type']?.startsWith('application/json') ?? false
          const body = isJson ? (JSON.parse(text) as {data: unknown; message?: string; errors?: never}) : undefined
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            text,
            data: body?.data,
            message: body?.message,
            errors: body?.errors,
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(inBody ? encoded : undefined)
  })
}

function encodeParams(params: SentParams): {encoded: string; contentType: string} {
  const contentType = 'application/x-www-form-urlencoded'
  if (typeof params === 'string') return {encoded: params, contentType}
  if ('body' in params && typeof params.body === 'object')
    return {encoded: JSON.stringify(params.body), contentType: 'application/json'}
  return {encoded: new URLSearchParams(params as Record<string, string>).toString(), contentType}
}

/** A client of a simulator that may do everything. */
export function clientOf(simulator: Pick<Simulator, 'tokenId' | 'tokenSecret' | 'url'>) {
  const headers = {Authorization: `PVEAPIToken=${simulator.tokenId}=${simulator.tokenSecret}`}
  return {
    headers,
    ask: (method: string, path: string, params?: SentParams): Promise<SimulatorReply> =>
      request({url: simulator.url, headers}, method, path, params),
    /** Waits until the task of a UPID has ended; its exit status. */
    async exitStatus(upid: string): Promise<string> {
      const path = `/nodes/${upid.split(':')[1]}/tasks/${encodeURIComponent(upid)}/status`
      for (;;) {
        const {data} = await request({url: simulator.url, headers}, 'GET', path)
        if (data.status === 'stopped') return data.exitstatus
      }
    },
  }
}
