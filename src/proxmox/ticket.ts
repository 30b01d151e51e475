import type {Clock} from '../domain/clock.js'
import type {Params} from './encode.js'
import type {Authenticator} from './auth.js'
import type {Reply} from './reply.js'
import {RequestError, type Method} from './request-error.js'
import type {AskSecondFactor, SecondFactorKind} from './second-factor.js'
import type {Credentials} from './settings.js'

/** A ticket lives two hours; from half of that on the next request renews it, long before a slow one could find it expired. */
const RENEW_AFTER_MS = 60 * 60_000
const EXPIRES_AFTER_MS = 119 * 60_000
const CODE_ATTEMPTS = 3

interface Ticket {
  readonly ticket: string
  readonly csrf: string
  readonly issuedAt: number
}

export interface TicketDeps {
  readonly clock: Clock
  readonly otp?: AskSecondFactor | undefined
  /** `POST /access/ticket`; `harmless` when sending it twice does no harm. */
  readonly login: (params: Params, options: {harmless: boolean}) => Promise<Reply>
}

/** A user with a password: logs in when first needed, renews in time, and logs in once more when the server no longer takes the ticket (reference 2.3). */
export class TicketAuthenticator implements Authenticator {
  readonly #username: string
  readonly #password: string
  readonly #deps: TicketDeps
  #ticket: Ticket | undefined
  #login: Promise<Ticket> | undefined
  #codes: string[] = []

  constructor(credentials: Extract<Credentials, {kind: 'password'}>, deps: TicketDeps) {
    this.#username = credentials.username
    this.#password = credentials.password.reveal()
    this.#deps = deps
  }

  async headers(method: Method): Promise<Readonly<Record<string, string>>> {
    const {ticket, csrf} = await this.#current()
    return {cookie: cookieOf(ticket), ...(method !== 'get' && {csrfpreventiontoken: csrf})}
  }

  rejected(headers: Readonly<Record<string, string>>): boolean {
    // When another request has logged in meanwhile, its ticket is the one to try.
    if (this.#ticket && cookieOf(this.#ticket.ticket) === headers.cookie) this.#ticket = undefined
    return true
  }

  secrets(): readonly string[] {
    const ticket = this.#ticket
    return [this.#password, ...this.#codes, ...(ticket ? [ticket.ticket, ticket.csrf] : [])]
  }

  /** However many requests need a ticket at once, there is one login. */
  async #current(): Promise<Ticket> {
    const held = this.#ticket
    if (held && this.#deps.clock.now() - held.issuedAt < RENEW_AFTER_MS) return held
    this.#login ??= this.#obtain(held).finally(() => {
      this.#login = undefined
    })
    return this.#login
  }

  async #obtain(held: Ticket | undefined): Promise<Ticket> {
    this.#ticket = (held && (await this.#renew(held))) ?? (await this.#logIn())
    return this.#ticket
  }

  /** The old ticket serves as the password, and no second factor is asked for. */
  async #renew(held: Ticket): Promise<Ticket | undefined> {
    const age = this.#deps.clock.now() - held.issuedAt
    if (age >= EXPIRES_AFTER_MS) return undefined
    try {
      return this.#read(await this.#post({password: held.ticket}, true)).ticket
    } catch (error) {
      if (isUnauthorized(error)) return undefined
      throw error
    }
  }

  async #logIn(): Promise<Ticket> {
    const first = this.#read(await this.#post({password: this.#password}, true))
    if (!first.challenge) return first.ticket
    const kinds = kindsOf(first.challenge)
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#deps.otp?.({
        username: this.#username,
        kinds,
        ...(Array.isArray(first.challenge.recovery) && {recoveryKeys: first.challenge.recovery.map(Number)}),
        attempt,
      })
      if (!answer) {
        throw new RequestError({kind: 'second-factor', methods: kinds}, {method: 'post', path: '/access/ticket'})
      }

      const code = answer.code.trim()
      this.#codes.push(code)
      try {
        // A code is good for one use, so this must not be sent twice.
        const second = await this.#post(
          {password: `${answer.kind}:${code}`, 'tfa-challenge': first.ticket.ticket},
          false,
        )
        return this.#read(second).ticket
      } catch (error) {
        if (!isUnauthorized(error) || attempt >= CODE_ATTEMPTS) throw error
      }
    }
  }

  #post(params: Params, harmless: boolean): Promise<Reply> {
    // 7.x asks for a second factor in this form only when told so; later ones ignore the parameter.
    return this.#deps.login({username: this.#username, 'new-format': true, ...params}, {harmless})
  }

  #read(reply: Reply): {ticket: Ticket; challenge?: Record<string, unknown>} {
    const data = (reply.data ?? {}) as Record<string, unknown>
    if (typeof data.ticket !== 'string') {
      throw new RequestError(
        {kind: 'protocol', status: 200, detail: 'the login gave no ticket'},
        {method: 'post', path: '/access/ticket'},
      )
    }

    const csrf = typeof data.CSRFPreventionToken === 'string' ? data.CSRFPreventionToken : ''
    const ticket = {ticket: data.ticket, csrf, issuedAt: this.#deps.clock.now()}
    return data.NeedTFA ? {ticket, challenge: parseChallenge(data.ticket)} : {ticket}
  }
}

function cookieOf(ticket: string): string {
  return `PVEAuthCookie=${encodeURIComponent(ticket)}`
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof RequestError && error.problem.kind === 'status' && error.problem.status === 401
}

/** The challenge is JSON, percent-encoded, between `PVE:!tfa!` and the next colon. */
function parseChallenge(ticket: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(decodeURIComponent(/^[^:]+:!tfa!([^:]*)/.exec(ticket)?.[1] ?? ''))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function kindsOf(challenge: Record<string, unknown>): SecondFactorKind[] {
  const kinds: SecondFactorKind[] = []
  if (challenge.totp) kinds.push('totp')
  if (Array.isArray(challenge.recovery) && challenge.recovery.length > 0) kinds.push('recovery')
  if (challenge.yubico) kinds.push('yubico')
  return kinds
}
