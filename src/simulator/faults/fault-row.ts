import type {ActiveFault, FaultKind} from './fault.js'

/** A fault as commands show it: what it is, then what it is about. */
export interface FaultRow {
  readonly id: string
  readonly kind: FaultKind
  readonly state: ActiveFault['state']
  readonly matched?: number
  readonly hits?: number
  readonly [option: string]: unknown
}

export function faultRow({id, spec, state, ...counts}: ActiveFault): FaultRow {
  return {id, state, ...spec, ...counts}
}

/** `fail POST /nodes/*` */
export function describeFault(row: FaultRow): string {
  return [row.kind, aboutFault(row)].filter(Boolean).join(' ')
}

/** What a fault is about, in words. */
export function aboutFault(row: FaultRow): string {
  const {id: _id, kind: _kind, state: _state, matched: _matched, hits: _hits, method, path, ...options} = row
  const said = Object.entries(options).map(([name, value]) => `${name}=${String(value)}`)
  return [method, path, ...said].filter((part) => part !== undefined).join(' ')
}
