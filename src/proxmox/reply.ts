import type {HttpReply} from './http.js'
import type {Problem} from './request-error.js'

/** What Proxmox VE answered. */
export interface Reply {
  /** Untrusted: numbers may be strings, booleans 1, 0 or absent (reference 2.2). */
  readonly data: unknown
  /** Of lists in pages and task logs: how many there are. */
  readonly total?: number
  /** The pending changes of a node's network, as a diff. */
  readonly changes?: string
  /** A remark beside the data. */
  readonly message?: string
}

/** The reply in an HTTP answer, or the problem it is. */
export function readReply(http: HttpReply): {reply: Reply} | {problem: Problem} {
  const {status, reason, body} = http
  const json = parseObject(body)
  if (status >= 400) {
    const errors = textMap(json?.errors)
    const message = typeof json?.message === 'string' ? json.message.trim() : ''
    // Servers before 8.3 say it in the reason phrase only, and a 401, 595 or 596 has no body on any version.
    return {
      problem: {
        kind: 'status',
        status,
        reason,
        text: message === '' ? reason.trim() : message,
        ...(errors && {errors}),
      },
    }
  }

  if (status !== 200) {
    const detail = status >= 300 ? `redirected (${status} ${reason})` : `unexpected status ${status} ${reason}`
    return {problem: {kind: 'protocol', status, detail: detail.trim()}}
  }

  if (!json) {
    return {
      problem: {
        kind: 'protocol',
        status,
        detail: body === '' ? 'the answer is empty' : 'the answer is not a JSON object',
      },
    }
  }

  const total = typeof json.total === 'string' ? Number(json.total) : json.total
  return {
    reply: {
      data: json.data ?? null,
      ...(typeof total === 'number' && Number.isFinite(total) && {total}),
      ...(typeof json.changes === 'string' && {changes: json.changes}),
      ...(typeof json.message === 'string' && {message: json.message.trim()}),
    },
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** `errors` by parameter, without the newlines its texts may end in. */
function textMap(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text).trim()]))
}
