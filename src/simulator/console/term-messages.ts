/** What a client of a terminal sends (reference 2.7): keys as `0:BYTES:DATA`, a size as `1:COLUMNS:ROWS:`, and `2` to stay connected. */
export type TermMessage =
  | {readonly kind: 'keys'; readonly bytes: Buffer}
  | {readonly kind: 'size'; readonly columns: number; readonly rows: number}

const KEYS = 0x30
const SIZE = 0x31
const COLON = 0x3a
/** Longer than any number that makes sense. */
const MAX_DIGITS = 20

/** Takes messages out of a stream of bytes, wherever that was cut; what is no message is passed over byte by byte. */
export class TermMessages {
  private buffer: Buffer = Buffer.alloc(0)
  /** Keys of the last message that have not arrived yet. */
  private owed = 0

  push(bytes: Buffer): TermMessage[] {
    this.buffer = Buffer.concat([this.buffer, bytes])
    const messages: TermMessage[] = []
    for (let found = this.next(); found !== 'incomplete'; found = this.next()) if (found) messages.push(found)
    return messages
  }

  private next(): TermMessage | 'incomplete' | undefined {
    if (this.owed > 0) return this.keys()
    const [type] = this.buffer
    if (type === undefined) return 'incomplete'
    if (type !== KEYS && type !== SIZE) {
      this.buffer = this.buffer.subarray(1)
      return undefined
    }

    const first = this.number(2)
    if (first === undefined) return 'incomplete'
    if (type === KEYS) {
      this.buffer = this.buffer.subarray(first.end)
      this.owed = first.value
      return undefined
    }

    const second = this.number(first.end)
    if (second === undefined) return 'incomplete'
    this.buffer = this.buffer.subarray(second.end)
    return first.value > 0 && second.value > 0 ? {kind: 'size', columns: first.value, rows: second.value} : undefined
  }

  private keys(): TermMessage | 'incomplete' {
    if (this.buffer.length === 0) return 'incomplete'
    const bytes = this.buffer.subarray(0, this.owed)
    this.owed -= bytes.length
    this.buffer = this.buffer.subarray(bytes.length)
    return {kind: 'keys', bytes}
  }

  /** A number from `start` to the next colon; one that is none counts as 0. */
  private number(start: number): {value: number; end: number} | undefined {
    const colon = this.buffer.indexOf(COLON, start)
    if (colon === -1) return this.buffer.length - start > MAX_DIGITS ? {value: 0, end: this.buffer.length} : undefined
    const text = this.buffer.subarray(start, colon).toString('latin1')
    return {value: /^\d{1,9}$/.test(text) ? Number(text) : 0, end: colon + 1}
  }
}
