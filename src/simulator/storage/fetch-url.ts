import {createHash} from 'node:crypto'
import {request} from 'node:http'

import {PveError} from '../kernel/pve-error.js'

/** What a download brought: its bytes are counted and hashed, not kept. */
export interface Fetched {
  readonly size: number
  readonly digest: string
}

/** The headers of a URL. */
export interface UrlHeaders {
  readonly size?: number
  readonly mimetype?: string
  readonly filename?: string
}

const TIMEOUT_MS = 10_000

/** Reads a URL on this machine; a simulated node has no other network. Throws a PveError with what the node's downloader says. */
export async function fetchUrl(
  url: string,
  {algorithm, signal}: {algorithm: string; signal: AbortSignal},
): Promise<Fetched> {
  const response = await open(url, 'GET', signal)
  const hash = createHash(algorithm)
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
  }

  return {size, digest: hash.digest('hex')}
}

/** Asks for the headers of a URL on this machine. */
export async function headUrl(url: string): Promise<UrlHeaders> {
  const response = await open(url, 'HEAD', AbortSignal.timeout(TIMEOUT_MS))
  response.resume()
  const {'content-length': length, 'content-type': type, 'content-disposition': disposition} = response.headers
  const named = /filename="?([^";]+)"?/.exec(disposition ?? '')?.[1]
  const filename = named ?? decodeURIComponent(new URL(url).pathname).split('/').at(-1)
  return {
    ...(length !== undefined && {size: Number(length)}),
    ...(type !== undefined && {mimetype: type.split(';', 1)[0]!}),
    ...(filename !== undefined && filename !== '' && {filename}),
  }
}

function open(text: string, method: 'GET' | 'HEAD', signal: AbortSignal): Promise<import('node:http').IncomingMessage> {
  const url = new URL(text)
  const {hostname, protocol} = url
  const isLocal = hostname === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]'
  if (!isLocal)
    throw new PveError(
      500,
      /^[\d.]+$|^\[/.test(hostname)
        ? `failed: Network is unreachable.`
        : `unable to resolve host address '${hostname}'`,
    )
  if (protocol !== 'http:') throw new PveError(500, `ERROR: cannot verify ${hostname}'s certificate`)
  return new Promise((resolve, reject) => {
    const call = request(url, {method, signal}, (response) => {
      const {statusCode = 0, statusMessage = ''} = response
      if (statusCode === 200) return resolve(response)
      response.resume()
      reject(new PveError(500, `ERROR ${statusCode}: ${statusMessage}.`))
    })
    call.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : new PveError(
              500,
              error.code === 'ECONNREFUSED' ? 'failed: Connection refused.' : `failed: ${error.message}.`,
            ),
      ),
    )
    call.end()
  })
}
