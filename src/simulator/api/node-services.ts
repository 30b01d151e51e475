import type {Call, Routes} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'

const PATH = '/nodes/{node}/services'
const ACTION_SECONDS = 0.5

/** Services of a stock installation with what systemd says of them. */
const SERVICES: Readonly<Record<string, string>> = {
  chrony: 'chrony, an NTP client/server',
  corosync: 'Corosync Cluster Engine',
  cron: 'Regular background program processing daemon',
  ksmtuned: 'Kernel Samepage Merging (KSM) Tuning Daemon',
  postfix: 'Postfix Mail Transport Agent (instance -)',
  'pve-cluster': 'The Proxmox VE cluster filesystem',
  'pve-firewall': 'Proxmox VE firewall',
  'pve-ha-crm': 'PVE Cluster HA Resource Manager Daemon',
  'pve-ha-lrm': 'PVE Local HA Resource Manager Daemon',
  pvedaemon: 'PVE API Daemon',
  'pvefw-logger': 'Proxmox VE firewall logger',
  pveproxy: 'PVE API Proxy Server',
  pvescheduler: 'Proxmox VE scheduler',
  pvestatd: 'PVE Status Daemon',
  spiceproxy: 'PVE SPICE Proxy Server',
  sshd: 'OpenBSD Secure Shell server',
  syslog: 'syslog.service',
  'systemd-journald': 'Journal Service',
  'systemd-timesyncd': 'systemd-timesyncd.service',
}
const NOT_INSTALLED = new Set(['syslog', 'systemd-timesyncd'])

/** The services of a node, which may be stopped and started. Nothing else in the simulator depends on them. */
export const nodeServicesRoutes: Routes = {
  [`GET ${PATH}`]: (call) => Object.keys(SERVICES).map((service) => state(call, service)),
  [`GET ${PATH}/{service}/state`]: (call) => state(call, call.required('service')),
  [`POST ${PATH}/{service}/start`]: (call) => act(call, 'srvstart', true),
  [`POST ${PATH}/{service}/stop`]: (call) => act(call, 'srvstop', false),
  [`POST ${PATH}/{service}/restart`]: (call) => act(call, 'srvrestart', true),
  [`POST ${PATH}/{service}/reload`]: (call) => act(call, 'srvreload', true),
}

function isRunning({world, node}: Call, service: string): boolean {
  const set = world.store.of('nodeConfig').get(`${node}/services`)?.[service]
  if (set !== undefined) return set === 1
  return !NOT_INSTALLED.has(service) && (service !== 'corosync' || world.meta.clusterName !== undefined)
}

function state(call: Call, service: string): Json {
  const runs = isRunning(call, service)
  return {
    service,
    name: service,
    desc: SERVICES[service] ?? service,
    state: runs ? 'running' : 'dead',
    'active-state': runs ? 'active' : 'inactive',
    'unit-state': NOT_INSTALLED.has(service) ? 'not-found' : 'enabled',
  }
}

function act(call: Call, type: string, runs: boolean): string {
  const {world, node} = call
  const service = call.required('service')
  return call.startTask(type, service, async (task) => {
    await task.sleep(ACTION_SECONDS)
    if (NOT_INSTALLED.has(service)) {
      const verb = type.slice('srv'.length)
      task.log(`Failed to ${verb} ${service}.service: Unit ${service}.service not found.`)
      throw new Error(`command 'systemctl ${verb} ${service}' failed: exit code 5`)
    }

    const key = `${node}/services`
    const old = world.store.of('nodeConfig').get(key) ?? {}
    world.store.of('nodeConfig').put(key, {...old, [service]: runs ? 1 : 0})
  })
}
