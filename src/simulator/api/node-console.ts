import {createHmac} from 'node:crypto'

import {die, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}'
const CONNECT_SECONDS = 10
const FIRST_PORT = 5900
const PORTS = 100

/** Shells of a node. Nobody is at the other end: the worker waits for a connection, then gives up (reference 2.7). */
export const nodeConsoleRoutes: Routes = {
  [`POST ${PATH}/termproxy`]: (call) => shell(call),
  [`POST ${PATH}/vncshell`]: (call) => ({...shell(call), cert: call.world.certificates.get(call.node) ?? ''}),

  [`POST ${PATH}/spiceshell`](call) {
    const {ticket, port} = shell(call)
    return {
      type: 'spice',
      title: `Shell on '${call.node}'`,
      host: ticket,
      'tls-port': port,
      password: ticket.slice(-20),
      proxy: `http://${call.text('proxy') ?? call.node}:3128`,
      'delete-this-file': 1,
      'secure-attention': 'Ctrl+Alt+Ins',
      'toggle-fullscreen': 'Shift+F11',
      'release-cursor': 'Ctrl+Alt+R',
    }
  },

  [`GET ${PATH}/vncwebsocket`]: (call) => ({port: call.required('port')}),
}

function shell(call: Call): {user: string; ticket: string; port: number; upid: string} {
  const {world, user} = call
  // a token is no user that can log in, and other commands than a login are root's
  if (call.tokenid !== undefined) die(`value '${user}' does not look like a valid user name`)
  const command = call.text('cmd') ?? 'login'
  if (command !== 'login' && !call.isRootPam) die('only root@pam can run this command')
  const waiting = [...world.store.of('tasks').values()].filter(
    ({node, type, status}) => node === call.node && /shell$|proxy$/.test(type) && status === undefined,
  )
  const port = FIRST_PORT + (waiting.length % PORTS)
  const upid = call.startTask('vncshell', '', async (task) => {
    task.log(`starting termproxy ${task.upid}`)
    await task.patience(CONNECT_SECONDS)
    die('connection timed out')
  })
  const time = world.clock.now().toString(16).toUpperCase().padStart(8, '0')
  const path = `/nodes/${call.node}`
  const mac = createHmac('sha512', world.meta.authKey).update(`${user}:${path}:${port}:${time}`).digest('base64')
  return {user, ticket: `PVEVNC:${time}::${mac}`, port, upid}
}

/** What a node says of itself when it is asked for everything. */
export const nodeReportRoutes: Routes = {
  [`GET ${PATH}/report`]({world, node}): Json {
    const {version, repoid} = world.meta.version
    const record = world.node(node)
    const guests = [...world.store.of('guests').values()].filter((guest) => guest.node === node)
    return [
      '',
      '==== general system info ====',
      '',
      '# hostname',
      node,
      '',
      '# pveversion --verbose',
      `pve-manager: ${version} (running version: ${version}/${repoid})`,
      '',
      '# cat /etc/hosts',
      '127.0.0.1 localhost',
      ...world.members().map(({ip, node: name}) => `${ip} ${name}`),
      '',
      '==== overall system load info ====',
      '',
      `cores: ${record.sockets * record.cores}, memory: ${record.memoryBytes}`,
      '',
      '==== info about storage ====',
      '',
      ...[...world.store.of('storages').values()].map(({storage, type}) => `${type}: ${storage}`),
      '',
      '==== info about virtual guests ====',
      '',
      ...guests.map(({type, vmid, run}) => `${type} ${vmid} ${run ? 'running' : 'stopped'}`),
      '',
    ].join('\n')
  },
}
