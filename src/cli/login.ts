import {errAsync, okAsync, type ResultAsync} from 'neverthrow'

import type {ContextSettings, Login, TrustSetting} from '../config/configuration.js'
import type {NewLogin} from '../config/contexts.js'
import {normalizeEndpoint, normalizeFingerprint} from '../domain/endpoint.js'
import {failure, type Failure} from '../domain/failure.js'
import {probeCertificate, type ServerCertificate} from '../proxmox/fingerprint.js'
import type {Prompt} from './prompt.js'

export interface TrustRequest {
  readonly url: string
  readonly fingerprint?: string | undefined
  /** Absolute path. */
  readonly caFile?: string | undefined
  readonly prompt: Prompt
  readonly signal: AbortSignal
  /** Shows the certificate to the person who is to decide. */
  show(lines: readonly string[]): void
}

/** The address in its one spelling, or a usage failure. */
export function endpointOf(url: string): ResultAsync<string, Failure> {
  const endpoint = normalizeEndpoint(url)
  return endpoint === undefined
    ? errAsync(
        failure('usage', `"${url}" is not the address of a Proxmox VE node`, {
          hint: 'write it like https://pve1.lan:8006',
        }),
      )
    : okAsync(endpoint)
}

/** A name for the context of this address: the host without its domain, or the address itself. */
export function contextNameOf(endpoint: string): string {
  const {hostname} = new URL(endpoint)
  if (/^[\d.]+$/.test(hostname)) return hostname
  const label = hostname.split('.')[0] ?? ''
  return /^[a-z\d][\w-]*$/i.test(label) ? label : 'pve'
}

/**
 * Decides how the server will be known, before anything is sent to it: by the authority in a file, by the fingerprint that was given, by the
 * system's authorities where they vouch for it, or by the fingerprint a person confirms.
 * @returns `certificate-changed` when the server shows another fingerprint than the given one
 */
export function decideTrust(request: TrustRequest): ResultAsync<TrustSetting, Failure> {
  if (request.caFile !== undefined) return okAsync({kind: 'ca', file: request.caFile})
  const given = request.fingerprint === undefined ? undefined : normalizeFingerprint(request.fingerprint)
  if (request.fingerprint !== undefined && given === undefined) {
    return errAsync(
      failure('usage', '--fingerprint is not a SHA-256 fingerprint', {hint: 'write 32 bytes in hex, like AA:BB:…'}),
    )
  }

  return probeCertificate(request.url, {signal: request.signal}).andThen(
    (certificate): ResultAsync<TrustSetting, Failure> => {
      const shown = certificate.fingerprint256
      if (given !== undefined)
        return given === shown
          ? okAsync({kind: 'pin', fingerprint: shown})
          : errAsync(mismatch(request.url, given, shown))
      if (certificate.trustedBySystem) return okAsync({kind: 'system'})
      request.show(certificateLines(certificate))
      return request.prompt
        .confirm(
          'Is this the certificate of your server?',
          `--fingerprint ${shown}, once you have compared it on the node: openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256`,
        )
        .andThen((yes): ResultAsync<TrustSetting, Failure> =>
          yes
            ? okAsync({kind: 'pin', fingerprint: shown})
            : errAsync(failure('refused', 'the certificate was not trusted; nothing was sent to the server')),
        )
    },
  )
}

function certificateLines(certificate: ServerCertificate): string[] {
  return [
    `${certificate.url} shows a certificate that nobody here vouches for:`,
    `  SHA-256 fingerprint  ${certificate.fingerprint256}`,
    `  subject              ${certificate.subject}`,
    `  issuer               ${certificate.issuer}`,
    `  valid                ${certificate.validFrom} to ${certificate.validTo}`,
    'Compare the fingerprint on the node: openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256',
  ]
}

function mismatch(url: string, expected: string, actual: string): Failure {
  return failure(
    'certificate-changed',
    `${url} shows another certificate than --fingerprint says. Nothing was sent to it`,
    {
      hint: `expected ${expected}, shown ${actual}; compare it on the node: openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256`,
      details: {endpoint: url, expected, actual},
    },
  )
}

/** A context that is not in any file yet, to try a login with. */
export function provisionalContext(
  name: string,
  endpoint: string,
  trust: TrustSetting,
  login: NewLogin,
): ContextSettings {
  return {name, endpoints: [endpoint], trust, login: login as Login, defaults: {}, nodes: {}}
}
