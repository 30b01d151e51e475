import type {TargetResult} from '../../services/fan-out.js'
import {asTime} from './human.js'
import {failedText} from './results.js'
import type {RefreshedTemplate, RefreshReason, TemplateRefreshPlan} from '../../services/template-refresh-service.js'

export const REASONS: Readonly<Record<RefreshReason, string>> = {
  'image-changed': 'its publisher has another image now',
  'too-old': 'it is too old',
}

const NOTHING = 'no template here was made by homelab proxmox template build'

export function refreshedText(done: readonly TargetResult<RefreshedTemplate>[]): string {
  return textOf(done, ({builtAt, changed, previous, vmid}) => {
    if (!changed) return `is up to date, built ${asTime(builtAt)}`
    const old = previous?.deleted === true ? 'deleted' : `kept as ${previous?.name}`
    return `is VM ${vmid} now; VM ${previous?.vmid} of ${asTime(previous?.builtAt)} is ${old}`
  })
}

export function refreshPlanText(done: readonly TargetResult<TemplateRefreshPlan>[]): string {
  return textOf(done, ({builtAt, reason, steps}) =>
    reason === undefined
      ? `is up to date, built ${asTime(builtAt)}`
      : [`would be built anew, because ${REASONS[reason]}`, ...steps.map((step) => `  ${step}`)].join('\n'),
  )
}

function textOf<T>(done: readonly TargetResult<T>[], say: (value: T) => string): string {
  if (done.length === 0) return NOTHING
  return done.map((result) => (result.ok ? `${result.target} ${say(result.value)}` : failedText(result))).join('\n')
}
