import type {ClientRequest, IncomingMessage} from 'node:http'
import type {NetworkProbe, ProbeLimits, ProbeResult} from '../services/guest-look.js'

/** What people make of the errors of sockets. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'hung up',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ENOTFOUND: 'has an unknown name',
}

/** Probes over the network of this machine. Node's modules are loaded when the first probe needs them. */
export const networkProbe: NetworkProbe = {
  async tcp(host, port, limits) {
    const net = await import('node:net')
    const label = `${host.includes(':') ? `[${host}]` : host}:${port}`
    return settle(limits, label, (signal, done) => {
      const socket = net.connect({host, port, signal})
      socket.once('connect', () => done({ok: true, seen: `${label} accepts connections`}))
      socket.once('error', (error) => done(refusal(label, error)))
      return () => socket.destroy()
    })
  },

  async http(url, {anyCertificate, ...limits}) {
    const {protocol, host} = new URL(url)
    const request = protocol === 'https:' ? (await import('node:https')).request : await plainRequest()
    return settle(limits, host, (signal, done) => {
      const sent: ClientRequest = request(
        url,
        {agent: false, headers: {accept: '*/*'}, signal, ...(anyCertificate && {rejectUnauthorized: false})},
        (reply) => done(verdictOf(url, reply)),
      )
      sent.once('error', (error) => done(refusal(host, error)))
      sent.end()
      return () => sent.destroy()
    })
  },
}

async function plainRequest(): Promise<typeof import('node:http').request> {
  // eslint-disable-next-line house/modules -- loaded by a probe alone, long after the start
  const http = await import('node:http')
  return http.request
}

function verdictOf(url: string, reply: IncomingMessage): ProbeResult {
  reply.resume()
  const status = reply.statusCode ?? 0
  return {ok: status > 0 && status < 400, seen: `${url} answers ${status}`}
}

/** One attempt, ended by its outcome, its time, or Ctrl-C; nothing of it stays behind. */
function settle(
  {timeoutMs, signal}: ProbeLimits,
  label: string,
  attempt: (signal: AbortSignal, done: (result: ProbeResult) => void) => () => unknown,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const end = attempt(signal === undefined ? timeout : AbortSignal.any([signal, timeout]), (result) => {
      end()
      resolve(timeout.aborted ? {ok: false, seen: `${label} does not answer`} : result)
    })
  })
}

function refusal(label: string, error: NodeJS.ErrnoException): ProbeResult {
  return {ok: false, seen: `${label} ${WORDS[error.code ?? ''] ?? `fails (${error.code ?? error.message})`}`}
}
