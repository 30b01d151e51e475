import {parseCalendarEvent} from '../../domain/calendar-event.js'
import {nextEvent} from './schedule.js'
import {startBackup} from './vzdump.js'

import type {PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** How often the nodes look whether a job is due. */
const ROUND_SECONDS = 60
/** What a job has besides the options of a backup. */
const PLANNING = new Set(['comment', 'enabled', 'id', 'next-run', 'node', 'repeat-missed', 'schedule', 'type'])

/** Lets planned backup jobs run when they are due, on each node for its own guests, as root@pam. */
export function startBackupScheduler(world: World): void {
  let checked = world.clock.now()
  world.clock.every(ROUND_SECONDS, () => {
    const since = checked
    checked = world.clock.now()
    for (const job of world.store.of('backupJobs').values()) runWhereDue(world, job, since)
  })
}

function runWhereDue(world: World, job: PropertyRecord, since: number): void {
  const event = parseCalendarEvent(String(job['schedule'] ?? ''))
  if (event.isErr() || job['enabled'] === 0) return
  const options = Object.fromEntries(Object.entries(job).filter(([option]) => !PLANNING.has(option)))
  for (const {node, power, timezone} of world.members()) {
    if (power !== 'on' || !world.isQuorate(node)) continue
    if (job['node'] !== undefined && job['node'] !== node) continue
    const due = nextEvent(event.value, since, timezone)
    if (due !== undefined && due <= world.clock.now())
      startBackup({world, node, user: 'root@pam'}, {...options, quiet: 1})
  }
}
