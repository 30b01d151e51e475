import type {IncomingMessage} from 'node:http'

import {HttpError} from './body.js'

const MAX_HEADERS = 64
const MAX_HEADER_BYTES = 8 * 1024
const METHODS: ReadonlySet<string> = new Set(['DELETE', 'GET', 'POST', 'PUT'])

export interface Address {
  /** Below `/api2/FORMAT`, decoded. */
  readonly path: string
  readonly format: string
}

export const hasBody = (method: string): boolean => method === 'POST' || method === 'PUT'

/** Splits `/api2/json/version` into format and path; anything else is a page the simulator does not have. */
export function splitAddress(path: string): Address {
  const match = /^\/+api2(?:\/([^/]*)(.*))?$/s.exec(path)
  if (!match) throw new HttpError(404, `no such file '${path}'`)
  return {format: match[1] ?? '', path: match[2] === '' || match[2] === undefined ? '/' : match[2]}
}

export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    throw new HttpError(400, 'Bad Request')
  }
}

export function checkProtocol(request: IncomingMessage, method: string): void {
  if (!METHODS.has(method)) throw new HttpError(501, `method '${method}' not available`)
  const raw = request.rawHeaders
  if (raw.length / 2 >= MAX_HEADERS) throw new HttpError(400, 'too many http header lines (> 64)')
  let bytes = 0
  for (const text of raw) bytes += text.length + 2
  if (bytes > MAX_HEADER_BYTES) throw new HttpError(400, 'http header too large')
  if (request.headers['transfer-encoding'] !== undefined)
    throw new HttpError(501, 'chunked transfer encoding not supported', 'chunked transfer encoding not supported')
  if (!hasBody(method) && Number(request.headers['content-length'] ?? 0) > 0) {
    const reason = `Unexpected content for method '${method}'`
    throw new HttpError(501, reason, reason)
  }
}

export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit)
    return Promise.reject(new HttpError(501, 'for data too large', 'for data too large'))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

export function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
