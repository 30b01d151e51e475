import type {Json} from '../kernel/pve-error.js'
import type {Call, Routes} from '../kernel/call.js'

const SECTIONS = [
  'acme',
  'backup',
  'backup-info',
  'ceph',
  'config',
  'firewall',
  'ha',
  'jobs',
  'log',
  'mapping',
  'metrics',
  'notifications',
  'nextid',
  'options',
  'replication',
  'resources',
  'status',
  'tasks',
  'sdn',
]
/** Sections 9.1 and 9.2 added. */
const SECTIONS_9 = ['bulk-action', 'qemu']

export const clusterIndexRoutes: Routes = {
  'GET /cluster': ({world}) => [...SECTIONS, ...(world.release === '9.2' ? SECTIONS_9 : [])].map((name) => ({name})),
  'GET /cluster/acme': () => names('account', 'tos', 'meta', 'directories', 'plugins', 'challenge-schema'),
  'GET /cluster/bulk-action': () => names('guest'),
  'GET /cluster/bulk-action/guest': () => names('start', 'shutdown', 'migrate', 'suspend'),
  'GET /cluster/ceph': () => names('metadata', 'status', 'flags'),
  'GET /cluster/ha': ({world}) =>
    ['status', 'resources', world.release === '9.2' ? 'rules' : 'groups', 'groups']
      .filter((id, index, all) => all.indexOf(id) === index)
      .map((id) => ({id})),
  'GET /cluster/ha/status': () => names('current', 'manager_status'),
  'GET /cluster/jobs': () => subdirs('schedule-analyze', 'realm-sync'),
  'GET /cluster/log': clusterLog,
  'GET /cluster/mapping': () => names('pci', 'usb', 'dir'),
  'GET /cluster/metrics': () => names('server', 'export'),
  'GET /cluster/notifications': () =>
    names('endpoints', 'matchers', 'targets', 'matcher-fields', 'matcher-field-values'),
  'GET /cluster/notifications/endpoints': () => names('gotify', 'sendmail', 'smtp', 'webhook'),
  'GET /cluster/qemu': () => names('cpu-flags', 'custom-cpu-models'),
}

function names(...list: readonly string[]): Json {
  return list.map((name) => ({name}))
}

function subdirs(...list: readonly string[]): Json {
  return list.map((subdir) => ({subdir}))
}

const INFO = 6
const ERROR = 3
const DEFAULT_ENTRIES = 500

/** What happened in the cluster, newest first: tasks and logins. Without `Sys.Syslog` on `/` only one's own. */
function clusterLog(call: Call): Json {
  const {store} = call.world
  const all = [...store.of('clusterLog').values()].flat()
  for (const {upid, node, user, pid, starttime, endtime, status} of store.of('tasks').values()) {
    const common = {uid: 0, tag: 'pvedaemon', node, user, pid: 370 + (pid % 3)}
    all.push({...common, time: starttime, pri: INFO, msg: `starting task ${upid}`})
    if (endtime !== undefined && status !== undefined) {
      const pri = status === 'OK' ? INFO : /^WARNINGS: \d+$/.test(status) ? INFO : ERROR
      all.push({...common, time: endtime, pri, msg: `end task ${upid} ${status}`})
    }
  }

  all.sort((a, b) => a.time - b.time)
  const counts = new Map<string, number>()
  const numbered = all.map((entry) => {
    const uid = (counts.get(entry.node) ?? 0) + 1
    counts.set(entry.node, uid)
    return {...entry, uid: String(uid), id: `${uid}:${entry.node}`}
  })
  const visible = call.has('/', 'Sys.Syslog') ? numbered : numbered.filter(({user}) => user === call.user)
  return visible.reverse().slice(0, call.number('max') ?? DEFAULT_ENTRIES)
}
