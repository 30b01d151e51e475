import type {FinishStep} from '../../services/guest-finish-service.js'
import {failedText} from './results.js'
import type {TargetResult} from '../../services/fan-out.js'
import type {TaskReport} from '../../domain/task.js'
import type {BuiltTemplate, TemplatePlan} from '../../services/template-build-service.js'
import type {Column} from './columns.js'
import {placementLines} from './created-guest.js'
import {renderTable} from './table.js'

const columns: readonly Column<BuiltTemplate>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'name'},
  {key: 'node'},
  {key: 'storage'},
  {key: 'serves', header: 'FOR', format: (value) => (value as string[]).join(', ')},
  {key: 'image.name', header: 'IMAGE'},
  {key: 'image.checksum', header: 'CHECKSUM', format: (value) => `${String(value).slice(0, 19)}…`},
]

export function builtTemplatesText(done: readonly TargetResult<BuiltTemplate>[]): string {
  const built = done.flatMap((result) => (result.ok ? [result.value] : []))
  const failed = done.flatMap((result) => (result.ok ? [] : [failedText(result)]))
  return [...(built.length > 0 ? [renderTable(built, columns, {header: true}).trimEnd()] : []), ...failed].join('\n')
}

export function templatePlanText(plans: readonly TemplatePlan[]): string {
  return plans
    .map((plan) =>
      [
        ...placementLines(plan.placement),
        ...sharedLines(plan),
        `VMID ${plan.vmid}`,
        `checksum ${plan.image.checksum}`,
        ...plan.steps,
        ...Object.entries(plan.parameters).map(([key, value]) => `  ${key}: ${String(value)}`),
      ].join('\n'),
    )
    .join('\n\n')
}

/** Says that one is enough, where it is. */
export function sharedLines({serves}: {readonly serves: readonly string[]}): string[] {
  return serves.length > 1 ? [`its storage is shared: one template is enough for ${serves.join(', ')}`] : []
}

/** All that was waited for. */
export function tasksOfTemplate({steps, task}: {steps: readonly FinishStep[]; task: TaskReport}): TaskReport[] {
  return [task, ...steps.flatMap((step) => step.task ?? [])]
}
