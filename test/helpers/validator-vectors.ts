import {readFileSync} from 'node:fs'
import {gunzipSync} from 'node:zlib'

/** A request and what Proxmox VE 9.2 said to it; 200 means that its parameters are in order. */
export interface Vector {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly why: string
  readonly form?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly expect: {readonly code: number; readonly errors?: Readonly<Record<string, string>>}
}

export function validatorVectors(): readonly Vector[] {
  return gunzipSync(readFileSync(new URL('../fixtures/validator-vectors.jsonl.gz', import.meta.url)))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Vector)
}
