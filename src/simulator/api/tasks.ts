import {Download, type Call, type Routes} from '../kernel/call.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'
import {parseUpid} from '../kernel/upid.js'
import {splitAuthuser} from '../access/privileges.js'

import type {TaskRecord} from '../kernel/state.js'

const DEFAULT_LIMIT = 50
/** `/cluster/tasks` shows so many finished tasks of each node. */
const CLUSTER_LIMIT = 25

export const tasksRoutes: Routes = {
  'GET /nodes/{node}/tasks': listTasks,
  'GET /nodes/{node}/tasks/{upid}': () => [{name: 'log'}, {name: 'status'}],
  'DELETE /nodes/{node}/tasks/{upid}'(call) {
    const task = findTask(call)
    if (!isOwn(call, task)) call.check(`/nodes/${call.node}`, 'Sys.Modify')
    call.world.tasks.stop(task.upid)
    return null
  },

  'GET /nodes/{node}/tasks/{upid}/status'(call) {
    const task = findTask(call)
    if (!isOwn(call, task)) call.check(`/nodes/${call.node}`, 'Sys.Audit')
    const {upid, node, pid, pstart, starttime, type, id, status} = task
    const ended = status === undefined ? {status: 'running'} : {status: 'stopped', exitstatus: status}
    return {upid, node, pid, pstart, starttime, type, id, ...owner(task), ...ended}
  },

  'GET /nodes/{node}/tasks/{upid}/log': taskLog,

  'GET /cluster/tasks'(call) {
    const {world} = call
    const tasks = [...world.store.of('tasks').values()]
      .filter((task) => isOwn(call, task) || call.has(`/nodes/${task.node}`, 'Sys.Audit'))
      .reverse()
    const running = tasks.filter((task) => task.status === undefined)
    const shown = new Map<string, number>()
    const ended = tasks.filter(({node, status}) => {
      if (status === undefined) return false
      const count = (shown.get(node) ?? 0) + 1
      shown.set(node, count)
      return count <= CLUSTER_LIMIT
    })
    const common = ({upid, node, type, id, starttime}: TaskRecord): {[key: string]: Json} => ({
      upid,
      node,
      type,
      id,
      starttime,
    })
    return [
      ...running.map((task) => ({...common(task), ...owner(task), pid: task.pid})),
      ...ended.map((task) => ({
        ...common(task),
        ...owner(task),
        endtime: task.endtime!,
        status: task.status!,
        // a task whose end nobody wrote is found ended, not read from a file
        saved: task.status === 'unexpected status' ? 1 : '1',
      })),
    ]
  },
}

function listTasks(call: Call): Json {
  const {world, node} = call
  const source = call.text('source') ?? 'archive'
  const limit = call.number('limit') ?? DEFAULT_LIMIT
  const start = call.number('start') ?? 0
  const seesAll = call.has(`/nodes/${node}`, 'Sys.Audit')
  const matches = taskFilter(call)
  const mine = [...world.store.of('tasks').values()].filter(
    (task) => task.node === node && (seesAll || isOwn(call, task)) && matches(task),
  )
  // the active file has the newest start first, the archive the newest end
  const running =
    source === 'archive'
      ? []
      : mine
          .filter((task) => task.status === undefined)
          .reverse()
          .map((task) => activeEntry(task))
  const ended =
    source === 'active'
      ? []
      : mine
          .filter((task) => task.status !== undefined)
          .sort(byEnd)
          .map((task) => archiveEntry(task))
  const all = [...running, ...ended]
  call.total = all.length
  return all.slice(start, limit === 0 ? undefined : start + limit)
}

/** Newest end first; among equal ones the one that started last. */
const byEnd = (a: TaskRecord, b: TaskRecord): number => b.endtime! - a.endtime! || b.pid - a.pid

function taskFilter(call: Call): (task: TaskRecord) => boolean {
  const type = call.text('typefilter')
  const user = call.text('userfilter')
  const vmid = call.text('vmid')
  const since = call.number('since')
  const until = call.number('until')
  const statuses = call.list('statusfilter')
  const errorsOnly = call.flag('errors') ?? false
  return (task) =>
    (type === undefined || task.type === type) &&
    (user === undefined || task.user.toLowerCase().includes(user.toLowerCase())) &&
    (vmid === undefined || task.id === vmid) &&
    (since === undefined || task.starttime >= since) &&
    (until === undefined || task.starttime <= until) &&
    (!errorsOnly || (task.status !== undefined && task.status !== 'OK')) &&
    (statuses.length === 0 || statuses.includes(statusKind(task.status)))
}

function statusKind(status: string | undefined): string {
  if (status === undefined) return 'running'
  if (status === 'OK') return 'ok'
  if (/^WARNINGS: \d+$/.test(status)) return 'warning'
  return status === 'unexpected status' ? 'unknown' : 'error'
}

/** Running tasks keep `user!token` in one piece, finished ones do not. */
function activeEntry({upid, node, pid, pstart, starttime, type, id, user}: TaskRecord): {[key: string]: Json} {
  return {upid, node, pid, pstart, starttime, type, id, user, status: 'RUNNING', saved: '0'}
}

function archiveEntry(task: TaskRecord): {[key: string]: Json} {
  const {upid, node, pid, pstart, starttime, endtime, type, id, status} = task
  return {upid, node, pid, pstart, starttime, endtime: endtime!, type, id, status: status!, ...owner(task)}
}

function taskLog(call: Call): Json | Download {
  const upid = call.required('upid')
  if (!parseUpid(upid)) paramError({upid: 'unable to parse worker upid'})
  const task = call.world.tasks.get(upid)
  const lines = task?.node === call.node ? call.world.tasks.log(upid) : undefined
  if (task && !isOwn(call, task)) call.check(`/nodes/${call.node}`, 'Sys.Audit')
  if (call.flag('download')) {
    if (call.text('start') !== undefined || call.text('limit') !== undefined) {
      die("'download' cannot be used together with 'start' or 'limit' parameters")
    }

    return new Download('text/plain', (lines ?? []).map((line) => `${line}\n`).join(''))
  }

  if (lines === undefined || lines.length === 0) {
    call.total = 1
    // a missing file is a single object where lines would be (observed on 8.4.1)
    return lines === undefined
      ? {n: 1, t: 'unable to open file - No such file or directory'}
      : [{n: 1, t: 'no content'}]
  }

  const start = call.number('start') ?? 0
  const limit = call.number('limit') ?? DEFAULT_LIMIT
  call.total = lines.length
  return lines
    .slice(start, limit === 0 ? undefined : start + limit)
    .map((line, index) => ({n: start + index + 1, t: line}))
}

/** The task of the path, which must have run on the executing node. */
function findTask(call: Call): TaskRecord {
  const upid = call.required('upid')
  if (!parseUpid(upid)) paramError({upid: 'unable to parse worker upid'})
  const task = call.world.tasks.get(upid)
  if (!task || task.node !== call.node) return paramError({upid: 'no such task'})
  return task
}

function owner({user}: TaskRecord): {user: string; tokenid?: string} {
  const {userid, tokenid} = splitAuthuser(user)
  return {user: userid, ...(tokenid !== undefined && {tokenid})}
}

/** A user's tasks are his own and those of his tokens; a token's only its own. */
function isOwn(call: Call, task: TaskRecord): boolean {
  return task.user === call.user || splitAuthuser(task.user).userid === call.user
}
