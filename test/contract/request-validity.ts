import {loadSchema, type PveVersion, type Schema} from '../../src/schema/schema.js'
import {mergeParameters, type RawParams, validateParameters} from '../../src/simulator/front-door/validate.js'

/** A request as it goes out: the path below `/api2/json`, still URL-encoded, without its query. */
export interface OutgoingRequest {
  readonly method: string
  readonly path: string
  readonly params?: RawParams
}

const schemas = new Map<PveVersion, Schema>()

function schemaOf(version: PveVersion): Schema {
  const known = schemas.get(version) ?? loadSchema(version)
  schemas.set(version, known)
  return known
}

/**
 * What a Proxmox VE of this version would object to before it acts on a request: an unknown method (501) or parameters that it refuses (400). An
 * empty list: the request is valid.
 */
export function requestProblems(version: PveVersion, {method, path, params = {}}: OutgoingRequest): string[] {
  const request = `${method} ${path} on ${version}`
  if (path.includes('?')) return [`${request}: the path has a query; pass it as parameters`]
  const match = schemaOf(version).match(method, decodeURIComponent(path))
  if (match === undefined) return [`${request}: no such method`]
  const merged = mergeParameters(match.pathParams, params)
  const result = merged.ok ? validateParameters(match.method, merged.raw) : merged
  if (result.ok) return []
  return Object.entries(result.errors).map(([name, text]) => `${request}: ${name}: ${text.trimEnd()}`)
}

/** Throws with all problems of a request, if it has any. */
export function assertValidRequest(version: PveVersion, method: string, path: string, params: RawParams = {}): void {
  const problems = requestProblems(version, {method, path, params})
  if (problems.length > 0) throw new Error(problems.join('\n'))
}
