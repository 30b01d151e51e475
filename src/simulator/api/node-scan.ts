import {die} from '../kernel/pve-error.js'
import {ordered} from '../storage/config.js'
import {isEnabledOn} from '../views/node-figures.js'

import type {Call, Routes} from '../kernel/call.js'
import type {StorageRecord} from '../kernel/state.js'

const BASE = '/nodes/{node}/scan'
const METHODS = ['cifs', 'glusterfs', 'iscsi', 'lvm', 'lvmthin', 'nfs', 'pbs', 'zfs']

/** What a node finds to make a storage of: on itself, and on those servers the cluster has storages on. No other server answers. */
export const nodeScanRoutes: Routes = {
  [`GET ${BASE}`]: ({world}) =>
    METHODS.filter((method) => method !== 'glusterfs' || world.release !== '9.2').map((method) => ({method})),

  [`GET ${BASE}/lvm`]: (call) =>
    [...new Set([...here(call, 'lvm'), ...here(call, 'lvmthin')].map(({config}) => String(config['vgname'])))].map(
      (vg) => ({vg}),
    ),

  [`GET ${BASE}/lvmthin`](call) {
    const vg = call.required('vg')
    return here(call, 'lvmthin')
      .filter(({config}) => config['vgname'] === vg)
      .map(({config}) => ({lv: String(config['thinpool'])}))
  },

  [`GET ${BASE}/zfs`]: (call) =>
    [...new Set(here(call, 'zfspool').map(({config}) => String(config['pool'])))].map((pool) => ({pool})),

  [`GET ${BASE}/nfs`](call) {
    const server = call.required('server')
    const exports = onServer(call, 'nfs', server)
    if (exports.length === 0) die(`command '/sbin/showmount --no-headers --exports ${server}' failed: exit code 1`)
    return exports.map(({config}) => ({path: String(config['export']), options: '*'}))
  },

  [`GET ${BASE}/cifs`](call) {
    const server = call.required('server')
    const shares = onServer(call, 'cifs', server)
    if (shares.length === 0)
      die(`cifs scan error: do_connect: Connection to ${server} failed (Error NT_STATUS_HOST_UNREACHABLE)`)
    return shares.map(({config}) => ({share: String(config['share']), description: ''}))
  },

  [`GET ${BASE}/pbs`](call) {
    const server = call.required('server')
    const stores = onServer(call, 'pbs', server)
    if (stores.length === 0)
      die(`error fetching datastores - 500 Can't connect to ${server}:${call.number('port') ?? 8007}`)
    return stores.map(({config}) => ({store: String(config['datastore'])}))
  },

  [`GET ${BASE}/iscsi`](call) {
    const portal = call.required('portal')
    const targets = here(call, 'iscsi').filter(({config}) => config['portal'] === portal)
    if (targets.length === 0) die('Could not resolve or connect to portal')
    return targets.map(({config}) => ({portal, target: String(config['target'])}))
  },

  [`GET ${BASE}/glusterfs`](call) {
    const server = call.required('server')
    const volumes = onServer(call, 'glusterfs', server)
    if (volumes.length === 0) die(`command '/usr/sbin/gluster peer probe ${server}' failed: exit code 1`)
    return volumes.map(({config}) => ({volname: String(config['volume'])}))
  },
}

function here({world, node}: Call, type: string): readonly StorageRecord[] {
  return ordered(world).filter((storage) => storage.type === type && isEnabledOn(storage, node))
}

function onServer(call: Call, type: string, server: string): readonly StorageRecord[] {
  return ordered(call.world).filter((storage) => storage.type === type && storage.config['server'] === server)
}
