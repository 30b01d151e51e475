import {randomUUID} from 'node:crypto'

import {withClusterLock} from '../config/cluster-lock.js'
import {die, type Json} from '../kernel/pve-error.js'
import {hasPendingSdn} from './sdn-state.js'

import type {Call} from '../kernel/call.js'
import type {World} from '../kernel/world.js'

const LOCK = 'lock'

/** The token of who has locked the whole configuration (9.x). */
function lockToken(world: World): string | undefined {
  const token = world.store.of('sdn').get(LOCK)?.['token']
  return token === undefined ? undefined : String(token)
}

function checkToken(world: World, given: string | undefined): void {
  const held = lockToken(world)
  if (held === undefined && given !== undefined) die('no lock has been acquired, but a lock token was provided')
  if (held !== undefined && given !== held) die('invalid lock token provided!')
}

/** Changes the configuration under its lock; a failure says what it was for. */
export function withSdnLock(call: Call, prefix: string, change: () => void): Promise<Json> | Json {
  return withClusterLock(
    call,
    'domain-sdn',
    () => {
      checkToken(call.world, call.text('lock-token'))
      change()
      return null
    },
    prefix,
  )
}

/** @throws PveError 500 when it is locked already, or changes wait that the caller may not know of */
export function acquireSdnLock(world: World, allowPending: boolean): string {
  if (!allowPending && hasPendingSdn(world)) die('configuration has pending changes')
  if (lockToken(world) !== undefined) die('configuration is already locked')
  const token = randomUUID()
  world.store.of('sdn').put(LOCK, {token})
  return token
}

export function releaseSdnLock(world: World, given: string | undefined, force = false): void {
  if (!force) checkToken(world, given)
  world.store.of('sdn').delete(LOCK)
}
