import {failure, type Failure, type FailureKind} from '../domain/failure.js'
import {describe, RequestError, type Problem} from '../proxmox/request-error.js'
import {meaningOf, type Meaning} from './failure-rules.js'

/** What was being done, as the end of a sentence that begins with "Cannot": `start VM 101`. */
export interface RequestContext {
  readonly what: string
}

/**
 * The failure that a failed request is. The one place that reads Proxmox VE's texts; everything above goes by `kind` and `details`.
 * @param error a RequestError; anything else is a bug and becomes `unexpected`
 */
export function failureFromRequest(error: unknown, {what}: RequestContext): Failure {
  if (!(error instanceof RequestError)) {
    return failure('unexpected', `Cannot ${what}: ${error instanceof Error ? error.message : String(error)}`)
  }

  const cannot = `Cannot ${what}`
  // A login that failed means that the request itself was never sent.
  const write = error.method !== 'get' && !isLogin(error)
  const {problem} = error
  switch (problem.kind) {
    case 'not-connected': {
      return failure('unreachable', `${cannot}: ${describe(problem)}`, {
        hint: unreachableHint(problem),
        details: {
          reason: 'not-connected',
          endpoints: problem.attempts.map(({endpoint, reason}) => ({endpoint, reason})),
        },
      })
    }

    case 'certificate-changed': {
      return failure(
        'certificate-changed',
        `${cannot}: ${error.endpoint ?? 'the server'} shows another certificate than the one that is trusted. Nothing was sent to it`,
        {
          hint: `Trusted ${problem.expected}, shown ${problem.actual}. If the certificate was renewed, compare it on the node with "openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256" and trust it: homelab auth login ${error.endpoint ?? 'URL'}`,
          details: {endpoint: error.endpoint, expected: problem.expected, actual: problem.actual},
        },
      )
    }

    case 'certificate-untrusted': {
      return failure(
        'certificate-untrusted',
        `${cannot}: nobody vouches for the certificate of ${error.endpoint ?? 'the server'} (${problem.code}). Nothing was sent to it`,
        {
          hint: untrustedHint(problem, error.endpoint),
          details: {
            endpoint: error.endpoint,
            code: problem.code,
            ...(problem.actual !== undefined && {actual: problem.actual}),
          },
        },
      )
    }

    case 'lost': {
      if (write) return unknownOutcome(error, what, describe(problem))
      return failure('unreachable', `${cannot}: ${describe(problem)}`, {
        hint: 'The server was reached and then fell silent. Try again in a moment',
        details: {reason: 'lost', endpoint: error.endpoint},
      })
    }

    case 'unfinished': {
      return failure('unreachable', `${cannot}: ${describe(problem)}, so nothing of it was stored`, {
        hint: 'Try again; the way to the server broke while the file was on it',
        details: {reason: 'unfinished', endpoint: error.endpoint, sentBytes: problem.sentBytes},
      })
    }

    case 'source': {
      return failure('unexpected', `${cannot}: ${describe(problem)}. Nothing was stored`, {details: {reason: 'source'}})
    }

    case 'protocol': {
      // A 200 means that it was done, whatever came after.
      if (write && problem.status === 200) return unknownOutcome(error, what, describe(problem))
      return failure(
        'protocol-error',
        `${cannot}: ${error.endpoint ?? 'the server'} does not answer like Proxmox VE: ${problem.detail}`,
        {
          hint: 'Is this the address of a Proxmox VE server, with its port (8006)? Add --debug to see the requests',
          details: {endpoint: error.endpoint, status: problem.status},
        },
      )
    }

    case 'aborted': {
      return failure('interrupted', `Interrupted: ${what}`, {
        details: {sent: problem.sent},
        ...(write &&
          problem.sent && {hint: 'The request was sent and may have been carried out. See: homelab proxmox task list'}),
      })
    }

    case 'second-factor': {
      return failure('authentication', `${cannot}: the login needs a second factor`, {
        hint:
          problem.methods.length > 0
            ? 'Run it on a terminal, where the code can be asked for, or use an API token: homelab auth login URL'
            : 'This account has second factors that need a browser only. Use an API token',
        details: {reason: 'second-factor', methods: problem.methods},
      })
    }

    case 'invalid-path': {
      return failure('invalid-parameter', `${cannot}: ${describe(problem)}`, {details: {reason: 'invalid-path'}})
    }

    case 'status': {
      return fromStatus(error, problem, what)
    }
  }
}

/** How a failed task's exit status reads: its kind, and what more is known from it. */
export function meaningOfTaskExit(exitStatus: string): Meaning {
  const text = exitStatus.trim()
  if (/^(?:received interrupt|interrupted by signal)$/.test(text)) {
    return {kind: 'task-failed', details: {reason: 'task-stopped'}, hint: 'Someone stopped the task'}
  }

  if (/^unexpected status$|^unable to get last line/.test(text)) {
    return {
      kind: 'task-failed',
      details: {reason: 'task-died'},
      hint: 'The task ended without a word, as when its node loses power. Check what it left behind',
    }
  }

  if (text === 'job errors' || /^migration (?:aborted|problems)$/.test(text)) {
    return {kind: 'task-failed', details: {reason: 'see-log'}, hint: 'The reason is in the log of the task'}
  }

  const meaning = meaningOf(text)
  if (!meaning) return {kind: 'task-failed', details: {reason: 'task-failed'}}
  // Only where an exit code of its own tells a script what to do; other reasons are a failed task like any.
  return TASK_KINDS.has(meaning.kind) ? meaning : {...meaning, kind: 'task-failed'}
}

/** The kind of failure a task's exit status is; `task-failed` unless the text says more. */
export function taskFailureKind(exitStatus: string): FailureKind {
  return meaningOfTaskExit(exitStatus).kind
}

const TASK_KINDS: ReadonlySet<FailureKind> = new Set([
  'digest-changed',
  'locked',
  'no-quorum',
  'protected',
  'vmid-conflict',
] as const)

/** Somebody else has the VMID, whether that came out at once or in the task. */
export function isVmidTaken(failed: Failure): boolean {
  return failed.kind === 'vmid-conflict'
}

/** A clone to another node was refused, because the disks are on storage of this one. */
export function usesLocalStorage(failed: Failure): boolean {
  return failed.details?.reason === 'local-storage'
}

/** The guest isn't on the node that was asked: it was deleted or has moved. Its node must be looked up again. */
export function isGuestNotThere(failed: Failure): boolean {
  return failed.details?.reason === 'guest-not-there'
}

/** Starting was refused because it runs already. */
export function isAlreadyRunning(failed: Failure): boolean {
  return failed.details?.reason === 'already-running'
}

/** Stopping was refused because it doesn't run. */
export function isNotRunning(failed: Failure): boolean {
  return failed.details?.reason === 'not-running'
}

/** The cluster still has the HA groups of older releases, and no rules. */
export function hasHaGroups(failed: Failure): boolean {
  return failed.details?.reason === 'ha-groups-in-force'
}

/** A lock that passes by itself, unlike that of a guest's configuration. */
export function isLockTimeout(failed: Failure): boolean {
  return failed.details?.reason === 'lock-timeout'
}

/** A container that is being cloned, or has a disk changed, is locked for as long as that takes (reference 2.13). */
export function isDiskLock(failed: Failure): boolean {
  return failed.details?.reason === 'guest-locked' && failed.details.lock === 'disk'
}

/** Nobody but root@pam with its password may do it; a token of root@pam may not. */
export function isRootOnly(failed: Failure): boolean {
  return failed.details?.reason === 'root-only' || failed.details?.reason === 'ticket-needed'
}

/** The node that was to do it can't be reached by the one that was asked; the server did nothing. */
export function isNodeUnreachable(failed: Failure): boolean {
  return failed.details?.reason === 'node-unreachable'
}

function isLogin(error: RequestError): boolean {
  return error.path === '/access/ticket'
}

function fromStatus(error: RequestError, problem: Extract<Problem, {kind: 'status'}>, what: string): Failure {
  const {status, text, errors} = problem
  const login = isLogin(error)
  const details = {status, ...(errors && Object.keys(errors).length > 0 && {errors})}
  const cannot = `Cannot ${what}: `
  if (status === 401) return unauthorized(cannot, text, login, details)
  if (status === 403) return forbidden(cannot, text, details)
  if (status >= 595 && status <= 599) return fromProxy(error, problem, what)

  // A refused parameter says by its own text when it is something else than a bad value.
  const fields = Object.entries(errors ?? {})
  const special = fields.map(([, fieldText]) => meaningOf(fieldText)).find((meaning) => meaning !== undefined)
  const said =
    fields.length > 0 ? fields.map(([name, fieldText]) => `${name}: ${oneLine(fieldText)}`).join('; ') : oneLine(text)
  if (status === 400 && special) return withMeaning(special, cannot + said, details)
  const meaning = meaningOf(text)
  if (meaning && (status !== 501 || meaning.kind === 'not-supported'))
    return withMeaning(meaning, cannot + said, details)
  if (status === 400) {
    return failure('invalid-parameter', cannot + (said || 'a parameter is not accepted'), {
      hint: 'See what the command takes: add --help',
      details,
    })
  }

  if (status === 501) {
    return failure('not-supported', cannot + oneLine(text), {
      hint: 'This version of Proxmox VE does not have it. See the version: homelab proxmox cluster status',
      details,
    })
  }

  return failure('unexpected', cannot + (oneLine(text) || `the server answered ${status}`), {
    hint: 'The words are those of Proxmox VE. The system log of the node may say more: journalctl -u pvedaemon -u pveproxy',
    details,
  })
}

function unauthorized(
  cannot: string,
  text: string,
  login: boolean,
  details: Readonly<Record<string, unknown>>,
): Failure {
  // The server never says which of them is wrong, only its log does (reference 2.3).
  if (login) {
    return failure('authentication', `${cannot}the login was refused`, {
      hint: 'Check the user with its realm (name@pam or name@pve), the password and the second factor; too many wrong codes lock the account',
      details: {...details, reason: 'login-refused'},
    })
  }

  const expired = /expired|disabled/.test(text)
  return failure('authentication', `${cannot}${text === '' ? 'the server does not know who asks' : oneLine(text)}`, {
    hint: expired
      ? 'The token or its user has expired or is disabled. Log in again: homelab auth login URL'
      : 'The API token is unknown, or its secret wrong. Log in again: homelab auth login URL',
    details: {...details, reason: expired ? 'credentials-expired' : 'credentials-refused'},
  })
}

/** `Permission check failed (/vms/100, VM.Clone)` names what is missing; several privileges, one of which would do, stand with a bar between. */
function forbidden(cannot: string, text: string, details: Readonly<Record<string, unknown>>): Failure {
  const message = `${cannot}${oneLine(text)}`
  const check = /\((?<path>\/[^,]*)?, (?<privileges>[A-Za-z.|]+)\)/.exec(text)?.groups
  if (check?.privileges !== undefined) {
    const path = check.path ?? '/'
    const privileges = check.privileges.split('|')
    return failure('permission', message, {
      hint: `The privilege ${privileges.join(' or ')} is needed on ${path}. A token with privilege separation needs it for itself, besides its user: Datacenter, Permissions, Add`,
      details: {...details, reason: 'privilege-missing', path, privileges},
    })
  }

  if (/need proper ticket|user != root@pam|only allowed for root@pam/.test(text)) {
    return failure('permission', message, {
      hint: 'An API token may not do this; log in with user and password, for some things as root@pam',
      details: {...details, reason: /ticket/.test(text) ? 'ticket-needed' : 'root-only'},
    })
  }

  if (/pool '[^']+' does not exist/.test(text)) {
    return failure('not-found', message, {
      hint: 'See which pools there are: homelab proxmox api get /pools',
      details: {...details, reason: 'pool-unknown'},
    })
  }

  return failure('permission', message, {
    hint: 'See what the user may do: homelab proxmox api get /access/permissions',
    details: {...details, reason: 'forbidden'},
  })
}

/** 595 to 599 come from the node that was asked and are about the one that was to do it (reference 2.2, 2.5). */
function fromProxy(error: RequestError, problem: Extract<Problem, {kind: 'status'}>, what: string): Failure {
  const node = /^\/nodes\/([^/]+)/.exec(error.path)?.[1]
  const name = node === undefined ? 'the node' : `node ${decodeURIComponent(node)}`
  const text = oneLine(problem.text)
  const details = {status: problem.status, ...(node !== undefined && {node: decodeURIComponent(node)})}
  // Without a connection, or without TLS on it, the node never saw the request.
  const sent = problem.status !== 595 && !/SSL|certificate/i.test(text)
  if (sent && error.method !== 'get')
    return unknownOutcome(error, what, `${name} did not answer (${problem.status} ${text})`, details)
  return failure('unreachable', `Cannot ${what}: ${name} does not answer (${problem.status} ${text})`, {
    hint: 'See which nodes are online: homelab proxmox node list',
    details: {...details, reason: sent ? 'node-silent' : 'node-unreachable'},
  })
}

function unknownOutcome(
  error: RequestError,
  what: string,
  why: string,
  details: Readonly<Record<string, unknown>> = {},
): Failure {
  return failure('outcome-unknown', `It is unknown whether this was done: ${what}: ${why}`, {
    hint: 'It was sent once and not repeated. Look for its task before trying again: homelab proxmox task list',
    details: {
      ...details,
      ...(error.endpoint !== undefined && {endpoint: error.endpoint}),
      method: error.method,
      path: error.path,
    },
  })
}

function withMeaning(meaning: Meaning, message: string, details: Readonly<Record<string, unknown>>): Failure {
  return failure(meaning.kind, message, {
    ...(meaning.hint !== undefined && {hint: meaning.hint}),
    details: {...details, ...meaning.details},
  })
}

function untrustedHint({code, actual}: Extract<Problem, {kind: 'certificate-untrusted'}>, endpoint = 'URL'): string {
  return code === 'UNKNOWN_FINGERPRINT'
    ? `Its fingerprint ${actual ?? ''} is not known yet. It is learned from the first endpoint when that answers, or can be given to this one in the configuration`
    : `See its fingerprint and trust it: homelab auth login ${endpoint}; or name the authority that signed it as caFile`
}

function unreachableHint(problem: Extract<Problem, {kind: 'not-connected'}>): string {
  switch (problem.reason) {
    case 'dns': {
      return 'The name has no address. Check its spelling, or use the IP address'
    }

    case 'tls': {
      return 'Something answers there, but not with TLS as Proxmox VE does. Check the port: Proxmox VE listens on 8006'
    }

    case 'refused':
    case 'reset': {
      return 'The host is up, but nothing listens there. Check the port (8006) and whether pveproxy runs on it'
    }

    default: {
      return 'Check that the host is on, that the network leads there (VPN?) and that no firewall is in between. Add --debug to see what was tried'
    }
  }
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ')
}
