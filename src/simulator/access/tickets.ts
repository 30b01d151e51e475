import {createHmac} from 'node:crypto'

import {sameText} from './secrets.js'

/** Life of a ticket and of a CSRF token, and how far in the future one may have been signed (reference 2.3). */
const LIFETIME_SECONDS = 7200
const FUTURE_SECONDS = 300
const HALF_TICKET = '!tfa!'

const hexTime = (seconds: number): string => seconds.toString(16).toUpperCase().padStart(8, '0')

/** 256 bytes as base64, the length of Proxmox's own signatures. */
function signature(key: string, plain: string): string {
  const blocks = [1, 2, 3, 4].map((block) => createHmac('sha512', key).update(`${block}:${plain}`).digest())
  return Buffer.concat(blocks).toString('base64')
}

function sign(key: string, plain: string): string {
  return `${plain}::${signature(key, plain)}`
}

/** The signed text of a ticket that is whole and young enough. */
function verify(key: string, ticket: string, now: number): string | undefined {
  const at = ticket.lastIndexOf('::')
  if (at === -1) return undefined
  const plain = ticket.slice(0, at)
  if (!sameText(signature(key, plain), ticket.slice(at + 2))) return undefined
  return isFresh(plain.slice(plain.lastIndexOf(':') + 1), now) ? plain : undefined
}

function isFresh(hex: string, now: number): boolean {
  if (!/^[\dA-F]{8}$/.test(hex)) return false
  const age = now - Number.parseInt(hex, 16)
  return age < LIFETIME_SECONDS && age > -FUTURE_SECONDS
}

/** A full ticket: `PVE:user@realm:HEXTIME::SIGNATURE`. `now` in epoch seconds. */
export function makeTicket(key: string, userid: string, now: number): string {
  return sign(key, `PVE:${userid}:${hexTime(now)}`)
}

/** The user of a valid full ticket. */
export function ticketUser(key: string, ticket: string, now: number): string | undefined {
  const plain = verify(key, ticket, now)
  if (plain === undefined || !plain.startsWith('PVE:')) return undefined
  const userid = plain.slice(4, plain.lastIndexOf(':'))
  return userid.startsWith('!') ? undefined : userid
}

/** The ticket of a login that still lacks its second factor: `PVE:!tfa!CHALLENGE:HEXTIME::SIGNATURE`, good for one user. */
export function makeHalfTicket(
  key: string,
  userid: string,
  challenge: Readonly<Record<string, unknown>>,
  now: number,
): string {
  return sign(`${key}:${userid}`, `PVE:${HALF_TICKET}${encodeURIComponent(JSON.stringify(challenge))}:${hexTime(now)}`)
}

export function isHalfTicket(key: string, userid: string, ticket: string, now: number): boolean {
  return verify(`${key}:${userid}`, ticket, now)?.startsWith(`PVE:${HALF_TICKET}`) ?? false
}

/** `HEXTIME:MAC`, bound to the user, not to the ticket. */
export function makeCsrfToken(key: string, userid: string, now: number): string {
  return csrfAt(key, userid, hexTime(now))
}

export function isCsrfToken(key: string, userid: string, token: string, now: number): boolean {
  const hex = token.slice(0, 8)
  return isFresh(hex, now) && sameText(csrfAt(key, userid, hex), token)
}

function csrfAt(key: string, userid: string, hex: string): string {
  const mac = createHmac('sha256', key).update(`${hex}:${userid}`).digest('base64')
  return `${hex}:${mac.replace(/=+$/, '')}`
}
