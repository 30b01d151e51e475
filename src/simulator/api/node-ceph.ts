import {die} from '../kernel/pve-error.js'

import type {Handler, Routes} from '../kernel/call.js'

/** Ceph is not installed on any simulated node; each part of it says so in its own way. */
const noBinary: Handler = () => die('binary not installed: /usr/bin/ceph-mon')
const PATH = '/nodes/{node}/ceph'

const METHODS: readonly string[] = [
  'GET cfg/db',
  'GET cfg/raw',
  'GET cfg/value',
  'GET cmd-safety',
  'GET crush',
  'GET fs',
  'POST fs/{name}',
  'DELETE fs/{name}',
  'POST init',
  'GET log',
  'GET mds',
  'POST mds/{name}',
  'DELETE mds/{name}',
  'GET mgr',
  'POST mgr/{id}',
  'DELETE mgr/{id}',
  'GET mon',
  'POST mon/{monid}',
  'DELETE mon/{monid}',
  'GET osd',
  'POST osd',
  'GET osd/{osdid}',
  'DELETE osd/{osdid}',
  'POST osd/{osdid}/in',
  'GET osd/{osdid}/lv-info',
  'GET osd/{osdid}/metadata',
  'POST osd/{osdid}/out',
  'POST osd/{osdid}/scrub',
  'GET pool',
  'POST pool',
  'GET pool/{name}',
  'PUT pool/{name}',
  'DELETE pool/{name}',
  'GET pool/{name}/status',
  'POST restart',
  'POST restart-bulk',
  'GET rules',
  'POST start',
  'GET status',
  'POST stop',
]

export const nodeCephRoutes: Routes = {
  ...Object.fromEntries(
    METHODS.map((method) => {
      const [verb, path] = method.split(' ')
      return [`${verb!} ${PATH}/${path!}`, noBinary]
    }),
  ),
  [`GET ${PATH}/releases`]: () => [{id: 'squid', name: 'Squid', available: 1, default: 1}],
}
