import {createHash} from 'node:crypto'

import {die, PveError, type Json} from '../kernel/pve-error.js'

import type {Params} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

/** Runs what Proxmox does under a file's lock: a failure gets the prefix of that step and always is a 500, whatever its status was. */
export function underLock<T>(prefix: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof PveError)) throw error
    return die(`${prefix}: ${exceptionText(error)}`)
  }
}

/** The text of an exception that became part of another text: its status in front, the parameters' texts behind. */
function exceptionText({status, message, errors}: PveError): string {
  const details = Object.entries(errors ?? {}).map(([key, text]) => `\n${key}: ${text}`)
  return `${status === 500 ? '' : `${status} `}${message}${details.join('')}`
}

/** SHA-1 over records, as the digest of the file they stand for. */
export function digestOf(records: Iterable<unknown>): string {
  const hash = createHash('sha1')
  for (const record of records) hash.update(JSON.stringify(record))
  return hash.digest('hex')
}

/** Refuses a change that was made against another state of the file. */
export function assertDigest(given: string | undefined, current: string): void {
  if (given !== undefined && given !== '' && given !== current)
    die('detected modified configuration - file changed by other user? Try again.')
}

export interface SectionRules {
  /** Options that may never be removed. */
  readonly required?: readonly string[]
  /** Options of this type of section; absent: all there are. */
  readonly known?: ReadonlySet<string>
}

/** The record after a change: `values` set, `removed` gone. Values win over an equal removal only by being refused, as in Proxmox. */
export function changed(
  record: PropertyRecord,
  values: PropertyRecord,
  removed: readonly string[],
  {required = [], known}: SectionRules = {},
): PropertyRecord {
  const result: {[key: string]: Json} = {}
  for (const [key, value] of Object.entries({...record, ...values})) if (value !== undefined) result[key] = value
  for (const key of removed) {
    if (known && !known.has(key)) die(`no such option '${key}'`)
    if (required.includes(key)) die(`unable to delete required option '${key}'`)
    if (Object.hasOwn(values, key)) die(`unable to set and delete '${key}' at the same time`)
    delete result[key]
  }

  return result
}

/** Parameters that make up a section: all but the given ones and the absent. */
export function sectionValues(params: Params, ...without: readonly string[]): PropertyRecord {
  return Object.fromEntries(
    Object.entries(params).filter(([key, value]) => !without.includes(key) && value !== undefined && value !== null),
  ) as PropertyRecord
}
