export type Method = 'get' | 'post' | 'put' | 'delete'

/** Why no connection came about. */
export type NotConnectedReason = 'closed' | 'dns' | 'other' | 'refused' | 'reset' | 'timeout' | 'tls' | 'unreachable'

/** One endpoint that was tried in vain. */
export interface Attempt {
  readonly endpoint: string
  readonly reason: NotConnectedReason | 'untrusted'
  /** Node's or OpenSSL's code. */
  readonly code?: string
}

/**
 * What became of a request. With every kind but `lost`, `status` and `protocol` it is certain that the server did nothing;
 * `aborted` says by `sent` whether it is.
 */
export type Problem =
  /** Nothing was sent: no endpoint took a connection. */
  | {
      readonly kind: 'not-connected'
      readonly reason: NotConnectedReason
      readonly code?: string
      readonly attempts: readonly Attempt[]
    }
  /** Nothing was sent: the certificate isn't the pinned one. */
  | {readonly kind: 'certificate-changed'; readonly expected: string; readonly actual: string}
  /** Nothing was sent: nobody vouches for the certificate. */
  | {readonly kind: 'certificate-untrusted'; readonly code: string; readonly actual?: string}
  /** Sent, and the answer never came, or not whole: the server may have acted. */
  | {readonly kind: 'lost'; readonly reason: 'reset' | 'timeout'; readonly code?: string}
  /** The connection broke while a file was being sent: the server acts on a whole one only, so it did nothing. */
  | {
      readonly kind: 'unfinished'
      readonly reason: 'reset' | 'timeout'
      readonly sentBytes: number
      readonly code?: string
    }
  /** What was to be sent could not be read, or is not what it was said to be: it was not sent to its end. */
  | {readonly kind: 'source'; readonly detail: string}
  /** The server said no. `text` is its JSON message, or the reason phrase of those that send none. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly reason: string
      readonly text: string
      readonly errors?: Readonly<Record<string, string>>
    }
  /** An answer that isn't Proxmox VE's. */
  | {readonly kind: 'protocol'; readonly status: number; readonly detail: string}
  /** The caller gave up. */
  | {readonly kind: 'aborted'; readonly sent: boolean}
  /** The login wants a second factor and there is nobody to ask. */
  | {readonly kind: 'second-factor'; readonly methods: readonly string[]}
  /** The path has a segment that can't be sent. */
  | {readonly kind: 'invalid-path'}

/** A request that failed. Holds no parameters, no headers and no secrets, so it can be printed and inspected. */
export class RequestError extends Error {
  /** Goes by the name, because parts that are loaded late may bring their own copy of this class when run from source. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'RequestError' && 'problem' in value
  }

  override readonly name = 'RequestError'
  readonly problem: Problem
  readonly method: Method
  /** Below `/api2/json`, encoded. */
  readonly path: string
  /** The endpoint that was asked last. */
  readonly endpoint?: string

  constructor(problem: Problem, request: {method: Method; path: string; endpoint?: string | undefined}) {
    super(`${request.method.toUpperCase()} ${request.path}: ${describe(problem)}`)
    this.problem = problem
    this.method = request.method
    this.path = request.path
    if (request.endpoint !== undefined) this.endpoint = request.endpoint
  }

  /** True when the server certainly didn't act on the request. */
  get provablyNotDone(): boolean {
    switch (this.problem.kind) {
      case 'lost':
      case 'protocol': {
        return false
      }

      case 'aborted': {
        return !this.problem.sent
      }

      case 'status': {
        // 501 knows no such method, and 595 is a node that never got the request. A 500 may have come half way through.
        return this.problem.status < 500 || this.problem.status === 501 || this.problem.status === 595
      }

      default: {
        return true
      }
    }
  }
}

/** One line on what happened, for messages. */
export function describe(problem: Problem): string {
  switch (problem.kind) {
    case 'not-connected': {
      return problem.attempts.map((attempt) => `${attempt.endpoint} ${describeReason(attempt)}`).join(', ')
    }

    case 'certificate-changed': {
      return `the certificate has the fingerprint ${problem.actual}, not ${problem.expected}`
    }

    case 'certificate-untrusted': {
      return `the certificate is not trusted (${problem.code})`
    }

    case 'lost': {
      return problem.reason === 'timeout' ? 'no answer in time' : 'the connection broke before the answer came'
    }

    case 'unfinished': {
      const how = problem.reason === 'timeout' ? 'the server took nothing any more' : 'the connection broke'
      return `${how} after ${problem.sentBytes} bytes`
    }

    case 'source': {
      return problem.detail
    }

    case 'status': {
      return `${problem.status} ${problem.text}`.trim()
    }

    case 'protocol': {
      return problem.detail
    }

    case 'aborted': {
      return 'interrupted'
    }

    case 'second-factor': {
      return `the login needs a second factor (${problem.methods.join(', ')})`
    }

    case 'invalid-path': {
      return 'the path has an empty segment, "." or ".."'
    }
  }
}

const REASONS: Record<Attempt['reason'], string> = {
  closed: 'closed the connection',
  dns: 'has no address',
  other: 'takes no connection',
  refused: 'refused the connection',
  reset: 'reset the connection',
  timeout: 'did not answer in time',
  tls: 'speaks no usable TLS',
  unreachable: 'is not reachable',
  untrusted: 'has a certificate nobody vouches for',
}

function describeReason(attempt: Attempt): string {
  return attempt.reason === 'other' && attempt.code ? `${REASONS.other} (${attempt.code})` : REASONS[attempt.reason]
}
