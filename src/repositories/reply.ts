import {ResultAsync} from 'neverthrow'
import * as z from 'zod/mini'
import {failure, type Failure} from '../domain/failure.js'
import {failureFromRequest} from './failure-from-request.js'

/**
 * Proxmox writes numbers as numbers or strings and booleans as 1, 0, "1", "" or not at all (reference 2.2), so every field is read with one of
 * these. They give undefined for what was not reported or makes no sense.
 */
export function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

export function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' ? String(value) : undefined
}

export function asFlag(value: unknown): boolean {
  return value === 1 || value === '1' || value === true
}

/** Leaves out what is undefined, so that absent stays absent in JSON. A loop, because lists call it ten thousand times. */
export function present<T extends Record<string, unknown>>(fields: T): {[K in keyof T]: Exclude<T[K], undefined>} {
  const kept: Record<string, unknown> = {}
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key]
  return kept as {[K in keyof T]: Exclude<T[K], undefined>}
}

/** An object with whatever fields: each is read with one of the above, so that nothing is gained by walking through them here. */
export const record = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
)
export const records = z.array(record)
export const upidText = z.string().check(z.startsWith('UPID:'))
export type Fields = z.infer<typeof record>

/**
 * Sends one request and reads its reply.
 * @param what what is being done, for the failure's message: `start VM 101`
 */
export function ask<S extends z.ZodMiniType>(
  what: string,
  send: () => Promise<unknown>,
  schema: S,
): ResultAsync<z.output<S>, Failure> {
  return ResultAsync.fromPromise(send(), (error) => failureFromRequest(error, {what})).andThen((data) => {
    const parsed = schema.safeParse(data)
    return parsed.success
      ? ResultAsync.fromSafePromise(Promise.resolve(parsed.data))
      : ResultAsync.fromPromise<never, Failure>(Promise.reject(new Error('unreadable')), () =>
          unreadable(what, parsed.error),
        )
  })
}

function unreadable(what: string, error: z.core.$ZodError): Failure {
  const first = error.issues[0]
  const where = first === undefined ? '' : ` at ${['data', ...first.path].join('.')}: ${first.message}`
  return failure('protocol-error', `${what}: the server's answer is not what Proxmox VE sends${where}`, {
    hint: 'Is this the address of a Proxmox VE server? Add --debug to see the requests',
  })
}
