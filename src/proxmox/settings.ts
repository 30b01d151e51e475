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
