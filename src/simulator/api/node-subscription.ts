import {createHash} from 'node:crypto'

import {die} from '../kernel/pve-error.js'

import type {Routes} from '../kernel/call.js'
import type {NodeRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

const PATH = '/nodes/{node}/subscription'
const URL = 'https://www.proxmox.com/en/proxmox-virtual-environment/pricing'
const LEVELS: Readonly<Record<string, string>> = {b: 'Basic', c: 'Community', p: 'Premium', s: 'Standard'}

/** The subscription of a node. A simulated shop takes every key that is written as keys are. */
export const nodeSubscriptionRoutes: Routes = {
  [`GET ${PATH}`]({world, node}) {
    const record = world.node(node)
    const serverid = serverId(node)
    if (record.level === '') return {status: 'notfound', message: 'There is no subscription key', serverid, url: URL}
    const key = world.store.of('nodeConfig').get(`${node}/subscription`)?.['key']
    return {
      status: 'active',
      level: record.level,
      key: typeof key === 'string' ? key : `pve${record.sockets}${record.level}-${serverid.slice(0, 10).toLowerCase()}`,
      productname: `Proxmox VE ${LEVELS[record.level] ?? ''} Subscription ${record.sockets} CPU${record.sockets > 1 ? 's' : ''}/year`,
      sockets: record.sockets,
      serverid,
      checktime: world.clock.now(),
      regdate: '2026-01-01 00:00:00',
      nextduedate: '2027-01-01',
      url: URL,
    }
  },

  [`PUT ${PATH}`](call) {
    const key = call.required('key').trim()
    const [, sockets, level] = /^pve(\d)([bcps])-/.exec(key) ?? []
    const record = call.world.node(call.node)
    if (Number(sockets) < record.sockets) die('wrong number of sockets (subscription has less sockets than the server)')
    setLevel(call.world, record, level ?? '', key)
    return null
  },

  [`POST ${PATH}`]: () => null,

  [`DELETE ${PATH}`]({world, node}) {
    setLevel(world, world.node(node), '', undefined)
    return null
  },
}

function setLevel(world: World, {node}: NodeRecord, level: string, key: string | undefined): void {
  world.store.of('nodes').update(node, {level})
  if (key === undefined) world.store.of('nodeConfig').delete(`${node}/subscription`)
  else world.store.of('nodeConfig').put(`${node}/subscription`, {key})
}

/** Follows from the node's name alone, as the real one from its host key. */
function serverId(node: string): string {
  return createHash('md5').update(node).digest('hex').toUpperCase()
}
