import type {TaskReport} from '../../domain/task.js'
import {failedText} from './results.js'
import type {CreatedGuest, GuestCreatePlan, GuestSource, PlacementReport} from '../../services/guest-create-report.js'
import type {TargetResult} from '../../services/fan-out.js'
import type {Column} from './columns.js'
import {renderTable} from './table.js'

const columns: readonly Column<CreatedGuest>[] = [
  {key: 'vmid', header: 'VMID', align: 'right'},
  {key: 'name'},
  {key: 'node'},
  {key: 'status'},
  {
    key: 'source',
    header: 'MADE OF',
    format: (value) => sourceText(value as GuestSource),
  },
  {
    key: 'task',
    header: 'TOOK',
    format: (value) => `${(value as CreatedGuest['task']).durationSeconds}s`,
    align: 'right',
  },
]

/** One line on the decision, and why each other node is out. */
export function placementLines({node, reason, rejected}: PlacementReport): string[] {
  const others = rejected.map((other) => `${other.node}: ${other.reason}`).join('; ')
  const known = others === '' || reason.includes(others)
  return [`on ${node}: ${reason}${known ? '' : ` (not ${others})`}`]
}

export function createdGuestText(created: CreatedGuest): string {
  return renderTable([created], columns, {header: true}).trimEnd()
}

/** Those that were made, then why the others were not. */
export function createdGuestsText(done: readonly TargetResult<CreatedGuest>[], asked: number): string {
  const made = done.flatMap((result) => (result.ok ? [result.value] : []))
  const failed = done.flatMap((result) => (result.ok ? [] : [failedText(result)]))
  const rest = asked - done.length
  return [
    ...(made.length > 0 ? [renderTable(made, columns, {header: true}).trimEnd()] : []),
    ...failed,
    `${made.length} created, ${failed.length} failed${rest > 0 ? `, ${rest} not begun` : ''}`,
  ].join('\n')
}

function sourceText(source: GuestSource): string {
  switch (source.kind) {
    case 'template': {
      return source.name ?? String(source.vmid)
    }

    case 'empty': {
      return 'nothing'
    }

    default: {
      return source.volume
    }
  }
}

/** What a plan says to people. */
export function planText(plans: readonly GuestCreatePlan[]): string {
  return plans
    .map((plan) =>
      [
        ...(plans.length > 1 ? [`${plan.name}:`] : []),
        ...placementLines(plan.placement),
        `VMID ${plan.vmid}`,
        ...plan.steps,
        ...(plan.source.kind === 'template'
          ? []
          : Object.entries(plan.parameters).map(([key, value]) => `  ${key}: ${String(value)}`)),
      ].join('\n'),
    )
    .join('\n\n')
}

/** All that was waited for. */
export function tasksOf(created: readonly CreatedGuest[]): TaskReport[] {
  return created.flatMap(({steps = [], task}) => [task, ...steps.flatMap((step) => step.task ?? [])])
}
