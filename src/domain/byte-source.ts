/** Bytes to send, whose number is known before the first of them. */
export interface ByteSource {
  readonly sizeBytes: number
  /** From the beginning to the end. A piece is good only until the next one is asked for: its memory is used again. */
  pieces(): AsyncIterable<Uint8Array>
}
