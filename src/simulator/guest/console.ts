import {createHmac} from 'node:crypto'

import {die} from '../kernel/pve-error.js'

import type {Call} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'

/** A worker waits so long for the viewer to connect (reference 2.7). */
const CONNECT_SECONDS = 10
const FIRST_PORT = 5900
const PORTS = 100

/** A console of a guest: a worker that waits for a connection, and a ticket for it. */
export function openConsole(
  call: Call,
  kind: 'spiceproxy' | 'termproxy' | 'vncproxy',
  vmid: number,
): {readonly user: string; readonly ticket: string; readonly port: string; readonly upid: string} {
  const {world, user} = call
  const open = [...world.store.of('tasks').values()].filter(
    ({node, type, status}) =>
      node === call.node && /^(?:vncproxy|termproxy|vncshell|spiceproxy)$/.test(type) && status === undefined,
  )
  const port = String(FIRST_PORT + (open.length % PORTS))
  const upid = call.startTask(kind === 'termproxy' ? 'vncproxy' : kind, vmid, async (task) => {
    task.log(`starting ${kind === 'termproxy' ? 'termproxy' : 'vnc proxy'} ${task.upid}`)
    await task.patience(CONNECT_SECONDS)
    die('connection timed out')
  })
  return {user, ticket: consoleTicket(call, `/vms/${vmid}`, port), port, upid}
}

/** Good for the path of one guest. */
function consoleTicket({world, user}: Call, path: string, port: string): string {
  const time = world.clock.now().toString(16).toUpperCase().padStart(8, '0')
  const mac = createHmac('sha512', world.meta.authKey).update(`${user}:${path}:${port}:${time}`).digest('base64')
  return `PVEVNC:${time}::${mac}`
}

/** What `vncproxy` answers besides: the certificate to expect and, if asked for, a password. */
export function vncAnswer(call: Call, console: ReturnType<typeof openConsole>, certificate: string): Json {
  const password = call.flag('generate-password')
    ? {password: createHmac('sha256', call.world.meta.authKey).update(console.ticket).digest('base64url').slice(0, 8)}
    : {}
  return {...console, cert: certificate, ...password}
}
