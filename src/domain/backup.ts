import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'
import {guestNoun, type GuestType} from './guest.js'

/** A backup of a guest, as its storage lists it. What the storage does not tell is absent. */
export interface Backup {
  /** `nas:backup/vzdump-qemu-101-2026_01_02-03_04_05.vma.zst`, `pbs:backup/ct/200/2026-01-02T03:04:05Z` */
  readonly volume: string
  readonly vmid?: number
  /** What the guest that has the VMID now is called, if it is of the same type. */
  readonly guest?: string
  readonly type?: GuestType
  /** When it was made; ISO 8601 UTC. */
  readonly time: string
  readonly sizeBytes?: number
  /** `vma.zst`, `tar.zst`, `pbs-vm`, … */
  readonly format?: string
  readonly protected: boolean
  readonly notes?: string
  /** Backup servers only: whether the last verification succeeded; absent before the first. */
  readonly verified?: boolean
  /** Backup servers only. */
  readonly encrypted?: boolean
  readonly storage: string
  /** A node that sees it; the only one for a storage that is not shared. */
  readonly node: string
  readonly shared: boolean
}

/** What the name of a backup's volume says. */
export interface BackupName {
  readonly storage: string
  /** Absent for an archive that somebody renamed. */
  readonly type?: GuestType
  readonly vmid?: number
  /** Whether it lies on a Proxmox Backup Server. */
  readonly server: boolean
}

/** Undefined for a text that is no backup's volume id. */
export function parseBackupVolume(volume: string): BackupName | undefined {
  const [, storage, rest] = /^([A-Za-z][\w.-]*):backup\/(\S+)$/.exec(volume) ?? []
  if (storage === undefined || rest === undefined) return undefined
  const server = /^(vm|ct)\/(\d+)\/\d{4}-\d\d-\d\dT[\d:]+Z$/.exec(rest)
  if (server !== null)
    return {storage, type: server[1] === 'vm' ? 'qemu' : 'lxc', vmid: Number(server[2]), server: true}
  const file = /^vzdump-(qemu|lxc|openvz)-(\d+)-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\./.exec(rest)
  if (file === null) return {storage, server: false}
  return {storage, type: file[1] === 'qemu' ? 'qemu' : 'lxc', vmid: Number(file[2]), server: false}
}

/** The volume id of an archive, as the log of the task that made it names it: a path, or `ct/200/…` of a backup server. */
export function volumeOfArchive(storage: string, archive: string): string {
  const name = /^(?:ct|vm)\/\d+\/[^/]+$/.test(archive) ? archive : (archive.split('/').at(-1) ?? archive)
  return `${storage}:backup/${name}`
}

/** Newest first; equal times by volume, so that the order is always the same. */
export function newestFirst(a: Backup, b: Backup): number {
  if (a.time !== b.time) return a.time < b.time ? 1 : -1
  return a.volume < b.volume ? -1 : a.volume > b.volume ? 1 : 0
}

/** `101@latest`, `web@oldest`, `web@2026-01-02`: a guest, and which of its backups. */
export interface BackupReference {
  readonly guest: string
  readonly which: string
}

/** What a person names a backup by: its volume, or a guest and a moment. */
export type BackupAddress = BackupReference | {readonly volume: string}

/** @returns a `usage` failure for a text that is neither a volume nor `GUEST@WHICH` */
export function parseBackupAddress(text: string): Result<BackupAddress, Failure> {
  if (parseBackupVolume(text) !== undefined) return ok({volume: text})
  const [, guest, which] = /^([^\s:/@]+)@(\S+)$/.exec(text) ?? []
  if (guest !== undefined && which !== undefined && isMoment(which)) return ok({guest, which})
  return err(
    failure('usage', `"${text}" names no backup`, {
      hint: 'Write its volume, as nas:backup/vzdump-qemu-101-….vma.zst, or a guest and which of its backups: web@latest, web@oldest, web@2026-01-31. See them: homelab proxmox backup list',
      details: {field: 'backup', value: text},
    }),
  )
}

function isMoment(which: string): boolean {
  return which === 'latest' || which === 'oldest' || /^\d{4}-\d\d(?:-\d\d(?:T[\d:]*Z?)?)?$/.test(which)
}

/**
 * The one backup that is meant.
 * @param backups all of one guest, in any order
 * @returns `not-found`, or `ambiguous-name` for a day or hour with several, which are named
 */
export function pickBackup(backups: readonly Backup[], {guest, which}: BackupReference): Result<Backup, Failure> {
  const sorted = [...backups].sort(newestFirst)
  if (which === 'latest' || which === 'oldest') {
    const found = which === 'latest' ? sorted[0] : sorted.at(-1)
    return found === undefined ? err(noBackup(guest)) : ok(found)
  }

  const prefix = which.replace(/Z$/, '')
  const [found, another] = sorted.filter(({time}) => time.startsWith(prefix))
  if (found !== undefined && another === undefined) return ok(found)
  const times = sorted.filter(({time}) => another === undefined || time.startsWith(prefix)).map(({time}) => time)
  if (found === undefined) {
    return err(
      failure('not-found', `${guest} has no backup of ${which} (times are UTC)`, {
        hint: times.length === 0 ? seeBackups() : `It has backups of ${times.slice(0, 5).join(', ')}`,
        details: {guest, which},
      }),
    )
  }

  return err(
    failure('ambiguous-name', `${guest} has ${times.length} backups of ${which}`, {
      hint: `Write more of the time of the one you mean: ${times.slice(0, 10).join(', ')}`,
      details: {guest, which, candidates: sorted.filter(({time}) => time.startsWith(prefix)).map(({volume}) => volume)},
    }),
  )
}

export function noBackup(guest: string): Failure {
  return failure('not-found', `there is no backup of "${guest}" on any storage that can be seen`, {
    hint: `${seeBackups()}. Make one: homelab proxmox backup run ${guest}`,
    details: {guest},
  })
}

function seeBackups(): string {
  return 'See what there is: homelab proxmox backup list'
}

/** `VM 101`, `container 200`, for backups whose guest may be gone. */
export function ownerLabel({guest, type, vmid}: Pick<Backup, 'guest' | 'type' | 'vmid'>): string {
  if (vmid === undefined) return 'an unknown guest'
  const numbered = `${guestNoun(type)} ${vmid}`
  return guest === undefined ? numbered : `${guest} (${numbered})`
}

/**
 * A template for notes as vzdump reads it: one line in which `\n` is a line end and `\\` a backslash (reference 2.14). Line ends are written so, and backslashes
 * that mean nothing else doubled.
 * @returns a `usage` failure for a variable that Proxmox VE does not know
 */
export function notesTemplate(text: string): Result<string, Failure> {
  const line = text.replaceAll(/\\(?![n\\])/g, '\\\\').replaceAll(/\r?\n/g, '\\n')
  const unknown = [...line.matchAll(/\{\{([^{}]*)\}\}/g)].find(
    ([, name = '']) => !NOTE_VARIABLES.includes(name as (typeof NOTE_VARIABLES)[number]),
  )
  if (unknown === undefined) return ok(line)
  return err(
    failure('usage', `the notes have an unknown variable ${unknown[0]}`, {
      hint: `Use ${NOTE_VARIABLES.map((name) => `{{${name}}}`).join(', ')}`,
      details: {field: 'notes', value: unknown[0]},
    }),
  )
}

const NOTE_VARIABLES = ['cluster', 'guestname', 'node', 'vmid'] as const
