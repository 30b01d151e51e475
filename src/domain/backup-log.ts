/** What the log of a backup task says of one guest. */
export interface GuestInLog {
  /** The task got to it, and neither finished nor failed so far while only this is true. */
  readonly state: 'done' | 'failed' | 'running'
  /** Why it failed. */
  readonly error?: string
  /** The archive as the log names it: a path, or `ct/200/…` of a backup server. */
  readonly archive?: string
  /** The archive was complete, whatever came after. */
  readonly complete: boolean
  /** 0..1, the last that was told. */
  readonly fraction?: number
}

export interface BackupLog {
  readonly guests: ReadonlyMap<number, GuestInLog>
  /** It waits, or had to wait and still does, for the backup of somebody else on its node. */
  readonly waiting: boolean
  /** The whole task failed, not a guest. */
  readonly error?: string
}

type Entry = {-readonly [K in keyof GuestInLog]: GuestInLog[K]}

/**
 * Reads the log of a vzdump task, also one that is still growing. A task of several guests goes on after a failure and ends with `job errors`, so each
 * guest's part has to be read (reference 2.14).
 */
export function readBackupLog(lines: readonly string[]): BackupLog {
  const guests = new Map<number, Entry>()
  let current: Entry | undefined
  let waiting = false
  let error: string | undefined
  for (const line of lines) {
    if (/^INFO: trying to get global lock - waiting/.test(line)) waiting = true
    else if (/^INFO: got global lock|^INFO: starting new backup job/.test(line)) waiting = false
    const begun = /^INFO: Starting Backup of VM (\d+)/.exec(line)
    if (begun !== null) {
      current = {state: 'running', complete: false}
      guests.set(Number(begun[1]), current)
      continue
    }

    const failed = /^ERROR: Backup of VM (\d+) failed - (.*)$/.exec(line)
    if (failed !== null) {
      const entry = guests.get(Number(failed[1])) ?? {state: 'failed', complete: false}
      Object.assign(entry, {state: 'failed', error: (failed[2] ?? '').trim()})
      guests.set(Number(failed[1]), entry)
      continue
    }

    const finished = /^INFO: Finished Backup of VM (\d+)/.exec(line)
    if (finished !== null) {
      const entry = guests.get(Number(finished[1]))
      if (entry !== undefined) Object.assign(entry, {state: 'done', complete: true})
      continue
    }

    const broken = /^(?:ERROR: Backup job failed - |TASK ERROR: )(.*)$/.exec(line)
    if (broken !== null) error = broken[1]?.trim()
    if (current !== undefined) readDetail(current, line)
  }

  return {guests, waiting, ...(error !== undefined && {error})}
}

function readDetail(entry: Entry, line: string): void {
  const archive = /^INFO: creating (?:vzdump|Proxmox Backup Server) archive '(.+)'$/.exec(line)?.[1]
  if (archive !== undefined) entry.archive = archive
  // Said once the archive has its final name.
  if (/^INFO: archive file size: /.test(line)) entry.complete = true
  const percent = /^INFO:\s+(\d{1,3})%/.exec(line)?.[1]
  if (percent !== undefined) entry.fraction = Math.min(1, Number(percent) / 100)
}
