import {err, ok, type Result} from 'neverthrow'
import {failure, type Failure} from './failure.js'

/** The parts of a task's identity: `UPID:node:pid:pstart:starttime:type:id:user:` (reference 2.8). */
export interface Upid {
  readonly upid: string
  readonly node: string
  readonly startTime: Date
  readonly type: string
  /** A VMID, a storage, or nothing: depends on the type. */
  readonly id: string
  readonly user: string
}

const PATTERN =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:([0-9A-Fa-f]{8}):([^\s/:]+):([^\s/:]*):([^\s/:]+):$/

/** Undefined for a text that is no UPID. */
export function parseUpid(text: string): Upid | undefined {
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, node, start, type, id, user] = match as unknown as [string, string, string, string, string, string]
  return {upid: text, node, startTime: new Date(Number.parseInt(start, 16) * 1000), type, id, user}
}

/** A text that came from a person. */
export function readUpid(text: string): Result<Upid, Failure> {
  const upid = parseUpid(text)
  return upid === undefined
    ? err(
        failure('usage', `"${text}" is not a task's UPID`, {
          hint: 'Copy one from: homelab proxmox task list',
          details: {field: 'upid', value: text},
        }),
      )
    : ok(upid)
}
