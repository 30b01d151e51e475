import {sameText, sha256} from './secrets.js'
import {isCsrfToken, ticketUser} from './tickets.js'

import type {World} from '../kernel/world.js'

/** What a request brings along to say who sends it. */
export interface Credentials {
  readonly authorization: string | undefined
  readonly cookie: string | undefined
  readonly csrfToken: string | undefined
}

/** A refused authentication. Answered 401 without a body, three seconds later. */
export class AuthenticationError extends Error {}

const TOKEN_HEADER = /^PVEAPIToken[= ](.*)$/
const TOKEN = /^([^\s:/]+@[A-Za-z][\w.-]+)!([A-Za-z][\w.-]+)=(.*)$/

/**
 * The user or token a request comes from.
 * @param needsCsrf the method changes something, so a ticket needs its CSRF token too
 * @throws AuthenticationError with the reason the release tells: since 9.1.5 every bad ticket or token is the same to the client (reference 2.2)
 */
export function authenticate(world: World, credentials: Credentials, needsCsrf: boolean): string {
  const token = TOKEN_HEADER.exec(credentials.authorization ?? '')?.[1]
  if (token !== undefined) return masked(world, () => checkToken(world, token))
  const ticket = cookieValue(credentials.cookie, 'PVEAuthCookie')
  if (ticket === undefined || ticket === '') throw new AuthenticationError('No ticket')
  const userid = masked(world, () => checkTicket(world, ticket))
  if (needsCsrf && !isCsrfToken(world.meta.authKey, userid, credentials.csrfToken ?? '', world.clock.now())) {
    throw new AuthenticationError('Permission denied - invalid csrf token')
  }

  return userid
}

/** The reason why a user may not log in at all; undefined for one who may. */
export function userRefusal(world: World, userid: string): string | undefined {
  const user = world.store.of('users').get(userid)
  if (!user) return `no such user ('${userid}')`
  if (!user.enable) return `user '${userid}' is disabled`
  return isExpired(user.expire, world) ? `user '${userid}' access expired` : undefined
}

function checkTicket(world: World, ticket: string): string {
  const userid = ticketUser(world.meta.authKey, ticket, world.clock.now())
  if (userid === undefined) throw new AuthenticationError('permission denied - invalid PVE ticket')
  const refusal = userRefusal(world, userid)
  if (refusal !== undefined) throw new AuthenticationError(refusal)
  return userid
}

function checkToken(world: World, text: string): string {
  const [, userid, tokenid, secret] = TOKEN.exec(text) ?? []
  if (userid === undefined || tokenid === undefined || secret === undefined) {
    const at = text.indexOf('=')
    const full = at === -1 ? '' : text.slice(0, at)
    throw new AuthenticationError(
      full === ''
        ? 'no tokenid specified'
        : `'${full}' is not a valid token ID - not able to split into user and token parts`,
    )
  }

  const refusal = userRefusal(world, userid)
  if (refusal !== undefined) throw new AuthenticationError(refusal)
  const token = world.store.of('tokens').get(`${userid}!${tokenid}`)
  if (!token) throw new AuthenticationError(`no such token '${tokenid}' for user '${userid}'`)
  if (isExpired(token.expire, world)) throw new AuthenticationError(`token '${tokenid}' access expired`)
  if (!sameText(sha256(secret), token.secretHash)) throw new AuthenticationError('invalid token value!')
  return `${userid}!${tokenid}`
}

function masked(world: World, check: () => string): string {
  try {
    return check()
  } catch (error) {
    if (error instanceof AuthenticationError && world.release === '9.2')
      throw new AuthenticationError('Authentication failed!')
    throw error
  }
}

const isExpired = (expire: number, world: World): boolean => expire !== 0 && expire <= world.clock.now()

/** The value of a cookie, percent-decoded; a ticket that was sent as it is stays whole. */
function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(';') ?? []) {
    const [key, ...rest] = part.trim().split('=')
    if (key !== name) continue
    const value = rest.join('=')
    try {
      return decodeURIComponent(value)
    } catch {
      return value
    }
  }

  return undefined
}
