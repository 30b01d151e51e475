import {execute, executionStatus, PLAIN_COMMANDS, readFile, runCommand, setPassword, writeFile} from '../qemu/agent.js'

import type {Call, Handler, Routes} from '../kernel/call.js'

const BASE = '/nodes/{node}/qemu/{vmid}/agent'
const WITH_PARAMETERS = ['exec', 'exec-status', 'file-read', 'file-write', 'set-user-password']

const plain =
  (command: string): Handler =>
  (call) =>
    runCommand(call.world, call.node, call.vmid, command)

/** `command` is an array since 8.0. Before it is a text: words that end with NUL, or where there is none, that stand between blanks and commas. */
function commandOf(call: Call): readonly string[] {
  const value = call.params['command']
  if (Array.isArray(value)) return value.map(String)
  const text = String(value ?? '')
  return text.includes('\0') ? text.replace(/\0+$/, '').split('\0') : text.split(/[\s,;]+/).filter(Boolean)
}

/** The guest agent (reference 2.12). */
export const qemuAgentRoutes: Routes = {
  [`GET ${BASE}`]: () => [...WITH_PARAMETERS, ...Object.keys(PLAIN_COMMANDS)].sort().map((name) => ({name})),
  [`POST ${BASE}`]: (call) => runCommand(call.world, call.node, call.vmid, call.required('command')),
  ...Object.fromEntries(Object.entries(PLAIN_COMMANDS).map(([name, verb]) => [`${verb} ${BASE}/${name}`, plain(name)])),

  [`POST ${BASE}/exec`]: (call) => execute(call.world, call.node, call.vmid, commandOf(call), call.text('input-data')),
  [`GET ${BASE}/exec-status`]: (call) => executionStatus(call.world, call.node, call.vmid, call.number('pid') ?? 0),
  [`GET ${BASE}/file-read`]: (call) =>
    readFile(call.world, call.node, call.vmid, {
      file: call.required('file'),
      offset: call.number('offset'),
      count: call.number('count'),
      decode: call.flag('decode'),
    }),
  [`POST ${BASE}/file-write`]: (call) =>
    writeFile(call.world, call.node, call.vmid, {
      file: call.required('file'),
      content: call.required('content'),
      encode: call.flag('encode') ?? true,
    }),
  [`POST ${BASE}/set-user-password`]: (call) => setPassword(call.world, call.node, call.vmid),
}
