/** What a program sees when its terminal is gone. */
export class Hangup extends Error {
  constructor() {
    super('hangup')
  }
}

export type Line =
  {readonly kind: 'end'} | {readonly kind: 'interrupt'} | {readonly kind: 'text'; readonly text: string}

interface Size {
  readonly columns: number
  readonly rows: number
}

const CTRL_C = 0x03
const CTRL_D = 0x04
const BACKSPACE = 0x08
const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const CTRL_U = 0x15
const DELETE = 0x7f
/** What nobody reads is kept up to here, as in a pseudo-terminal. */
const MAX_UNREAD = 4096

/**
 * A terminal with the line discipline of a Unix one: it echoes what is typed, edits the line and hands it over when it is complete. Whoever types is
 * attached; without anybody what the program says is kept, or lost where `keeps` is false as on a serial line.
 */
export class Tty {
  private readonly viewers = new Set<(bytes: Buffer) => void>()
  private readonly lines: Line[] = []
  private reader: {resolve: (line: Line) => void; reject: (error: Error) => void} | undefined
  private line: number[] = []
  private unread: Buffer[] = []
  private unreadBytes = 0
  private hidden = false
  /** What is echoed of what is being typed right now: shown in one piece. */
  private echoes: Buffer[] | undefined
  private gone = false

  /**
   * @param size how large it is before anybody says so; undefined: it never knows, as a serial line
   * @param keeps whether output waits for somebody to read it
   */
  constructor(
    private known: Size | undefined,
    private readonly keeps: boolean,
  ) {}

  get size(): Size | undefined {
    return this.known
  }

  resize(columns: number, rows: number): void {
    if (this.known) this.known = {columns, rows}
  }

  /** Shows the terminal to somebody, until the returned function is called. */
  attach(viewer: (bytes: Buffer) => void): () => void {
    this.viewers.add(viewer)
    const waiting = this.unread.splice(0)
    this.unreadBytes = 0
    if (waiting.length > 0) viewer(Buffer.concat(waiting))
    return () => this.viewers.delete(viewer)
  }

  /** The program writes; a newline goes to the start of the next line. */
  write(text: string): void {
    this.show(Buffer.from(text.replaceAll('\n', '\r\n')))
  }

  /**
   * The next line that is typed, without its end.
   * @param hidden nothing of it is echoed
   * @throws Hangup when the terminal is gone
   */
  read({hidden = false}: {hidden?: boolean} = {}): Promise<Line> {
    this.hidden = hidden
    const ready = this.lines.shift()
    if (ready) return Promise.resolve(ready)
    if (this.gone) return Promise.reject(new Hangup())
    return new Promise((resolve, reject) => {
      this.reader = {resolve, reject}
    })
  }

  /** Somebody types. */
  input(bytes: Uint8Array): void {
    const echo: Buffer[] = []
    this.echoes = echo
    for (const byte of bytes) this.key(byte)
    this.echoes = undefined
    if (echo.length > 0) this.show(Buffer.concat(echo))
  }

  /** Whoever reads from it is told that it is gone. */
  hangUp(): void {
    this.gone = true
    this.reader?.reject(new Hangup())
    this.reader = undefined
  }

  private key(byte: number): void {
    switch (byte) {
      case RETURN:
      case NEWLINE: {
        this.show(Buffer.from('\r\n'))
        this.complete({kind: 'text', text: Buffer.from(this.line).toString('utf8')})
        break
      }

      case BACKSPACE:
      case DELETE: {
        this.erase()
        break
      }

      case CTRL_U: {
        while (this.line.length > 0) this.erase()
        break
      }

      case CTRL_C: {
        this.echo('^C\r\n')
        this.complete({kind: 'interrupt'})
        break
      }

      case CTRL_D: {
        if (this.line.length === 0) this.complete({kind: 'end'})
        break
      }

      default: {
        this.line.push(byte)
        if (byte < 0x20 && byte !== TAB) this.echo(`^${String.fromCodePoint(byte + 0x40)}`)
        else if (!this.hidden) this.show(Buffer.from([byte]))
      }
    }
  }

  /** Takes back the last character, with all of its bytes. */
  private erase(): void {
    let removed = this.line.pop()
    if (removed === undefined) return
    const wide = removed < 0x20 && removed !== TAB
    while (removed !== undefined && (removed & 0xc0) === 0x80) removed = this.line.pop()
    this.echo('\b \b'.repeat(wide ? 2 : 1))
  }

  private complete(line: Line): void {
    this.line = []
    const {reader} = this
    this.reader = undefined
    if (reader) reader.resolve(line)
    else this.lines.push(line)
  }

  private echo(text: string): void {
    if (!this.hidden) this.show(Buffer.from(text))
  }

  private show(bytes: Buffer): void {
    if (this.echoes) {
      this.echoes.push(bytes)
      return
    }

    for (const viewer of this.viewers) viewer(bytes)
    if (this.viewers.size > 0 || !this.keeps) return
    this.unread.push(bytes)
    this.unreadBytes += bytes.length
    while (this.unreadBytes > MAX_UNREAD && this.unread.length > 1) this.unreadBytes -= this.unread.shift()!.length
  }
}
