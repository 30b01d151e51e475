import type {Credentials} from './settings.js'
import type {Method} from './request-error.js'

/** What proves to the server who asks. */
export interface Authenticator {
  /** The headers for a request of this method; may log in first. */
  headers(method: Method): Promise<Readonly<Record<string, string>>>
  /**
   * The server answered 401 to a request that carried these headers.
   * @returns true when it is worth asking again with new ones
   */
  rejected(headers: Readonly<Record<string, string>>): boolean
  /** What must never be shown. */
  secrets(): readonly string[]
}

/** An API token: one header, no CSRF token, nothing to renew (reference 2.3). */
export class TokenAuthenticator implements Authenticator {
  readonly #header: string
  readonly #secret: string

  constructor(credentials: Extract<Credentials, {kind: 'token'}>) {
    this.#secret = credentials.secret.reveal()
    this.#header = `PVEAPIToken=${credentials.id}=${this.#secret}`
  }

  headers(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({authorization: this.#header})
  }

  rejected(): boolean {
    return false
  }

  secrets(): readonly string[] {
    return [this.#secret]
  }
}

/** For paths that need no login. */
export class NoAuthenticator implements Authenticator {
  headers(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({})
  }

  rejected(): boolean {
    return false
  }

  secrets(): readonly string[] {
    return []
  }
}
