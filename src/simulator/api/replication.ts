import {parseCalendarEvent} from '../../domain/calendar-event.js'
import {nextRun} from '../../domain/next-run.js'
import {withClusterLock} from '../config/cluster-lock.js'
import {assertDigest, changed, digestOf, sectionValues} from '../config/sections.js'
import {die, paramError, permissionError, type Json} from '../kernel/pve-error.js'
import {DISK_KEY, volumeOf} from '../views/disks.js'
import {isShared} from '../views/node-figures.js'

import type {Call, Routes} from '../kernel/call.js'
import type {GuestRecord, PropertyRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

declare module '../kernel/state.js' {
  interface State {
    /** By job id: what the last run of a replication job left. */
    replicationStatus: PropertyRecord
  }
}

const DEFAULT_SCHEDULE = '*/15'
/** The only storage that can send what has changed since a snapshot. */
const REPLICATING = new Set(['zfspool'])
const RUN_SECONDS = 3
const LOCK = 'file-replication_cfg'

export const replicationRoutes: Routes = {
  'GET /cluster/replication'(call) {
    return jobs(call.world)
      .filter(([, job]) => call.has(`/vms/${String(job['guest'])}`, 'VM.Audit'))
      .map(([id, job]) => ({...job, id}))
  },

  'GET /cluster/replication/{id}'(call) {
    const id = call.required('id')
    const job = call.world.store.of('replication').get(id) ?? die(`no such replication job '${id}'`)
    if (!call.has(`/vms/${String(job['guest'])}`, 'VM.Audit')) permissionError()
    return {...job, id, digest: digestOf(call.world.store.of('replication').values())}
  },

  'POST /cluster/replication'(call) {
    const {world} = call
    const id = call.required('id')
    const target = call.required('target')
    const [guestId = '', number] = id.split('-')
    const guest = world.store.of('guests').get(guestId) ?? die(`Guest '${guestId}' does not exist.`)
    const isMember = world.meta.clusterName !== undefined && world.members().some(({node}) => node === target)
    if (!isMember) die(`Target '${target}' does not exist.`)
    const source = call.text('source')
    if (source !== undefined && source !== guest.node)
      die(`Source '${source}' does not match current node of guest '${guestId}' (${guest.node})`)
    if (target === guest.node) die('Source and target must not be identical')
    if (replicable(world, guest).length === 0) die('No replicatable volumes found')
    return withClusterLock(call, LOCK, () => {
      const stored = world.store.of('replication')
      if (stored.has(id)) die(`replication job '${id}' already exists`)
      const values = sectionValues(call.params, 'id')
      stored.put(id, {...values, source: guest.node, guest: Number(guestId), jobnum: Number(number)})
      return null
    })
  },

  'PUT /cluster/replication/{id}'(call) {
    const id = call.required('id')
    const stored = call.world.store.of('replication')
    return withClusterLock(call, LOCK, () => {
      assertDigest(call.text('digest'), digestOf(stored.values()))
      const job = stored.get(id) ?? die(`no such job '${id}'`)
      const values = sectionValues(call.params, 'id', 'digest', 'delete')
      stored.put(id, changed(job, values, call.list('delete'), {required: ['type', 'target']}))
      return null
    })
  },

  /** With `force` nothing is asked; otherwise the next run clears up behind the job. */
  'DELETE /cluster/replication/{id}'(call) {
    const id = call.required('id')
    const stored = call.world.store.of('replication')
    if (call.flag('force')) {
      if (call.flag('keep')) paramError({keep: "conflicts with parameter 'force'"})
      stored.delete(id)
      return null
    }

    const job = stored.get(id) ?? die(`no such job '${id}'`)
    stored.put(id, {...job, remove_job: call.flag('keep') ? 'local' : 'full'})
    call.world.clock.after(RUN_SECONDS, () => {
      if (stored.get(id)?.['remove_job'] !== undefined) stored.delete(id)
    })
    return null
  },

  'GET /nodes/{node}/replication'(call) {
    const guest = call.number('guest')
    return jobs(call.world)
      .filter(([, job]) => job['source'] === call.node && (guest === undefined || job['guest'] === guest))
      .filter(([, job]) => call.has(`/vms/${String(job['guest'])}`, 'VM.Audit'))
      .map(([id, job]) => status(call.world, id, job))
  },

  'GET /nodes/{node}/replication/{id}': () => ['schedule_now', 'log', 'status'].map((name) => ({name})),

  'GET /nodes/{node}/replication/{id}/status'(call) {
    const [id, job] = localJob(call)
    return status(call.world, id, job)
  },

  'GET /nodes/{node}/replication/{id}/log'(call) {
    const [id] = localJob(call)
    const log = call.world.store.of('replicationStatus').get(id)?.['log']
    const lines = Array.isArray(log) ? log.map(String) : []
    call.total = Math.max(1, lines.length)
    return lines.length === 0 ? [{n: 1, t: 'no content'}] : lines.map((line, index) => ({n: index + 1, t: line}))
  },

  'POST /nodes/{node}/replication/{id}/schedule_now'(call) {
    const [id] = localJob(call)
    call.world.clock.after(RUN_SECONDS, () => runJob(call.world, id))
    return null
  },
}

function jobs({store}: World): readonly (readonly [string, PropertyRecord])[] {
  return [...store.of('replication').entries()].sort(([a], [b]) => (a < b ? -1 : 1))
}

function localJob(call: Call): readonly [string, PropertyRecord] {
  const id = call.required('id')
  const job = call.world.store.of('replication').get(id) ?? die(`no such replication job '${id}'`)
  if (!call.has(`/vms/${String(job['guest'])}`, 'VM.Audit')) permissionError()
  return [id, job]
}

/** The volumes a job has to copy; a guest with one that cannot be replicated has no job. */
function replicable(world: World, guest: GuestRecord): readonly string[] {
  return Object.entries(guest.config).flatMap(([key, value]) => {
    const text = String(value)
    const volid = DISK_KEY.test(key) && !text.includes('media=cdrom') ? volumeOf(value) : undefined
    if (volid === undefined || /(?:^|,)replicate=0/.test(text)) return []
    const storage = world.store.of('storages').get(volid.split(':', 1)[0]!)
    if (!storage || isShared(storage)) return []
    if (!REPLICATING.has(storage.type)) return die(`missing replicate feature on volume '${volid}'`)
    return [volid]
  })
}

function status(world: World, id: string, job: PropertyRecord): Json {
  const event = parseCalendarEvent(String(job['schedule'] ?? DEFAULT_SCHEDULE))
  const {log: _, ...last} = world.store.of('replicationStatus').get(id) ?? {}
  const next = event.isOk() && job['disable'] !== 1 ? nextRun(event.value, world.clock.now()) : 0
  return {
    ...job,
    id,
    vmtype: world.store.of('guests').get(Number(job['guest']))?.type ?? 'qemu',
    fail_count: 0,
    last_sync: 0,
    last_try: 0,
    duration: 0,
    schedule: job['schedule'] ?? DEFAULT_SCHEDULE,
    ...last,
    next_sync: next ?? 0,
  }
}

/** One run of a job: the first copies everything, later ones what has changed. */
function runJob(world: World, id: string): void {
  const job = world.store.of('replication').get(id)
  const guest = job && world.store.of('guests').get(Number(job['guest']))
  if (!job || !guest) return
  const now = world.clock.now()
  const target = world.store.of('nodes').get(String(job['target']))
  const reached = target !== undefined && world.reaches(guest.node, target)
  const before = world.store.of('replicationStatus').get(id)
  const stamp = new Date(world.clock.nowMs()).toISOString().slice(0, 19).replace('T', ' ')
  const lines = [
    `${id}: start replication job`,
    `${id}: guest => ${guest.type === 'lxc' ? 'CT' : 'VM'} ${guest.vmid}, running => ${guest.run ? guest.run.pid : 0}`,
    `${id}: volumes => ${replicable(world, guest).join(',')}`,
    reached ? `${id}: end replication job` : `${id}: end replication job with error: target node is not reachable`,
  ]
  world.store.of('replicationStatus').put(id, {
    last_try: now,
    duration: RUN_SECONDS,
    last_sync: reached ? now : (before?.['last_sync'] ?? 0),
    fail_count: reached ? 0 : Number(before?.['fail_count'] ?? 0) + 1,
    ...(!reached && {error: 'target node is not reachable'}),
    log: lines.map((line) => `${stamp} ${line}`),
  })
}
