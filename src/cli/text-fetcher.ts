import https from 'node:https'
import type {IncomingMessage} from 'node:http'
import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure, type FailureKind} from '../domain/failure.js'
import type {FetchText} from '../services/published-checksum.js'

const MOST_BYTES = 4 * 2 ** 20
const MOST_REDIRECTS = 5
const TIMEOUT_MS = 30_000

interface FetcherOptions {
  /** Authorities to trust instead of the system's, as PEM. */
  readonly ca?: string
  readonly timeoutMs?: number
}

/**
 * Reads small texts from the web: lists of checksums. Certificates are checked, and nothing that began encrypted goes on in the clear; an address that is
 * plain HTTP from the start is taken as it is.
 */
export function textFetcher({ca, timeoutMs = TIMEOUT_MS}: FetcherOptions = {}): FetchText {
  return async (url, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const ended = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    let at = url
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const answer = await ask(at, ended, ca)
      if (answer.isErr()) return err(signal?.aborted === true ? interrupted(url) : answer.error)
      if (typeof answer.value === 'string') return ok(answer.value)
      const next = new URL(answer.value.location, at)
      const isSafe = next.protocol === 'https:' || (next.protocol === 'http:' && new URL(at).protocol === 'http:')
      if (!isSafe) return err(cannot('protocol-error', url, `it leads on to ${next.protocol}//${next.host}`))
      at = next.href
    }

    return err(cannot('protocol-error', url, `it leads on more than ${MOST_REDIRECTS} times`))
  }
}

type Answer = Result<string | {readonly location: string}, Failure>

async function ask(url: string, signal: AbortSignal, ca: string | undefined): Promise<Answer> {
  const request = url.startsWith('https:') ? https.request : await plainRequest()
  return new Promise((resolve) => {
    const sent = request(
      url,
      {agent: false, headers: {accept: 'text/plain, */*'}, signal, ...(ca !== undefined && {ca})},
      (reply) => {
        reply.on('error', (error) => resolve(err(unreachable(url, error))))
        const {location} = reply.headers
        const status = reply.statusCode ?? 0
        if (status >= 300 && status < 400 && location !== undefined) {
          reply.resume()
          resolve(ok({location}))
        } else if (status === 200) void read(url, reply).then(resolve)
        else {
          reply.resume()
          const kind = status === 404 || status === 410 ? 'not-found' : 'protocol-error'
          resolve(err(cannot(kind, url, `the server answers ${status}`)))
        }
      },
    )
    sent.on('error', (error) => resolve(err(unreachable(url, error))))
    sent.end()
  })
}

async function plainRequest(): Promise<typeof import('node:http').request> {
  // eslint-disable-next-line house/modules -- loaded for an address without TLS alone, long after the start
  const http = await import('node:http')
  return http.request
}

async function read(url: string, reply: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MOST_BYTES) {
        reply.destroy()
        return err(cannot('protocol-error', url, `it has more than ${MOST_BYTES / 2 ** 20} MiB`))
      }

      chunks.push(chunk)
    }
  } catch (error) {
    return err(unreachable(url, error as NodeJS.ErrnoException))
  }

  return ok(Buffer.concat(chunks).toString('utf8'))
}

function unreachable(url: string, {code = '', message, name}: NodeJS.ErrnoException): Failure {
  if (/CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ALTNAME/.test(code)) {
    return {
      ...cannot('certificate-untrusted', url, `its certificate is not to be trusted (${code})`),
      hint: 'Is the clock right? An authority of your own is named with NODE_EXTRA_CA_CERTS=FILE',
    }
  }

  const isLate = name === 'AbortError' || name === 'TimeoutError'
  return cannot('unreachable', url, isLate ? 'no answer in time' : code === '' ? message : code)
}

function interrupted(url: string): Failure {
  return failure('interrupted', `interrupted while reading ${url}`)
}

function cannot(kind: FailureKind, url: string, why: string): Failure {
  return failure(kind, `${url} cannot be read: ${why}`, {details: {url}})
}
