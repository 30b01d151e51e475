import type {Secret} from '../domain/secret.js'

/** How to know the server: its certificate's SHA-256 fingerprint, the authority that signed it (PEM text), or the system's authorities. */
export type Trust =
  | {readonly kind: 'pin'; readonly fingerprint: string}
  | {readonly kind: 'ca'; readonly pem: string}
  | {readonly kind: 'system'}

/** Who asks: an API token (`id` is `user@realm!name`), or a user (`name@realm`) with a password, who gets a ticket. */
export type Credentials =
  | {readonly kind: 'token'; readonly id: string; readonly secret: Secret}
  | {readonly kind: 'password'; readonly username: string; readonly password: Secret}

export interface EndpointSettings {
  /** `https://host[:port]`; the port is 8006 when not given. */
  readonly url: string
  /** The pin of this endpoint alone. Without it the connection's own trust applies. */
  readonly fingerprint?: string
}

export interface ConnectionSettings {
  /** In the order they are tried. */
  readonly endpoints: readonly (string | EndpointSettings)[]
  /** With a pin: that of the first endpoint. The others' are learned from it. */
  readonly trust: Trust
  /** Absent for the few paths that need no login. */
  readonly credentials?: Credentials
  /** DNS, TCP and TLS together. Default 3000 ms. */
  readonly connectTimeoutMs?: number
  /** From the first byte sent to the last one received. Default 40,000 ms: Proxmox VE itself gives up after 30 s. */
  readonly timeoutMs?: number
  /** Requests under way at once, per endpoint. Default 8. */
  readonly maxConnections?: number
}

/** `AA:BB:…`, 32 bytes in upper case, from any usual spelling; undefined when it is no SHA-256 fingerprint. */
export function normalizeFingerprint(text: string): string | undefined {
  const hex = text
    .trim()
    .replace(/^sha-?256[:=\s]\s*/i, '')
    .replaceAll(/[\s:-]/g, '')
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined
  return hex.toUpperCase().match(/../g)!.join(':')
}

/** `https://host:port` in one spelling; undefined when it is no https address, or names more than a host and a port. */
export function normalizeEndpoint(text: string): string | undefined {
  const trimmed = text.trim()
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol !== 'https:' || url.hostname === '' || url.username !== '' || url.password !== '') return undefined
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return undefined
  // URL drops a port that is https's own, and only what was typed can tell 443 from nothing.
  const port = url.port || (/:443\/?$/.test(trimmed) ? '443' : '8006')
  return `https://${url.hostname}:${port}`
}
