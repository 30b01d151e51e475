import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from './failure.js'
import {guestNoun, type GuestType} from './guest.js'
import type {GuestNow} from './guest-now.js'
import {closest} from './suggest.js'

/** Something about a guest that can be waited for. `text` is how it was written. */
export type WaitCondition = {readonly text: string} & (
  | {readonly kind: 'agent' | 'cloud-init' | 'ip4' | 'ip6' | 'lock-free' | 'running' | 'stopped'}
  /** A GET of a path at the guest's own address; without `port` that of the scheme. */
  | {readonly kind: 'http'; readonly scheme: 'http' | 'https'; readonly port?: number; readonly path: string}
  | {readonly kind: 'tcp'; readonly port: number}
  /** A GET of exactly this address, wherever it leads. */
  | {readonly kind: 'url'; readonly url: string}
)

/** Whether a condition holds now, or ever can; `seen` says what there was to see, in a few words. */
export interface Verdict {
  readonly state: 'impossible' | 'met' | 'pending'
  readonly seen: string
}

const PLAIN = ['running', 'stopped', 'agent', 'ip4', 'ip6', 'cloud-init', 'lock-free'] as const
/** The conditions there are, as a hint or a help text shows them. */
export const WAIT_CONDITIONS = [...PLAIN, 'tcp:PORT', 'http:[PORT]/PATH', 'https:[PORT]/PATH'] as const

/** Reads a condition as people write it: `running`, `tcp:22`, `http:/health`, `https:8443/health`, `https://app.lan/health`. */
export function parseWaitCondition(text: string): Result<WaitCondition, Failure> {
  const plain = PLAIN.find((known) => known === text)
  if (plain !== undefined) return ok({text, kind: plain})
  if (/^https?:\/\//.test(text)) return parseUrl(text)

  const tcp = /^tcp:(\d+)$/.exec(text)
  if (tcp !== null) return portOf(text, tcp[1] ?? '').map((port) => ({text, kind: 'tcp', port}))

  const http = /^(https?):(\d*)(\/\S*)?$/.exec(text)
  if (http !== null && (http[2] !== '' || http[3] !== undefined)) {
    const scheme = http[1] === 'https' ? 'https' : 'http'
    const path = http[3] ?? '/'
    if (http[2] === '') return ok({text, kind: 'http', scheme, path})
    return portOf(text, http[2] ?? '').map((port) => ({text, kind: 'http', scheme, port, path}))
  }

  return refuse(text, 'is not a condition')
}

function parseUrl(text: string): Result<WaitCondition, Failure> {
  if (!URL.canParse(text)) return refuse(text, 'is not an address')
  const {username, password} = new URL(text)
  return username === '' && password === ''
    ? ok({text, kind: 'url', url: text})
    : err(failure('usage', 'an address to wait for must not hold a user or a password', {hint: 'leave them out'}))
}

function portOf(text: string, digits: string): Result<number, Failure> {
  const port = Number(digits)
  return port >= 1 && port <= 65_535 ? ok(port) : refuse(text, `has no port between 1 and 65535`)
}

function refuse(text: string, why: string): Result<never, Failure> {
  const near = closest(text, PLAIN)
  return err(
    failure('usage', `"${text}" ${why}`, {
      hint: `${near === undefined ? '' : `did you mean ${near}? `}use one of ${WAIT_CONDITIONS.join(', ')}`,
      details: {value: text, known: WAIT_CONDITIONS},
    }),
  )
}

/** Whether it can only hold while the guest runs. */
export function needsRunning({kind}: WaitCondition): boolean {
  return kind !== 'stopped' && kind !== 'lock-free' && kind !== 'url'
}

/** Conditions that no guest of this type can ever fulfil, or that exclude each other; before anything is asked. */
export function checkConditions(
  conditions: readonly WaitCondition[],
  type: GuestType,
  any: boolean,
): Result<readonly WaitCondition[], Failure> {
  const foreign = type === 'lxc' ? conditions.find(({kind}) => kind === 'agent' || kind === 'cloud-init') : undefined
  if (foreign !== undefined) {
    const what = foreign.kind === 'agent' ? 'guest agent' : 'cloud-init'
    return err(
      failure('not-supported', `cannot wait for ${foreign.text}: a ${guestNoun(type)} has no ${what} in Proxmox VE`, {
        hint: 'Wait for running, ip4 or tcp:22 instead',
        details: {condition: foreign.text, type},
      }),
    )
  }

  const stopped = conditions.find(({kind}) => kind === 'stopped')
  const running = conditions.find((condition) => needsRunning(condition))
  if (!any && stopped !== undefined && running !== undefined) {
    return err(
      failure('usage', `${stopped.text} and ${running.text} cannot hold at the same time`, {
        hint: 'Leave one of them out, or wait for either with --any',
      }),
    )
  }

  return ok(conditions)
}

/** What the guest's own status says about a condition; undefined where more has to be asked. */
export function judgeByStatus(condition: WaitCondition, now: GuestNow): Verdict | undefined {
  const {kind} = condition
  const {agentEnabled, lock, status} = now
  if (kind === 'url') return undefined
  if (kind === 'stopped') return status === 'stopped' ? met(status) : pending(status)
  if (kind === 'lock-free') return lock === undefined ? met('not locked') : pending(`locked (${lock})`)
  if (now.template) return {state: 'impossible', seen: 'it is a template, which never runs'}
  if (kind === 'running') return status === 'running' ? met(status) : pending(status)
  if (agentEnabled === false && kind !== 'tcp' && kind !== 'http') {
    return NO_AGENT
  }

  return status === 'running' ? undefined : pending(status)
}

export const NO_AGENT: Verdict = {
  state: 'impossible',
  seen: 'the guest agent is not switched on in its configuration',
}

export function met(seen: string): Verdict {
  return {state: 'met', seen}
}

export function pending(seen: string): Verdict {
  return {state: 'pending', seen}
}
