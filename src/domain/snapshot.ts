import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {guestLabel, guestNoun, type Guest, type GuestType} from './guest.js'
import {closest} from './suggest.js'
import type {ZonedTime} from './zoned-time.js'

/** A moment of a guest that it can go back to. */
export interface Snapshot {
  readonly name: string
  /** The one that the guest came from when it was taken; absent for the first. */
  readonly parent?: string
  /** ISO 8601 UTC; absent in a snapshot that was never finished. */
  readonly createdAt?: string
  /** Without the line that marks automatic ones. */
  readonly description?: string
  /** The memory of the running VM is in it. */
  readonly ram: boolean
  /** It was named by a pattern, so that `snapshot prune` may delete it. */
  readonly automatic: boolean
  /** `prepare` or `delete`: taking or deleting it was cut off, and nobody knows what is left of it. */
  readonly snapState?: string
}

/** The snapshots of one guest, oldest first, and where it is now among them. */
export interface SnapshotSet {
  readonly snapshots: readonly Snapshot[]
  /** The snapshot that the guest has come from; absent: from none. */
  readonly parent?: string
  readonly running: boolean
}

/** In pseudo entries of Proxmox VE's, and where we ask for "what it is now". */
export const CURRENT = 'current'

/**
 * A line of the description, which is what Proxmox VE keeps of a snapshot besides its name. Its web interface shows it as it is; whoever takes the line out there takes
 * the snapshot out of what `snapshot prune` deletes.
 */
const AUTOMATIC_LINE = 'homelab:auto'

/** How snapshots are called when nobody says. */
export const DEFAULT_NAME_PATTERN = 'auto-{date}-{time}'
const PLACEHOLDERS = ['name', 'vmid', 'date', 'time'] as const
const MAX_NAME = 40

/** The description as it is sent; undefined for none. */
export function describeSnapshot(text: string | undefined, automatic: boolean): string | undefined {
  const lines = [...(text === undefined || text === '' ? [] : [text]), ...(automatic ? [AUTOMATIC_LINE] : [])]
  return lines.length === 0 ? undefined : lines.join('\n')
}

/** A description as Proxmox VE keeps it, taken apart. */
export function readDescription(text: string | undefined): {
  readonly description?: string
  readonly automatic: boolean
} {
  const lines = (text ?? '').split('\n')
  const rest = lines.filter((line) => line.trim() !== AUTOMATIC_LINE)
  const description = rest.join('\n').trim()
  return {...(description !== '' && {description}), automatic: rest.length < lines.length}
}

/** Whether a name is made anew for each run, so that its snapshots pile up. */
export function recurs(pattern: string): boolean {
  return /\{(?:date|time)\}/.test(pattern)
}

/**
 * The name that a pattern means for a guest: `{name}` and `{vmid}` are the guest's, `{date}` is `20261121`, `{time}` `154501`. What a guest's name holds that a snapshot's
 * may not, becomes `-`.
 * @returns a `usage` failure for an unknown placeholder, or a name that Proxmox VE does not take
 */
export function snapshotName(
  pattern: string,
  guest: Pick<Guest, 'name' | 'type' | 'vmid'>,
  now: ZonedTime,
): Result<string, Failure> {
  const digits = (...parts: readonly number[]): string => parts.map((part) => String(part).padStart(2, '0')).join('')
  const values: Record<(typeof PLACEHOLDERS)[number], string> = {
    name: (guest.name ?? String(guest.vmid)).replaceAll(/[^\w-]/g, '-'),
    vmid: String(guest.vmid),
    date: digits(now.year, now.month, now.day),
    time: digits(now.hour, now.minute, now.second),
  }
  const strange = [...pattern.matchAll(/\{([^{}]*)\}/g)].find(
    ([, word]) => !(PLACEHOLDERS as readonly string[]).includes(word ?? ''),
  )
  if (strange !== undefined) {
    return err(
      failure('usage', `"${strange[0]}" in the name "${pattern}" stands for nothing`, {
        hint: `The placeholders are ${PLACEHOLDERS.map((word) => `{${word}}`).join(', ')}`,
        details: {field: 'name', value: pattern},
      }),
    )
  }

  return checkSnapshotName(
    guest,
    pattern.replaceAll(/\{(\w+)\}/g, (_all, word: keyof typeof values) => values[word]),
  )
}

/** What Proxmox VE refuses (reference 2.1, 2.12), before it is asked. */
export function checkSnapshotName(
  {type, ...guest}: Pick<Guest, 'name' | 'type' | 'vmid'>,
  name: string,
): Result<string, Failure> {
  const details = {field: 'name', value: name, vmid: guest.vmid}
  if (isReserved(type, name)) {
    return err(
      failure(
        'usage',
        `a snapshot of a ${guestNoun(type)} cannot be called "${name}": Proxmox VE means something else by it`,
        {
          hint: 'Choose another name',
          details,
        },
      ),
    )
  }

  return /^[a-z][\w-]+$/i.test(name) && name.length <= MAX_NAME
    ? ok(name)
    : err(
        failure('usage', `"${name}" is no name for a snapshot of ${guestLabel({type, ...guest})}`, {
          hint: `It begins with a letter, goes on with letters, digits, _ and -, and has 2 to ${MAX_NAME} of them`,
          details,
        }),
      )
}

function isReserved(type: GuestType, name: string): boolean {
  return (type === 'qemu' ? ['current', 'pending'] : ['current', 'pending', 'vzdump']).includes(name.toLowerCase())
}

/** The snapshot of that name, or `not-found` with the nearest one. */
export function snapshotCalled(
  guest: Pick<Guest, 'name' | 'type' | 'vmid'>,
  {snapshots}: SnapshotSet,
  name: string,
): Result<Snapshot, Failure> {
  const found = snapshots.find((snapshot) => snapshot.name === name)
  if (found !== undefined) return ok(found)
  const near = closest(
    name,
    snapshots.map((snapshot) => snapshot.name),
  )
  return err(
    failure('not-found', `${guestLabel(guest)} has no snapshot "${name}"`, {
      hint: `${near === undefined ? '' : `Did you mean "${near}"? `}See: homelab proxmox snapshot list ${guest.vmid}`,
      details: {reason: 'snapshot-unknown', vmid: guest.vmid, snapshot: name},
    }),
  )
}

/** Oldest first: by time, and of the same second as they descend from one another. */
export function oldestFirst(snapshots: readonly Snapshot[]): Snapshot[] {
  const depth = new Map(snapshots.map(({name}) => [name, ancestorsOf({snapshots}, name).length]))
  const key = ({createdAt = '', name}: Snapshot): readonly [string, number, string] => [
    createdAt,
    depth.get(name) ?? 0,
    name,
  ]
  return [...snapshots].sort((one, other) => {
    const [a, b] = [key(one), key(other)]
    const differing = a.findIndex((part, index) => part !== b[index])
    return differing === -1 ? 0 : (a[differing] ?? '') < (b[differing] ?? '') ? -1 : 1
  })
}

/** The ancestors of a snapshot, nearest first. */
export function ancestorsOf({snapshots}: Pick<SnapshotSet, 'snapshots'>, name: string | undefined): string[] {
  const parents = new Map(snapshots.map((snapshot) => [snapshot.name, snapshot.parent]))
  const line: string[] = []
  for (let at = name; at !== undefined && parents.has(at) && !line.includes(at); at = parents.get(at)) line.push(at)
  return line.slice(1)
}
