import {randomBytes} from 'node:crypto'

import type {World} from '../kernel/world.js'

/** A free hardware address with the cluster's prefix. */
export function randomMac(world: World): string {
  const prefix = String(world.store.of('datacenter').get('options')?.['mac_prefix'] ?? 'BC:24:11').toUpperCase()
  const given = prefix.split(':').filter(Boolean)
  const rest = [...randomBytes(6 - given.length)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase())
  return [...given, ...rest].join(':')
}
