import tls from 'node:tls'

import type {NotConnectedReason} from './request-error.js'

/**
 * How one endpoint is known. `any-of` accepts each of several pins: an endpoint of a known cluster that was never talked to before. `any` accepts
 * everything, and is for looking at a certificate without sending anything.
 */
export type EndpointTrust =
  | {readonly kind: 'pin'; readonly fingerprint: string}
  | {readonly kind: 'any-of'; readonly fingerprints: readonly string[]}
  | {readonly kind: 'ca'; readonly pem: string}
  | {readonly kind: 'system'}
  | {readonly kind: 'any'}

/** Why there is no connection; in every case nothing was sent. */
export type DialProblem =
  | {readonly kind: 'not-connected'; readonly reason: NotConnectedReason; readonly code?: string}
  | {readonly kind: 'certificate-changed'; readonly expected: string; readonly actual: string}
  | {readonly kind: 'certificate-untrusted'; readonly code: string; readonly actual?: string}

export class DialError extends Error {
  override readonly name = 'DialError'
  readonly problem: DialProblem

  constructor(problem: DialProblem) {
    super(problem.kind)
    this.problem = problem
  }
}

/** Host (IPv6 without its brackets) and port of an endpoint's address. */
export function addressOf(endpoint: string): {host: string; port: number} {
  const url = new URL(endpoint)
  return {host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 443 : Number(url.port)}
}

/**
 * Opens a TLS connection and calls back once: with the socket when the peer is the one expected, otherwise with a DialError. Nothing is
 * written before that. The trust is this connection's own; no process-wide setting is read or changed.
 * @param timeoutMs for DNS, TCP and TLS together
 * @returns the raw socket, only to destroy it when the caller gives up before
 */
export function dial(
  endpoint: string,
  trust: EndpointTrust,
  timeoutMs: number,
  callback: (error: DialError | undefined, socket?: tls.TLSSocket) => void,
): tls.TLSSocket {
  const {host, port} = addressOf(endpoint)
  const socket = tls.connect({
    host,
    port,
    ALPNProtocols: ['http/1.1'],
    ...(isAddress(host) ? {} : {servername: host}),
    ...verification(trust),
  })
  let settled = false
  const settle = (error: DialError | undefined): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    socket.off('error', onError)
    socket.off('close', onClose)
    socket.off('secureConnect', onSecure)
    if (error) {
      // A late error of a socket nobody listens to any more would end the process.
      socket.on('error', () => {})
      socket.destroy()
      callback(error)
    } else {
      callback(undefined, socket)
    }
  }

  const onError = (error: NodeJS.ErrnoException): void => settle(new DialError(dialProblem(error)))
  const onClose = (): void => settle(new DialError({kind: 'not-connected', reason: 'closed'}))
  const onSecure = (): void => settle(checkPin(socket, trust))
  const timer = setTimeout(
    () => settle(new DialError({kind: 'not-connected', reason: 'timeout', code: 'ETIMEDOUT'})),
    timeoutMs,
  )
  socket.setNoDelay(true)
  socket.on('error', onError)
  socket.on('close', onClose)
  socket.on('secureConnect', onSecure)
  return socket
}

/**
 * With a pin the comparison afterwards decides, and an empty list of authorities spares parsing the system's. No session is ever resumed:
 * a resumed one shows no certificate to compare.
 */
function verification(trust: EndpointTrust): tls.ConnectionOptions {
  switch (trust.kind) {
    case 'pin':
    case 'any-of': {
      return {rejectUnauthorized: false, ca: []}
    }

    case 'ca': {
      return {rejectUnauthorized: true, ca: trust.pem}
    }

    case 'system': {
      return {rejectUnauthorized: true}
    }

    case 'any': {
      return {rejectUnauthorized: false}
    }
  }
}

/** SHA-256 of what the peer showed. (`getPeerX509Certificate` of Node 20 gives the certificate once and nothing the second time.) */
export function fingerprintOf(socket: tls.TLSSocket): string | undefined {
  return socket.getPeerCertificate().fingerprint256
}

function checkPin(socket: tls.TLSSocket, trust: EndpointTrust): DialError | undefined {
  const actual = fingerprintOf(socket) ?? ''
  if (trust.kind === 'pin') {
    return actual === trust.fingerprint
      ? undefined
      : new DialError({kind: 'certificate-changed', expected: trust.fingerprint, actual})
  }

  if (trust.kind === 'any-of' && !trust.fingerprints.includes(actual)) {
    return new DialError({kind: 'certificate-untrusted', code: 'UNKNOWN_FINGERPRINT', actual})
  }

  return undefined
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host)
}

/** Codes that mean: the certificate was seen, and is not one to trust. */
const UNTRUSTED = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

const REASONS: Readonly<Record<string, NotConnectedReason>> = {
  EAI_AGAIN: 'dns',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EADDRNOTAVAIL: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EINVAL: 'unreachable',
  ENETDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENODATA: 'dns',
  ENOTFOUND: 'dns',
  EPIPE: 'reset',
  EPROTO: 'tls',
  ETIMEDOUT: 'timeout',
}

function dialProblem(error: NodeJS.ErrnoException & {errors?: NodeJS.ErrnoException[]}): DialProblem {
  // Several addresses of one name fail together as an AggregateError; the first one's code speaks for them.
  const code = error.code ?? error.errors?.[0]?.code ?? 'UNKNOWN'
  if (UNTRUSTED.has(code)) return {kind: 'certificate-untrusted', code}
  const reason = REASONS[code] ?? (/^ERR_(SSL|TLS)/.test(code) ? 'tls' : 'other')
  return {kind: 'not-connected', reason, code}
}
