import type {ParamValue} from '../kernel/call.js'

/** A request the server refuses before it looks at the API. `text` is the body; most refusals have none. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    readonly text = '',
  ) {
    super(reason)
  }
}

export type RawParameters = Record<string, ParamValue>

/** Where the real server reports a JSON error; its text is part of the answer. */
const AT = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 917.'

/** Decodes `a=1&b=2;c`: both separators, `+` is a blank, a raw `=` ends the value, repeated keys become a list (reference 2.1). */
export function decodeForm(text: string): RawParameters {
  const params: RawParameters = {}
  if (text === '') return params
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue
    const [rawKey, rawValue = ''] = pair.split('=')
    const key = decode(rawKey!)
    const value = decode(rawValue)
    const old = params[key]
    if (old === undefined) params[key] = value
    else params[key] = Array.isArray(old) ? [...(old as ParamValue[]), value] : [old, value]
  }

  return params
}

function decode(text: string): string {
  const blanks = text.replaceAll('+', ' ')
  if (!blanks.includes('%')) return blanks
  const bytes = blanks.replaceAll(/%([\dA-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  // what is not percent-encoded may already hold other characters than Latin-1
  return /[^\0-\u00FF]/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Decodes the body of a POST or PUT by its content type: form (also without a type) or JSON. */
export function decodeBody(body: Buffer, contentType: string | undefined): RawParameters {
  const type = contentType?.split(';', 1)[0]!.trim().toLowerCase() ?? ''
  if (type === '' || type === 'application/x-www-form-urlencoded') return decodeForm(body.toString('utf8'))
  if (type === 'application/json') return decodeJson(body.toString('utf8'))
  const reason = `upload 'Content-Type '${contentType}' not implemented`
  throw new HttpError(506, reason, reason)
}

function decodeJson(text: string): RawParameters {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const at = errorOffset(text)
    const rest = text.slice(at)
    const before = rest === '' ? '(end of string)' : rest.slice(0, 20)
    const reason = `malformed JSON string, neither tag, array, object, number, string or atom, at character offset ${at} (before "${before}") ${AT}`
    throw new HttpError(500, reason, `${reason}\n`)
  }

  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const reason = `Not a HASH reference ${AT}`
    throw new HttpError(500, reason, `${reason}\n`)
  }

  return value as RawParameters
}

/** Where the longest prefix that could still become JSON ends. */
function errorOffset(text: string): number {
  const tokens = /\s*(?:"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null|[{}[\]:,])/y
  while (tokens.lastIndex < text.length) {
    const from = tokens.lastIndex
    if (!tokens.test(text)) return from
  }

  return text.length
}
