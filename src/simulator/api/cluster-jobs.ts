import {parseCalendarEvent} from '../../domain/calendar-event.js'
import {nextRun} from '../../domain/next-run.js'
import {nextEvent} from '../backup/schedule.js'
import {changed, digestOf, sectionValues} from '../config/sections.js'
import {die, paramError} from '../kernel/pve-error.js'

import type {Routes} from '../kernel/call.js'
import type {PropertyRecord} from '../kernel/state.js'

const DEFAULT_ITERATIONS = 10

export const clusterJobsRoutes: Routes = {
  'GET /cluster/jobs/schedule-analyze'(call) {
    const event = parseCalendarEvent(call.required('schedule'))
    const runs: {timestamp: number; utc: string}[] = []
    let time: number | undefined = call.number('starttime') ?? call.world.clock.now()
    const count = call.number('iterations') ?? DEFAULT_ITERATIONS
    const {timezone} = call.world.node(call.node)
    while (event.isOk() && runs.length < count) {
      time = nextEvent(event.value, time, timezone)
      if (time === undefined) break
      runs.push({timestamp: time, utc: perlTime(time)})
    }

    return runs
  },

  'GET /cluster/jobs/realm-sync'({world}) {
    return [...world.store.of('realmSyncJobs').entries()].map(([id, job]) => {
      const event = parseCalendarEvent(String(job['schedule'] ?? ''))
      const next = event.isOk() && job['enabled'] !== 0 ? nextRun(event.value, world.clock.now()) : undefined
      return {...job, id, ...(next !== undefined && {'next-run': next})}
    })
  },

  'GET /cluster/jobs/realm-sync/{id}'(call) {
    const id = call.required('id')
    const jobs = call.world.store.of('realmSyncJobs')
    const job = jobs.get(id) ?? die(`no such realm-sync job: '${id}'`)
    return {...job, id, digest: digestOf(jobs.values())}
  },

  'POST /cluster/jobs/realm-sync/{id}'(call) {
    const id = call.required('id')
    const jobs = call.world.store.of('realmSyncJobs')
    if (jobs.has(id)) die(`realm-sync job '${id}' already exists`)
    const realm = call.text('realm')
    const domain = realm === undefined ? undefined : call.world.store.of('domains').get(realm)
    if (!domain) paramError({realm: `No such realm '${realm ?? ''}'`})
    if (domain?.type !== 'ldap' && domain?.type !== 'ad') paramError({realm: 'Only LDAP/AD realms can be synced'})
    jobs.put(id, {type: 'realm-sync', enabled: 1, ...sectionValues(call.params, 'id')} as PropertyRecord)
    return null
  },

  'PUT /cluster/jobs/realm-sync/{id}'(call) {
    const id = call.required('id')
    const jobs = call.world.store.of('realmSyncJobs')
    const job = jobs.get(id) ?? die(`no such realm-sync job: '${id}'`)
    const values = sectionValues(call.params, 'id', 'delete')
    jobs.put(id, changed(job, values, call.list('delete'), {required: ['schedule', 'realm', 'type']}))
    return null
  },

  'DELETE /cluster/jobs/realm-sync/{id}'(call) {
    const id = call.required('id')
    if (!call.world.store.of('realmSyncJobs').delete(id)) die(`no such realm-sync job: '${id}'`)
    return null
  },
}

/** `Sat Nov 21 09:05:00 2026`, in UTC; the day of the month is padded by a blank. */
export function perlTime(seconds: number): string {
  const [weekday, day, month, year, time] = new Date(seconds * 1000).toUTCString().replace(',', '').split(' ')
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`
}
