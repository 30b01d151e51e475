export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** How a terminal is over: the other side ended it, or the connection broke. */
export type TerminalEnd = 'ended' | 'lost'

/** A terminal at the other end of a line. */
export interface Terminal {
  /** Types. Resolves when more may be typed. */
  write(bytes: Uint8Array): Promise<void>
  resize(size: TerminalSize): void
  readonly closed: Promise<TerminalEnd>
  /** Leaves. Resolves when that is done, which takes a second at most. */
  close(): Promise<void>
}
