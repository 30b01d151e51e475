import {die} from '../kernel/pve-error.js'

import type {Routes} from '../kernel/call.js'

/** Ceph is not installed on any simulated node, and every call says so as a node without it does. */
const notInstalled = (): never => die('binary not installed: /usr/bin/ceph-mon')

export const clusterCephRoutes: Routes = {
  'GET /cluster/ceph/flags': notInstalled,
  'GET /cluster/ceph/flags/{flag}': notInstalled,
  'GET /cluster/ceph/metadata': notInstalled,
  'GET /cluster/ceph/status': notInstalled,
  'POST /cluster/ceph/restart-bulk': notInstalled,
  'PUT /cluster/ceph/flags': notInstalled,
  'PUT /cluster/ceph/flags/{flag}': notInstalled,
}
