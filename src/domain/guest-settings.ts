/** What of an option waits for the next start of the guest. */
export type PendingMark = 'add' | 'change' | 'remove'

/** A guest's configuration: what it has now, and what it will have once it was stopped and started; `GET …/pending`. */
export interface GuestSettings {
  /** Of the configuration file: sent along with a change, it makes the server refuse one that overlooks another. */
  readonly digest?: string
  readonly now: Readonly<Record<string, string>>
  /** Equal to `now` where nothing waits. */
  readonly next: Readonly<Record<string, string>>
}

/** Undefined where nothing waits. */
export function pendingMark({next, now}: GuestSettings, key: string): PendingMark | undefined {
  const [before, after] = [now[key], next[key]]
  if (before === after) return undefined
  if (before === undefined) return 'add'
  return after === undefined ? 'remove' : 'change'
}

/** Whether either has it: what waits to be removed is still there, and what waits to be added is taken. */
export function hasSetting({next, now}: GuestSettings, key: string): boolean {
  return now[key] !== undefined || next[key] !== undefined
}

/** Every key that is there now or will be. */
export function settingKeys({next, now}: GuestSettings): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(next)])]
}
