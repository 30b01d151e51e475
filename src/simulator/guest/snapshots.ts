import {die} from '../kernel/pve-error.js'
import {DISK_KEY, volumeOf} from '../views/disks.js'
import {checkLock, configDigest, guestLabel, isTemplate, withOptions} from './guests.js'

import type {Json} from '../kernel/pve-error.js'
import type {GuestConfig, GuestRecord, SnapshotRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Options that belong to the guest as it is, not to a moment of it. */
const NOT_SAVED = /^(?:description|lock|snapstate|snaptime|unused\d+|vmstate)$/

type Entry = {[key: string]: Json}

/**
 * The snapshot of that name.
 * @throws PveError 500 `snapshot 'x' does not exist`
 */
export function snapshotOf({snapshots}: GuestRecord, name: string): SnapshotRecord {
  return snapshots?.[name] ?? die(`snapshot '${name}' does not exist`)
}

/** The answer to a list of snapshots: each, and where the guest is now. */
export function snapshotList(world: World, guest: GuestRecord, extra: (snapshot: SnapshotRecord) => Entry): Entry[] {
  const {parent} = guest.config
  return [
    ...Object.entries(guest.snapshots ?? {}).map(([name, snapshot]) => ({
      name,
      snaptime: snapshot.snaptime,
      description: storedText(guest, snapshot.description ?? ''),
      ...(snapshot.parent !== undefined && {parent: snapshot.parent}),
      ...(snapshot.snapstate !== undefined && {snapstate: snapshot.snapstate}),
      ...extra(snapshot),
    })),
    {
      name: 'current',
      description: 'You are here!',
      digest: configDigest(world, guest),
      running: guest.run ? 1 : 0,
      ...(parent !== undefined && {parent}),
    },
  ]
}

/** The options a snapshot saved, with its own facts, as they are read back. */
export function snapshotConfig(guest: GuestRecord, name: string): Entry {
  const {config, snaptime, description, parent, snapstate} = snapshotOf(guest, name)
  return {
    ...config,
    snaptime,
    ...(description !== undefined && {description: storedText(guest, description)}),
    ...(parent !== undefined && {parent}),
    ...(snapstate !== undefined && {snapstate}),
  }
}

/** Descriptions of containers end in a line break once they are stored (reference 5). */
function storedText({type}: GuestRecord, text: string): string {
  return type === 'lxc' && text !== '' && !text.endsWith('\n') ? `${text}\n` : text
}

/**
 * What speaks against a new snapshot, in the server's order.
 * @param isAvailable whether all volumes can take one
 */
export function checkNewSnapshot(guest: GuestRecord, name: string, isAvailable: () => boolean): void {
  if (isTemplate(guest)) die("you can't take a snapshot if it's a template")
  checkLock(guest)
  if (guest.snapshots?.[name]) die(`snapshot name '${name}' already used`)
  if (!isAvailable()) die('snapshot feature is not available')
}

/** The options a snapshot keeps. */
export function savedConfig(config: GuestConfig): GuestConfig {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !NOT_SAVED.test(key) && key !== 'parent'))
}

/** A guest's fields with one more snapshot, the parent of what comes next. */
export function addSnapshot(
  guest: GuestRecord,
  name: string,
  facts: {readonly snaptime: number; readonly description?: string; readonly vmstate?: boolean},
  extraConfig: GuestConfig = {},
): Pick<GuestRecord, 'config' | 'snapshots'> {
  const {parent} = guest.config
  const snapshot: SnapshotRecord = {
    ...facts,
    config: {...savedConfig(guest.config), ...extraConfig},
    ...(parent !== undefined && {parent: String(parent)}),
  }
  return {
    snapshots: {...guest.snapshots, [name]: snapshot},
    config: withOptions(guest.config, {parent: name, lock: undefined}),
  }
}

/** A guest's fields without a snapshot: its children hang on its parent. */
export function removeSnapshot(guest: GuestRecord, name: string): Pick<GuestRecord, 'config' | 'snapshots'> {
  const {parent} = snapshotOf(guest, name)
  const rest = Object.entries(guest.snapshots ?? {}).filter(([key]) => key !== name)
  const snapshots = rest.map(([key, snapshot]) => {
    if (snapshot.parent !== name) return [key, snapshot] as const
    const {parent: _gone, ...orphan} = snapshot
    return [key, parent === undefined ? orphan : {...orphan, parent}] as const
  })
  const changes = guest.config['parent'] === name ? {parent, lock: undefined} : {lock: undefined}
  return {snapshots: Object.fromEntries(snapshots), config: withOptions(guest.config, changes)}
}

/** What speaks against going back to a snapshot, besides its volumes. */
export function checkRollback(guest: GuestRecord, name: string): SnapshotRecord {
  if (isTemplate(guest)) die(`you can't rollback if it's a template`)
  const snapshot = snapshotOf(guest, name)
  checkLock(guest)
  if (snapshot.snapstate !== undefined)
    die(`unable to rollback to incomplete snapshot (snapstate = ${snapshot.snapstate})`)
  return snapshot
}

/** The configuration after going back: the saved one; description and unused volumes stay, volumes made since become unused. */
export function rolledBack(guest: GuestRecord, name: string): GuestConfig {
  const snapshot = snapshotOf(guest, name)
  const kept = Object.entries(guest.config).filter(([key]) => /^(?:description|unused\d+)$/.test(key))
  const {vmstate: _state, ...saved} = snapshot.config
  let config: GuestConfig = {...Object.fromEntries(kept), ...saved, parent: name}
  const used = new Set(volumesIn(config))
  for (const volid of volumesIn(guest.config)) if (!used.has(volid)) config = addUnused(config, volid)
  return config
}

function volumesIn(config: GuestConfig): readonly string[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const volid = DISK_KEY.test(key) ? volumeOf(value) : undefined
    return volid === undefined ? [] : [volid]
  })
}

/**
 * A configuration with a volume nobody uses any more under the first free `unusedN`.
 * @throws PveError 500 if all are taken
 */
export function addUnused(config: GuestConfig, volid: string): GuestConfig {
  for (const [key, value] of Object.entries(config)) if (/^unused\d+$/.test(key) && value === volid) return config
  for (let index = 0; index < 256; index++) {
    if (config[`unused${index}`] === undefined) return {...config, [`unused${index}`]: volid}
  }

  return die('too many unused volumes - please delete them first.')
}

/** Names a snapshot may not have. */
export function checkSnapshotName(guest: Pick<GuestRecord, 'type'>, name: string): void {
  const reserved = guestLabel(guest.type) === 'CT' ? ['current', 'vzdump'] : ['current', 'pending']
  if (reserved.includes(name.toLowerCase())) die(`unable to use snapshot name '${name}' (reserved name)`)
}
