/** The parts of a worker's identity (reference 2.8). */
export interface UpidParts {
  readonly node: string
  readonly pid: number
  /** Start of the process in hundredths of a second since the node's boot. */
  readonly pstart: number
  /** Epoch seconds. */
  readonly starttime: number
  readonly type: string
  readonly id: string
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
}

const PATTERN =
  /^UPID:([a-zA-Z\d](?:[a-zA-Z\d-]*[a-zA-Z\d])?):([\dA-Fa-f]{8}):([\dA-Fa-f]{8,9}):([\dA-Fa-f]{8}):([^\s/:]+):([^\s/:]*):([^\s/:]+):$/

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0')

/** Writes a UPID; an id that may hold any text (a file name) is percent-encoded as the server does. */
export function formatUpid(parts: UpidParts): string {
  const id = parts.id.replaceAll(/[^\w.@~-]/g, (char) => encodeURIComponent(char))
  return `UPID:${parts.node}:${hex(parts.pid)}:${hex(parts.pstart)}:${hex(parts.starttime)}:${parts.type}:${id}:${parts.user}:`
}

/** Undefined for a text that is no UPID. */
export function parseUpid(text: string): UpidParts | undefined {
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [, node, pid, pstart, starttime, type, id, user] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const number = (digits: string): number => Number.parseInt(digits, 16)
  return {node, pid: number(pid), pstart: number(pstart), starttime: number(starttime), type, id, user}
}
