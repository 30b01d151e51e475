/** Plain JSON, as it is stored and as it goes over the wire. */
export type Json = boolean | null | number | string | readonly Json[] | {readonly [key: string]: Json | undefined}

/**
 * The way a handler dies, as Proxmox's Perl does: an HTTP status and a text. `errors` is the map of a parameter verification.
 * Inside a task the status is dropped and the text becomes the exit status.
 */
export class PveError extends Error {
  override readonly name = 'PveError'

  constructor(
    readonly status: number,
    message: string,
    readonly errors?: Readonly<Record<string, string>>,
  ) {
    super(message)
  }
}

/** A plain `die`: status 500 with this text. */
export function die(text: string): never {
  throw new PveError(500, text)
}

/** A failed parameter verification: status 400 with one text per parameter. */
export function paramError(errors: Readonly<Record<string, string>>): never {
  throw new PveError(400, 'Parameter verification failed.', errors)
}

/** A refused permission: status 403, `Permission check failed (what)`. */
export function permissionError(what?: string): never {
  throw new PveError(403, what === undefined ? 'Permission check failed' : `Permission check failed (${what})`)
}

/** The text of anything thrown; a bug in a handler keeps its message and becomes a 500. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
