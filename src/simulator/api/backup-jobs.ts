import {randomUUID} from 'node:crypto'

import {parseCalendarEvent} from '../../domain/calendar-event.js'
import {parsePropertyString} from '../../domain/property-string.js'
import {guestVolumes} from '../backup/guest-volumes.js'
import {
  checkOptionRights,
  checkSelectionLocked,
  jobOptions,
  lockedText,
  mergeJobOptions,
  selectedVmids,
} from '../backup/job-options.js'
import {nextEvent} from '../backup/schedule.js'
import {withClusterLock} from '../config/cluster-lock.js'
import {die, paramError} from '../kernel/pve-error.js'
import {checkPoolExists} from '../guest/access.js'

import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {GuestRecord, PropertyRecord} from '../kernel/state.js'

const PATH = '/cluster/backup'
/** Options that are answered as objects. */
const OBJECTS = ['fleecing', 'performance', 'prune-backups']

export const backupJobsRoutes: Routes = {
  [`GET ${PATH}`](call) {
    const {world} = call
    const {timezone} = world.node(call.node)
    return [...world.store.of('backupJobs').values()].map((job) => {
      const event = parseCalendarEvent(String(job['schedule'] ?? ''))
      const next = event.isOk() ? nextEvent(event.value, world.clock.now(), timezone) : undefined
      return {...job, ...(next !== undefined && {'next-run': next})}
    })
  },

  [`POST ${PATH}`](call) {
    const jobs = call.world.store.of('backupJobs')
    checkRights(call)
    const schedule = scheduleOf(call, true)
    const id = call.text('id') ?? randomUUID()
    return withClusterLock(call, 'file-jobs_cfg', () => {
      if (jobs.has(id)) die(`Job '${id}' already exists`)
      const options = {...readOptions(call), ...(schedule !== undefined && {schedule})}
      checkSelectionLocked(options)
      jobs.put(id, {enabled: 1, ...withObjects(options), id, type: 'vzdump'})
      return null
    })
  },

  [`GET ${PATH}/{id}`]: (call) => findJob(call),

  [`PUT ${PATH}/{id}`](call) {
    const jobs = call.world.store.of('backupJobs')
    checkRights(call)
    const schedule = scheduleOf(call, false)
    return withClusterLock(call, 'file-jobs_cfg', () => {
      const id = call.required('id')
      const old = jobs.get(id) ?? die('no such vzdump job')
      const changes = {...readOptions(call), ...(schedule !== undefined && {schedule})}
      const job = mergeJobOptions(old, withObjects(changes), call.list('delete'))
      checkSelectionLocked(job)
      jobs.put(id, job)
      return null
    })
  },

  [`DELETE ${PATH}/{id}`]: (call) =>
    withClusterLock(call, 'file-vzdump_cron', () => {
      const id = call.required('id')
      if (!call.world.store.of('backupJobs').delete(id)) die(lockedText({id: `No such job '${id}'`}))
      return null
    }),

  [`GET ${PATH}/{id}/included_volumes`](call) {
    const job = findJob(call)
    const node = job['node'] === undefined ? undefined : String(job['node'])
    return {children: selectedVmids(call.world, job, node).map((vmid) => includedGuest(call, vmid))}
  },

  'GET /cluster/backup-info': () => [{subdir: 'not-backed-up'}],

  /** Whether a job is switched on doesn't matter, nor whether its storage is there. */
  'GET /cluster/backup-info/not-backed-up'(call) {
    const {world} = call
    const covered = new Set(
      [...world.store.of('backupJobs').values()].flatMap((job) =>
        selectedVmids(world, job, job['node'] === undefined ? undefined : String(job['node'])),
      ),
    )
    return [...world.store.of('guests').values()]
      .filter(({vmid}) => !covered.has(vmid) && call.has(`/vms/${vmid}`, 'VM.Audit'))
      .map((guest) => ({
        vmid: guest.vmid,
        type: guest.type,
        ...(guestName(guest) !== undefined && {name: guestName(guest)!}),
      }))
  },
}

function findJob(call: Call): PropertyRecord {
  const id = call.required('id')
  return call.world.store.of('backupJobs').get(id) ?? paramError({id: `No such job '${id}'`})
}

function checkRights(call: Call): void {
  checkOptionRights(call)
  const pool = call.text('pool')
  if (pool === undefined) return
  checkPoolExists(call, pool)
  call.check(`/pool/${pool}`, 'VM.Backup')
}

/** The schedule, from the old form with a time and weekdays, too. */
function scheduleOf(call: Call, mustBe: boolean): string | undefined {
  const schedule = call.text('schedule')
  const start = call.text('starttime')
  if (schedule !== undefined && start !== undefined)
    paramError({starttime: "'starttime' and 'schedule' cannot both be set"})
  if (schedule !== undefined) return schedule
  if (start === undefined)
    return mustBe ? paramError({schedule: "neither 'starttime' nor 'schedule' were set"}) : undefined
  const days = call.list('dow')
  return days.length === 0 || days.length === 7 ? start : `${days.join(',')} ${start}`
}

function readOptions(call: Call): PropertyRecord {
  const schema = call.world.schema.find('POST', PATH)?.parameters.properties ?? {}
  const {delete: _delete, id: _id, starttime: _start, dow: _days, schedule: _schedule, ...params} = call.params
  return jobOptions(params, (option) => ['boolean', 'integer'].includes(String(schema[option]?.type)))
}

function withObjects(options: PropertyRecord): PropertyRecord {
  const result: {[option: string]: PropertyRecord[string]} = {...options}
  for (const option of OBJECTS) {
    const value = result[option]
    if (typeof value === 'string')
      result[option] = Object.fromEntries(parsePropertyString(value, {defaultKey: 'enabled'}))
  }

  return result
}

function includedGuest({world}: Call, vmid: number): Json {
  const guest = world.store.of('guests').get(vmid)
  if (!guest) return {id: vmid, type: 'unknown', leaf: 0, children: []}
  return {
    id: vmid,
    type: guest.type,
    name: guestName(guest) ?? `${guest.type === 'lxc' ? 'CT' : 'VM'} ${vmid}`,
    leaf: 0,
    children: guestVolumes(guest).map(({key, volid, included, reason}) => ({
      id: `${vmid}:${key}`,
      name: volid,
      included: included ? 1 : 0,
      reason,
      leaf: 1,
    })),
  }
}

function guestName({config}: GuestRecord): string | undefined {
  const name = config['name'] ?? config['hostname']
  return name === undefined ? undefined : String(name)
}
