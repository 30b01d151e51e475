import {applyChange, type Change, type Journal, type Loaded, openJournal, type Snapshot} from './journal.js'

import type {State} from './state.js'

/** A journal grown past this is folded into a new snapshot. */
const COMPACT_BYTES = 16 * 1024 * 1024

/**
 * Records by key. A record is plain JSON and immutable: to change one, `put` another. What was put or deleted in a turn reaches the disk before the
 * turn's answer is sent (`Store.flush`).
 */
export interface Collection<T> {
  readonly size: number
  /** Grows with every change; caches over a collection compare it. */
  readonly version: number
  get(key: number | string): T | undefined
  has(key: number | string): boolean
  put(key: number | string, record: T): void
  delete(key: number | string): boolean
  /** Puts a copy of the record with the given fields replaced; a field set to undefined is removed. Throws for an unknown key. */
  update(key: number | string, changes: {readonly [K in keyof T]?: T[K] | undefined}): T
  entries(): IterableIterator<[string, T]>
  keys(): IterableIterator<string>
  values(): IterableIterator<T>
}

/** The collections a handler may extend a list in, one entry per line of a log. */
type Lists = {[K in keyof State as State[K] extends readonly unknown[] ? K : never]: State[K]}

class MemoryCollection<T> implements Collection<T> {
  version = 0

  constructor(
    private readonly records: Map<string, T>,
    private readonly changed: (key: string) => void,
  ) {}

  get size(): number {
    return this.records.size
  }

  get(key: number | string): T | undefined {
    return this.records.get(String(key))
  }

  has(key: number | string): boolean {
    return this.records.has(String(key))
  }

  put(key: number | string, record: T): void {
    const id = String(key)
    this.records.set(id, record)
    this.version++
    this.changed(id)
  }

  delete(key: number | string): boolean {
    const id = String(key)
    const existed = this.records.delete(id)
    if (existed) {
      this.version++
      this.changed(id)
    }

    return existed
  }

  update(key: number | string, changes: {readonly [K in keyof T]?: T[K] | undefined}): T {
    const old = this.records.get(String(key))
    if (old === undefined) throw new Error(`no record '${key}' to update`)
    const record = {...old} as Record<string, unknown>
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete record[name]
      else record[name] = value
    }

    this.put(key, record as T)
    return record as T
  }

  entries(): IterableIterator<[string, T]> {
    return this.records.entries()
  }

  keys(): IterableIterator<string> {
    return this.records.keys()
  }

  values(): IterableIterator<T> {
    return this.records.values()
  }
}

/**
 * The whole state of a simulator. Without a directory it lives in memory only. With one, every flushed turn survives the death of the process at any
 * moment: it is one line of the journal, written before the caller goes on.
 */
export class Store {
  /** The last virtual time on disk, in epoch milliseconds. */
  readonly loadedTime: number
  /** Whether the directory already held a state. */
  readonly resumed: boolean
  /** Grows with every record that changes; lists that grow do not count. */
  version = 0
  private readonly maps = new Map<string, Map<string, unknown>>()
  private readonly collections = new Map<string, MemoryCollection<unknown>>()
  private readonly dirty = new Map<string, Set<string>>()
  private readonly appended = new Map<string, Map<string, unknown[]>>()
  private readonly journal: Journal | undefined
  private scheduled = false
  private closed = false

  constructor(
    directory?: string,
    private readonly nowMs: () => number = Date.now,
  ) {
    let loaded: Loaded | undefined
    if (directory !== undefined) ({journal: this.journal, loaded} = openJournal(directory))
    for (const [name, entries] of Object.entries(loaded?.snapshot ?? {})) this.maps.set(name, new Map(entries))
    for (const batch of loaded?.batches ?? []) for (const change of batch.w) applyChange(this.maps, change)
    this.loadedTime = loaded?.time ?? 0
    this.resumed = this.maps.size > 0
  }

  /** The collection of that name. */
  of<K extends keyof State & string>(name: K): Collection<State[K]> {
    let collection = this.collections.get(name)
    if (!collection) {
      let map = this.maps.get(name)
      if (!map) this.maps.set(name, (map = new Map()))
      collection = new MemoryCollection(map, (key) => this.mark(name, key))
      this.collections.set(name, collection)
    }

    return collection as unknown as Collection<State[K]>
  }

  /** Appends items to a list; cheaper than a put of the longer list, and the only way such lists are changed. */
  append<K extends keyof Lists & string>(
    name: K,
    key: string,
    ...items: Lists[K] extends readonly (infer I)[] ? I[] : never
  ): void {
    this.of(name)
    applyChange(this.maps, [name, key, items, 1])
    if (!this.journal) return
    let lists = this.appended.get(name)
    if (!lists) this.appended.set(name, (lists = new Map()))
    const list = lists.get(key)
    if (list) list.push(...items)
    else lists.set(key, [...items])
    this.schedule()
  }

  /** Writes what changed since the last flush. Call it before an answer is sent; otherwise it happens at the end of the turn. */
  flush(): void {
    if (!this.journal || this.closed || (this.dirty.size === 0 && this.appended.size === 0)) return
    const changes: Change[] = []
    for (const [name, keys] of this.dirty) {
      const map = this.maps.get(name)
      for (const key of keys) changes.push([name, key, map?.get(key) ?? null])
    }

    for (const [name, lists] of this.appended) {
      for (const [key, items] of lists) if (!this.dirty.get(name)?.has(key)) changes.push([name, key, items, 1])
    }

    this.dirty.clear()
    this.appended.clear()
    this.journal.append({t: this.nowMs(), w: changes})
    if (this.journal.bytes > COMPACT_BYTES) this.compact()
  }

  /** Folds the journal into a new snapshot. */
  compact(): void {
    this.flush()
    this.journal?.compact(this.snapshot(), this.nowMs())
  }

  /** Empties every collection (the versions go on growing). */
  clear(): void {
    for (const name of this.maps.keys()) {
      const collection = this.of(name as keyof State & string)
      for (const [key] of [...collection.entries()]) collection.delete(key)
    }
  }

  close(): void {
    if (this.closed) return
    this.compact()
    this.closed = true
    this.journal?.close()
  }

  private snapshot(): Snapshot {
    return Object.fromEntries([...this.maps].filter(([, map]) => map.size > 0).map(([name, map]) => [name, [...map]]))
  }

  private mark(name: string, key: string): void {
    this.version++
    if (!this.journal) return
    let keys = this.dirty.get(name)
    if (!keys) this.dirty.set(name, (keys = new Set()))
    keys.add(key)
    this.schedule()
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.flush()
    })
  }
}
