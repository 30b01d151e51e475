import {met, pending, type Verdict} from './wait-condition.js'

/** What asks for it; understood by every release of cloud-init, unlike `--format json`. */
export const CLOUD_INIT_STATUS = ['cloud-init', 'status', '--long'] as const

/**
 * What `cloud-init status --long` says, as a verdict on "cloud-init is done".
 * @param output what it printed; an exit code of 2 with `status: done` means that it recovered from errors
 */
export function cloudInitVerdict(output: string): Verdict {
  const fields = new Map(
    [...output.matchAll(/^([a-z_]+):[ \t]*(.*)$/gm)].map((match) => [match[1] ?? '', (match[2] ?? '').trim()]),
  )
  const extended = fields.get('extended_status') ?? ''
  const status = fields.get('status') ?? ''
  const detail = errorDetail(output)
  if (status === 'error' || extended.startsWith('error')) {
    return {state: 'impossible', seen: `cloud-init reports an error${detail === undefined ? '' : `: ${detail}`}`}
  }

  if (status === 'disabled') return {state: 'impossible', seen: 'cloud-init is disabled in the guest'}
  if (status === 'done') return met(extended.startsWith('degraded') ? 'done, with recovered errors' : 'done')
  return pending(status === '' ? 'cloud-init says nothing yet' : `cloud-init: ${status}`)
}

/** The first of its errors: listed under `errors:`, and under `detail:` in older releases. */
function errorDetail(output: string): string | undefined {
  const listed = /^errors:[ \t]*\n[ \t]+-[ \t]*(\S.*)$/m.exec(output)?.[1]
  const inline = /^errors:[ \t]*\[(\S.*)\]$/m.exec(output)?.[1]
  const detail = /^detail:[ \t]*\n?(\S.*)$/m.exec(output)?.[1]
  return (listed ?? inline ?? detail)?.trim()
}
