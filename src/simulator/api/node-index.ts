import {indexOf} from '../views/index-of.js'

import type {Handler, Routes} from '../kernel/call.js'

/** The lists of what is below a path of a node, with the field their entries have. */
const INDEXES: Readonly<Record<string, string>> = {
  '/nodes/{node}': 'name',
  '/nodes/{node}/apt': 'id',
  '/nodes/{node}/capabilities': 'name',
  '/nodes/{node}/capabilities/qemu': 'name',
  '/nodes/{node}/ceph': 'name',
  '/nodes/{node}/ceph/cfg': 'name',
  '/nodes/{node}/certificates': 'name',
  '/nodes/{node}/certificates/acme': 'name',
  '/nodes/{node}/hardware': 'type',
  '/nodes/{node}/services/{service}': 'subdir',
}

export const nodeIndexRoutes: Routes = Object.fromEntries(
  Object.entries(INDEXES).map(([template, key]): [string, Handler] => [
    `GET ${template}`,
    ({world}) => indexOf(world, template, key),
  ]),
)
