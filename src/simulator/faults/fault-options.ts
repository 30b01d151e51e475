import {err, ok, type Result} from 'neverthrow'

import {failure, type Failure} from '../../domain/failure.js'

import type {FaultKind, FaultSpec, Moment} from './fault.js'

/** Everything that can be said about a fault on a command line; what a kind makes of it is in the table. */
export interface FaultOptions {
  readonly method?: string | undefined
  readonly path?: string | undefined
  readonly node?: string | undefined
  readonly status?: number | undefined
  readonly text?: string | undefined
  readonly when?: Moment | undefined
  readonly seconds?: number | undefined
  readonly type?: string | undefined
  readonly vmid?: number | undefined
  readonly lock?: string | undefined
  readonly storage?: string | undefined
  readonly freeBytes?: number | undefined
  readonly nth?: number | undefined
  readonly times?: number | 'always' | undefined
}

type Option = keyof FaultOptions

const COUNTED = ['nth', 'times'] as const
const REQUEST = ['method', 'path', 'node', ...COUNTED] as const
const TASK = ['type', 'vmid', 'node', ...COUNTED] as const

/** What each kind of fault needs and takes. */
const KINDS: Readonly<Record<FaultKind, {readonly needs?: readonly Option[]; readonly takes?: readonly Option[]}>> = {
  fail: {takes: [...REQUEST, 'status', 'text', 'when']},
  drop: {takes: [...REQUEST, 'when']},
  delay: {needs: ['seconds'], takes: [...REQUEST, 'when']},
  truncate: {takes: REQUEST},
  'task-fail': {takes: [...TASK, 'text']},
  'task-hang': {takes: TASK},
  'task-warn': {takes: [...TASK, 'text']},
  lock: {needs: ['vmid'], takes: ['lock']},
  'storage-full': {needs: ['storage'], takes: ['node', 'freeBytes']},
  'tickets-expired': {},
  'node-offline': {needs: ['node']},
  'node-online': {needs: ['node']},
  'api-down': {needs: ['node']},
  'daemon-down': {needs: ['node']},
  'no-quorum': {takes: ['node']},
  certificate: {takes: ['node']},
}

/** Every kind of fault, in the order help shows them. */
export const FAULT_KINDS = Object.keys(KINDS) as FaultKind[]

/** The flag that says an option. */
const flagOf = (option: string): string => `--${option === 'freeBytes' ? 'free' : option}`

/**
 * The fault that options describe.
 * @returns `usage` for an option the kind does not take, or one that it lacks
 */
export function faultSpec(kind: FaultKind, options: FaultOptions): Result<FaultSpec, Failure> {
  const {needs = [], takes = []} = KINDS[kind]
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const missing = needs.find((option) => options[option] === undefined)
  if (missing !== undefined)
    return err(
      failure('usage', `${kind} needs ${flagOf(missing)}`, {
        hint: 'See what each takes: homelab simulator fault add --help',
      }),
    )
  const wrong = given.find(([option]) => ![...needs, ...takes].includes(option as Option))
  if (wrong) {
    const possible = [...needs, ...takes].map(flagOf)
    return err(
      failure('usage', `${kind} takes no ${flagOf(wrong[0])}`, {
        hint: possible.length === 0 ? 'it takes no flags' : `it takes ${possible.join(', ')}`,
      }),
    )
  }

  return ok({kind, ...Object.fromEntries(given)} as FaultSpec)
}
