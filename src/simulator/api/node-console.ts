import {login, shell, untilHangup} from '../console/login-shell.js'
import {
  joinConsole,
  openScreen,
  openTerminal,
  placeOf,
  spiceAnswer,
  type ConsoleAnswer,
} from '../console/open-console.js'
import {Tty} from '../console/tty.js'
import {die} from '../kernel/pve-error.js'

import type {Seat} from '../console/term-proxy.js'
import type {Call, Routes} from '../kernel/call.js'

const PATH = '/nodes/{node}'
const FIRST_SIZE = {columns: 80, rows: 20}

/** Shells of a node. */
export const nodeConsoleRoutes: Routes = {
  [`POST ${PATH}/termproxy`](call) {
    return {...openShell(call, nodeFor(call))}
  },

  [`POST ${PATH}/vncshell`](call) {
    const node = nodeFor(call)
    const answer = openScreen(call, {taskType: 'vncshell', taskId: '', path: pathOf(node)})
    return {...answer, cert: call.world.certificates.get(call.node) ?? ''}
  },

  [`POST ${PATH}/spiceshell`](call) {
    const node = nodeFor(call)
    const answer = openScreen(call, {taskType: 'spiceshell', taskId: '', path: pathOf(node)})
    return spiceAnswer(call, answer, `Shell on '${node}'`)
  },

  [`GET ${PATH}/vncwebsocket`]: (call) => joinConsole(call, pathOf(placeOf(call))),
}

const pathOf = (node: string): string => `/nodes/${node}`

/** The node whose shell is asked for, by somebody who may have one. */
function nodeFor(call: Call): string {
  // a token is no user that can log in, and other commands than a login are root's
  if (call.tokenid !== undefined) die(`value '${call.user}' does not look like a valid user name`)
  const command = call.text('cmd') ?? 'login'
  if (command !== 'login' && !call.isRootPam) die('only root@pam can run this command')
  const node = placeOf(call)
  if (node !== call.node && !call.world.store.of('nodes').get(node)?.resolves)
    die(`hostname lookup '${node}' failed - failed to get address info for: ${node}: Name or service not known`)
  return node
}

/** Root is in at once, everybody else is asked. */
function openShell(call: Call, node: string): ConsoleAnswer {
  const {world} = call
  const machine = {hostname: node, issue: ''}
  return openTerminal(call, {
    taskType: 'vncshell',
    taskId: '',
    path: pathOf(node),
    privilege: 'Sys.Console',
    command: call.isRootPam ? '/bin/login -f root' : '/bin/login',
    sit(): Seat {
      const tty = new Tty(FIRST_SIZE, true)
      const place = world.node(node)
      if (!world.reaches(call.node, place)) {
        tty.write(`ssh: connect to host ${place.ip} port 22: No route to host\n`)
        return {tty, ended: Promise.resolve(), leave() {}}
      }

      const ended = untilHangup(call.isRootPam ? shell(tty, machine, 'root') : login(tty, machine))
      return {tty, ended, leave: () => tty.hangUp()}
    },
  })
}
