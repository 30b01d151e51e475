import {configDigest, withOptions} from './guests.js'

import type {Json} from '../kernel/pve-error.js'
import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

type Entry = {[key: string]: Json}

/** The configuration the guest will have after its next start. */
export function nextConfig({config, pending}: GuestRecord): GuestConfig {
  return pending ? withOptions(config, pending) : config
}

/** The answer of `…/pending`: each option with its value now, the one it will have, or that it will be deleted. */
export function pendingList(
  world: World,
  guest: GuestRecord,
  show: (key: string, value: number | string) => number | string = (_key, value) => value,
): Entry[] {
  const {config, pending = {}} = guest
  const entries: Entry[] = Object.entries(config).map(([key, value]) => ({key, value: show(key, value)}))
  entries.push({key: 'digest', value: configDigest(world, guest)})
  const byKey = new Map(entries.map((entry) => [entry['key'] as string, entry]))
  for (const [key, value] of Object.entries(pending)) {
    let entry = byKey.get(key)
    if (!entry) entries.push((entry = {key}))
    if (value === null) entry['delete'] = 1
    else entry['pending'] = show(key, value)
  }

  return entries
}

/** A guest's pending changes without some of them; undefined when none is left. */
export function withoutPending(guest: GuestRecord, keys: readonly string[]): GuestRecord['pending'] | undefined {
  const rest = Object.entries(guest.pending ?? {}).filter(([key]) => !keys.includes(key))
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}
