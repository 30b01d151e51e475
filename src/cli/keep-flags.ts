import type {Result} from 'neverthrow'
import type {Failure} from '../domain/failure.js'
import {checkRetention, KEEP_RULES, parseRetention, type Retention} from '../domain/retention.js'
import {countFlag, parsedBy} from './flags.js'
import {Flags} from '@oclif/core'

const KEEPS = {
  last: 'Keep the newest N.',
  hourly: 'Keep the newest of each of N hours.',
  daily: 'Keep the newest of each of N days.',
  weekly: 'Keep the newest of each of N weeks (Monday to Sunday).',
  monthly: 'Keep the newest of each of N months.',
  yearly: 'Keep the newest of each of N years.',
} as const

const keepFlag = (description: string) => countFlag({description, helpGroup: 'KEEP', min: 0})

/** What to keep, by Proxmox VE's own rules; for commands that prune. */
export const keepFlags = {
  keep: Flags.custom<Retention>({parse: parsedBy(parseRetention)})({
    description: 'The rules in one text, as storages and jobs have them: keep-last=3,keep-daily=7.',
    helpGroup: 'KEEP',
    helpValue: 'RULES',
  }),
  'keep-last': keepFlag(KEEPS.last),
  'keep-hourly': keepFlag(KEEPS.hourly),
  'keep-daily': keepFlag(KEEPS.daily),
  'keep-weekly': keepFlag(KEEPS.weekly),
  'keep-monthly': keepFlag(KEEPS.monthly),
  'keep-yearly': keepFlag(KEEPS.yearly),
}

export type KeepFlagValues = {readonly keep?: Retention | undefined} & {
  readonly [rule in `keep-${(typeof KEEP_RULES)[number]}`]?: number | undefined
}

/** The rules that were given, a single flag before `--keep`; undefined when none was. */
export function retentionOf(flags: KeepFlagValues): Result<Retention, Failure> | undefined {
  const single = KEEP_RULES.flatMap((rule) => {
    const count = flags[`keep-${rule}`]
    return count === undefined ? [] : [[rule, count] as const]
  })
  return flags.keep === undefined && single.length === 0
    ? undefined
    : checkRetention({...flags.keep, ...Object.fromEntries(single)})
}
