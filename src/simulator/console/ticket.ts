import {createHmac} from 'node:crypto'

import {sameText} from '../access/secrets.js'

import type {World} from '../kernel/world.js'

/** How long a ticket is good for, and how far in the future it may have been signed (reference 2.7). */
const LIFETIME_SECONDS = 40
const FUTURE_SECONDS = 20

/** What a console's ticket is good for. It names none of this, but is signed with it. */
export interface ConsoleClaim {
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
  /** `/vms/100` or `/nodes/pve1`. */
  readonly path: string
  readonly port: number | string
}

/** `PVEVNC:HEXTIME::SIGNATURE`. */
export function makeConsoleTicket(world: World, claim: ConsoleClaim): string {
  const plain = `PVEVNC:${world.clock.now().toString(16).toUpperCase().padStart(8, '0')}`
  return `${plain}::${signature(world, plain, claim)}`
}

export function isConsoleTicket(world: World, claim: ConsoleClaim, ticket: string): boolean {
  const [, plain, hex, signed] = /^(PVEVNC:([\dA-F]{8}))::([^:\s]+)$/.exec(ticket) ?? []
  if (plain === undefined || hex === undefined || signed === undefined) return false
  const age = world.clock.now() - Number.parseInt(hex, 16)
  return age < LIFETIME_SECONDS && age > -FUTURE_SECONDS && sameText(signature(world, plain, claim), signed)
}

/** Tickets are for one port since 9.x; before they were for all consoles of a path. */
function signature(world: World, plain: string, {path, port, user}: ConsoleClaim): string {
  const what = world.release === '9.2' ? `${user}:${path}:${port}` : `${user}:${path}`
  return createHmac('sha512', world.meta.authKey).update(`${plain}:${what}`).digest('base64')
}
