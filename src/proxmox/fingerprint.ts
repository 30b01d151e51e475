import {ResultAsync} from 'neverthrow'
import tls from 'node:tls'

import {normalizeEndpoint} from '../domain/endpoint.js'
import {failure, type Failure} from '../domain/failure.js'
import {addressOf, dial, DialError} from './tls.js'

/** What a server shows before anybody decided to trust it. */
export interface ServerCertificate {
  /** The endpoint in its one spelling, with the port. */
  readonly url: string
  /** SHA-256, `AA:BB:…`: the pin. */
  readonly fingerprint256: string
  readonly subject: string
  readonly issuer: string
  /** Alternative names and addresses it is valid for, as `DNS:pve1` and `IP Address:192.0.2.1`. */
  readonly names: readonly string[]
  /** ISO 8601, UTC. */
  readonly validFrom: string
  readonly validTo: string
  /** True when the system's own authorities vouch for it under this name, so that no pin is needed. */
  readonly trustedBySystem: boolean
}

/**
 * Fetches a server's certificate, to be shown to a person. The connection ends after the handshake: no request is sent, and no credentials
 * are near.
 * @param url `https://host[:port]`, port 8006 when not given
 * @param timeoutMs for each of at most two handshakes; default 5000
 */
export function probeCertificate(
  url: string,
  {timeoutMs = 5000, signal}: {timeoutMs?: number; signal?: AbortSignal} = {},
): ResultAsync<ServerCertificate, Failure> {
  return ResultAsync.fromPromise(probe(url, timeoutMs, signal), (error) => asFailure(error, url))
}

async function probe(given: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<ServerCertificate> {
  const url = normalizeEndpoint(given)
  if (url === undefined) throw new InvalidAddress()
  const {certificate, authorized} = await handshake(url, timeoutMs, signal)
  return {
    url,
    fingerprint256: certificate.fingerprint256,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: certificate.subjectAltName?.split(', ') ?? [],
    validFrom: new Date(certificate.validFrom).toISOString(),
    validTo: new Date(certificate.validTo).toISOString(),
    trustedBySystem: authorized,
  }
}

type PeerCertificate = NonNullable<ReturnType<tls.TLSSocket['getPeerX509Certificate']>>

/** Any certificate will do here, and whether the system trusts it is only a remark. */
function handshake(
  url: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<{certificate: PeerCertificate; authorized: boolean}> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      socket.destroy()
      reject(new Aborted())
    }
    const socket = dial(url, {kind: 'any'}, timeoutMs, (error, ready) => {
      signal?.removeEventListener('abort', onAbort)
      const certificate = ready?.getPeerX509Certificate()
      ready?.destroy()
      if (error) reject(error)
      else if (!ready || !certificate)
        reject(new DialError({kind: 'not-connected', reason: 'tls', code: 'NO_CERTIFICATE'}))
      else
        resolve({
          certificate,
          authorized:
            ready.authorized &&
            tls.checkServerIdentity(addressOf(url).host, certificate.toLegacyObject()) === undefined,
        })
    })
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
  })
}

class InvalidAddress extends Error {}
class Aborted extends Error {}

function oneLine(name: string): string {
  return name.split('\n').join(', ')
}

function asFailure(error: unknown, url: string): Failure {
  if (error instanceof InvalidAddress) {
    return failure('usage', `"${url}" is not the address of a server`, {
      hint: 'Write it like https://pve1.example.com:8006',
    })
  }

  if (error instanceof Aborted) return failure('interrupted', `Interrupted while fetching the certificate of ${url}`)
  if (!(error instanceof DialError)) throw error
  const {problem} = error
  const reason = problem.kind === 'not-connected' ? problem.reason : problem.kind
  const code = 'code' in problem && problem.code !== undefined ? ` (${problem.code})` : ''
  return failure('unreachable', `Cannot fetch the certificate of ${url}: ${WORDS[reason] ?? 'no connection'}${code}`, {
    hint: 'Check the name, the port (Proxmox VE listens on 8006) and that the network leads there',
    details: {endpoint: url, reason},
  })
}

const WORDS: Readonly<Record<string, string>> = {
  dns: 'the name has no address',
  refused: 'the connection was refused',
  timeout: 'no answer in time',
  tls: 'it does not speak TLS',
  unreachable: 'the host is not reachable',
}
