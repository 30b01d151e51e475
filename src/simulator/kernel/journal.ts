import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import {join} from 'node:path'

/**
 * One change: `[collection, key, record]` (null deletes), or `[collection, key, items, 1]` which appends the items to the list under the key.
 */
export type Change =
  | readonly [collection: string, key: string, items: readonly unknown[], append: 1]
  | readonly [collection: string, key: string, record: unknown]

/** All changes of one synchronous turn, written as one line; `t` is the virtual time in epoch milliseconds. */
export interface Batch {
  readonly t: number
  readonly w: readonly Change[]
}

export type Snapshot = Readonly<Record<string, readonly (readonly [string, unknown])[]>>

/** What a directory held when it was opened. */
export interface Loaded {
  readonly snapshot: Snapshot
  readonly batches: readonly Batch[]
  /** The last virtual time that was written, in epoch milliseconds; 0 in a fresh directory. */
  readonly time: number
}

export interface Journal {
  readonly bytes: number
  append(batch: Batch): void
  /** Replaces snapshot and journal by the given state. Whole at any moment the process may die. */
  compact(snapshot: Snapshot, time: number): void
  close(): void
}

const STATE = 'state.json'
const journalName = (generation: number): string => `journal-${generation}.jsonl`

/** The file operations a crash may cut between; tests hand in their own to stop after the nth. */
export interface Disk {
  writeFile(path: string, text: string): void
  rename(from: string, to: string): void
  remove(path: string): void
}

const REAL_DISK: Disk = {
  writeFile(path, text) {
    const fd = openSync(path, 'w', 0o600)
    writeAll(fd, text)
    fsyncSync(fd)
    closeSync(fd)
  },
  rename: renameSync,
  remove: (path) => rmSync(path, {force: true}),
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

/**
 * Opens a state directory: `state.json` names a generation, and only the journal of that generation belongs to it. So the rename of a new snapshot
 * retires the old journal in the same step, and a crash leaves either the old pair or the new one. A torn last line was never acknowledged and is dropped.
 */
export function openJournal(directory: string, disk: Disk = REAL_DISK): {journal: Journal; loaded: Loaded} {
  mkdirSync(directory, {recursive: true, mode: 0o700})
  const statePath = join(directory, STATE)
  const saved = existsSync(statePath)
    ? (JSON.parse(readFileSync(statePath, 'utf8')) as {collections: Snapshot; generation: number; time: number})
    : {collections: {}, generation: 0, time: 0}
  let {generation} = saved
  const {batches, validBytes, torn} = readBatches(join(directory, journalName(generation)))
  removeOthers(directory, generation, disk)
  const time = batches.at(-1)?.t ?? saved.time

  let fd = openSync(join(directory, journalName(generation)), 'a', 0o600)
  let bytes = validBytes
  const journal: Journal = {
    get bytes() {
      return bytes
    },
    append(batch) {
      const line = JSON.stringify(batch) + '\n'
      writeAll(fd, line)
      bytes += line.length
    },
    compact(snapshot, now) {
      const next = generation + 1
      const temporary = join(directory, `${STATE}.tmp`)
      disk.writeFile(temporary, JSON.stringify({generation: next, time: now, collections: snapshot}))
      disk.rename(temporary, statePath)
      closeSync(fd)
      fd = openSync(join(directory, journalName(next)), 'a', 0o600)
      disk.remove(join(directory, journalName(generation)))
      generation = next
      bytes = 0
    },
    close() {
      closeSync(fd)
    },
  }
  const loaded = {snapshot: saved.collections, batches, time}
  if (torn) journal.compact(replayed(loaded), time)
  return {journal, loaded}
}

function readBatches(path: string): {batches: Batch[]; validBytes: number; torn: boolean} {
  if (!existsSync(path)) return {batches: [], validBytes: 0, torn: false}
  const text = readFileSync(path, 'utf8')
  const end = text.lastIndexOf('\n') + 1
  const batches = text
    .slice(0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Batch)
  return {batches, validBytes: end, torn: end < text.length}
}

function removeOthers(directory: string, generation: number, disk: Disk): void {
  for (const name of readdirSync(directory)) {
    if (name === `${STATE}.tmp` || (/^journal-\d+\.jsonl$/.test(name) && name !== journalName(generation)))
      disk.remove(join(directory, name))
  }
}

/** The state after all batches, again as a snapshot. */
export function replayed(loaded: Pick<Loaded, 'batches' | 'snapshot'>): Snapshot {
  const collections = new Map(Object.entries(loaded.snapshot).map(([name, entries]) => [name, copyOf(entries)]))
  for (const batch of loaded.batches) {
    for (const change of batch.w) applyChange(collections, change)
  }

  return Object.fromEntries([...collections].map(([name, entries]) => [name, [...entries]]))
}

/** Lists are extended in place; those of the snapshot stay as they are. */
function copyOf(entries: readonly (readonly [string, unknown])[]): Map<string, unknown> {
  return new Map(entries.map(([key, value]) => [key, Array.isArray(value) ? [...(value as unknown[])] : value]))
}

/** Applies one change to a map of collections. */
export function applyChange(collections: Map<string, Map<string, unknown>>, [name, key, value, append]: Change): void {
  let collection = collections.get(name)
  if (!collection) collections.set(name, (collection = new Map()))
  if (append) {
    const list = collection.get(key) as unknown[] | undefined
    if (list) list.push(...(value as unknown[]))
    else collection.set(key, [...(value as unknown[])])
  } else if (value === null) collection.delete(key)
  else collection.set(key, value)
}
