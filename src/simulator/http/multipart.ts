import {createHash, type Hash, randomBytes} from 'node:crypto'

import {HttpError} from './body.js'

import type {IncomingMessage} from 'node:http'
import type {Upload} from '../kernel/call.js'

/** Fields in the order they must come (reference 2.6). */
const FIELDS = ['content', 'checksum-algorithm', 'checksum']
const DIGESTS = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']
const HEADER_LIMIT = 8 * 1024
const FIELD_LIMIT = 64 * 1024
const WRONG_FIELD_LINE = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 1281.'

/** A multipart error is reported over two lines, which leaves nothing but the bare status. */
const malformed = (): HttpError => new HttpError(400, 'Bad Request')

/**
 * Receives `POST …/upload` as the real server does: fixed order of the fields, then the file, whose content is measured and hashed, not kept.
 * @throws HttpError for what the real server refuses
 */
export async function receiveUpload(
  request: IncomingMessage,
): Promise<{fields: Record<string, string>; upload: Upload}> {
  const boundary = /boundary="?([^";]+)"?/.exec(request.headers['content-type'] ?? '')?.[1]
  if (boundary === undefined) throw malformed()
  const reader = new Reader(request, boundary)
  const fields: Record<string, string> = {}
  await reader.start()
  let last = -1
  for (;;) {
    const headers = await reader.headers()
    if (headers === undefined) throw malformed()
    const disposition = /^content-disposition:\s*form-data;\s*name="?([^";]+)"?(?:;\s*filename="([^"]*)")?/i.exec(
      headers[0] ?? '',
    )
    if (!disposition) throw new HttpError(500, 'upload failed', 'upload failed')
    const [, name = '', filename] = disposition
    if (filename !== undefined) {
      if (name !== 'filename') {
        const reason = `wrong field name '${name}' for file upload, expected 'filename' ${WRONG_FIELD_LINE}`
        throw new HttpError(500, reason, `${reason}\n`)
      }

      const algorithm = fields['checksum-algorithm']
      const {size, hash} = await reader.file(
        algorithm !== undefined && DIGESTS.includes(algorithm) ? algorithm : 'sha256',
      )
      request.resume()
      return {
        fields: {...fields, filename},
        upload: {filename, size, path: `/var/tmp/pveupload-${randomBytes(16).toString('hex')}`, digest: () => hash},
      }
    }

    const at = FIELDS.indexOf(name)
    if (at <= last || (name === 'checksum' && fields['checksum-algorithm'] === undefined)) throw malformed()
    last = at
    fields[name] = await reader.text()
  }
}

/** Reads a multipart stream part by part without holding more than a chunk of it. */
class Reader {
  private buffer: Buffer = Buffer.alloc(0)
  private readonly delimiter: Buffer
  private readonly chunks: AsyncIterator<Buffer>

  constructor(
    request: IncomingMessage,
    private readonly boundary: string,
  ) {
    this.delimiter = Buffer.from(`\r\n--${boundary}`)
    this.chunks = (request as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  }

  /** Passes the first boundary. */
  async start(): Promise<void> {
    const first = `--${this.boundary}\r\n`
    while (this.buffer.length < first.length && (await this.more()));
    if (this.buffer.subarray(0, first.length).toString() !== first) throw malformed()
    this.buffer = this.buffer.subarray(first.length)
  }

  /** The header lines of the next part; undefined after the last one. */
  async headers(): Promise<readonly string[] | undefined> {
    let end = this.buffer.indexOf('\r\n\r\n')
    while (end === -1) {
      if (this.buffer.length > HEADER_LIMIT) throw malformed()
      if (!(await this.more())) return undefined
      end = this.buffer.indexOf('\r\n\r\n')
    }

    const lines = this.buffer.subarray(0, end).toString('utf8').split('\r\n')
    this.buffer = this.buffer.subarray(end + 4)
    return lines
  }

  /** The content of a field. */
  async text(): Promise<string> {
    const parts: Buffer[] = []
    let size = 0
    await this.content((chunk) => {
      size += chunk.length
      if (size > FIELD_LIMIT) throw malformed()
      parts.push(Buffer.from(chunk))
    })
    return Buffer.concat(parts).toString('utf8')
  }

  /** Size and digest of a file part. */
  async file(algorithm: string): Promise<{size: number; hash: string}> {
    const hash: Hash = createHash(algorithm)
    let size = 0
    await this.content((chunk) => {
      size += chunk.length
      hash.update(chunk)
    })
    return {size, hash: hash.digest('hex')}
  }

  /** Hands over the content up to the next boundary and passes that. */
  private async content(take: (chunk: Buffer) => void): Promise<void> {
    for (;;) {
      const end = this.buffer.indexOf(this.delimiter)
      if (end !== -1) {
        take(this.buffer.subarray(0, end))
        this.buffer = this.buffer.subarray(end + this.delimiter.length)
        while (this.buffer.length < 2 && (await this.more()));
        this.buffer = this.buffer.subarray(2)
        return
      }

      const safe = this.buffer.length - this.delimiter.length
      if (safe > 0) {
        take(this.buffer.subarray(0, safe))
        this.buffer = this.buffer.subarray(safe)
      }

      if (!(await this.more())) throw malformed()
    }
  }

  private async more(): Promise<boolean> {
    const {done, value} = await this.chunks.next()
    if (done) return false
    this.buffer = this.buffer.length === 0 ? value : Buffer.concat([this.buffer, value])
    return true
  }
}
