import {underLock} from '../config/sections.js'
import {die, type Json} from '../kernel/pve-error.js'
import {Figures, isEnabledOn} from '../views/node-figures.js'
import {modifyPrivileges} from './access-acl.js'
import {guestEntry, storageEntry} from './cluster-resources.js'

import type {Call, Routes} from '../kernel/call.js'
import type {PoolRecord} from '../kernel/state.js'

/** Pools are addressed in the path (which cannot name a nested one) or by `poolid`. */
export const poolsRoutes: Routes = {
  'GET /pools'(call) {
    const poolid = call.text('poolid')
    if (poolid !== undefined) {
      call.check(`/pool/${poolid}`, 'Pool.Audit')
      return [withMembers(call, existing(call))]
    }

    return [...call.world.store.of('pools').values()]
      .filter((pool) => call.has(`/pool/${pool.poolid}`, 'Pool.Audit'))
      .sort((a, b) => (a.poolid < b.poolid ? -1 : 1))
      .map((pool) => head(pool))
  },

  'POST /pools'(call) {
    const poolid = call.required('poolid')
    const comment = call.text('comment')
    underLock('create pool failed', () => {
      const pools = call.world.store.of('pools')
      if (pools.has(poolid)) die(`pool '${poolid}' already exists`)
      const parent = /^(.+)\/[^/]+$/.exec(poolid)?.[1]
      if (parent !== undefined && !pools.has(parent)) die(`parent '${parent}' of pool '${poolid}' does not exist`)
      pools.put(poolid, {poolid, vms: [], storages: [], ...(comment ? {comment} : {})})
    })
    return null
  },

  'GET /pools/{poolid}': (call) => withMembers(call, existing(call)),
  'PUT /pools': update,
  'PUT /pools/{poolid}': update,
  'DELETE /pools': remove,
  'DELETE /pools/{poolid}': remove,
}

function existing(call: Call): PoolRecord {
  const poolid = call.required('poolid')
  return call.world.store.of('pools').get(poolid) ?? die(`pool '${poolid}' does not exist`)
}

function head({poolid, comment}: PoolRecord): {[key: string]: Json} {
  return {poolid, ...(comment !== undefined && {comment})}
}

/** Members that do not exist are kept, but not shown. */
function withMembers(call: Call, pool: PoolRecord): Json {
  const {store} = call.world
  const type = call.text('type')
  const figures = new Figures(call.world)
  const guests = pool.vms.flatMap((vmid) => {
    const guest = store.of('guests').get(vmid)
    return guest && (type === undefined || type === guest.type)
      ? [guestEntry(call, guest, store.of('nodes').get(guest.node))]
      : []
  })
  const storages = pool.storages.flatMap((id) => {
    const storage = type === undefined || type === 'storage' ? store.of('storages').get(id) : undefined
    if (!storage) return []
    const members = call.world.members()
    const own = members.find(({node}) => node === call.node && isEnabledOn(storage, node))
    const node = own ?? members.find((member) => isEnabledOn(storage, member.node))
    return node ? [storageEntry(figures, storage, node)] : []
  })
  return {...head(pool), members: [...guests, ...storages]}
}

function update(call: Call): null {
  underLock('update pools failed', () => {
    const pool = existing(call)
    const {store} = call.world
    const removes = call.flag('delete') ?? false
    const mayMove = call.flag('allow-move') ?? false
    const comment = call.text('comment')
    const vms = new Set(pool.vms)
    const left: {pool: PoolRecord; vmid: number}[] = []
    for (const vmid of call.list('vms').map(Number)) {
      checkModify(call, `/vms/${vmid}`)
      if (removes) {
        if (!vms.delete(vmid)) die(`VM ${vmid} is not a pool member`)
        continue
      }

      if (vms.has(vmid)) die(`VM ${vmid} is already a pool member`)
      const other = [...store.of('pools').values()].find((candidate) => candidate.vms.includes(vmid))
      if (other && !mayMove) die(`VM ${vmid} belongs already to pool '${other.poolid}' and 'allow-move' is not set`)
      if (other) {
        call.check(`/pool/${other.poolid}`, 'Pool.Allocate')
        left.push({pool: other, vmid})
      }

      vms.add(vmid)
    }

    const storages = new Set(pool.storages)
    for (const storage of call.list('storage')) {
      checkModify(call, `/storage/${storage}`)
      if (removes) {
        if (!storages.delete(storage)) die(`Storage '${storage}' is not a pool member`)
      } else {
        if (storages.has(storage)) die(`Storage '${storage}' is already a pool member`)
        storages.add(storage)
      }
    }

    for (const {pool: other, vmid} of left) {
      const {vms: rest} = store.of('pools').get(other.poolid)!
      store.of('pools').update(other.poolid, {vms: rest.filter((member) => member !== vmid)})
    }

    store.of('pools').update(pool.poolid, {
      vms: [...vms].sort((a, b) => a - b),
      storages: [...storages].sort(),
      ...(comment !== undefined && {comment}),
    })
  })
  return null
}

function checkModify(call: Call, path: string): void {
  call.checkAny(path, ...modifyPrivileges(path))
}

function remove(call: Call): null {
  underLock('delete pool failed', () => {
    const {poolid, vms, storages} = existing(call)
    const {store} = call.world
    const child = [...store.of('pools').keys()].find((other) => other.startsWith(`${poolid}/`))
    if (child !== undefined) die(`pool '${poolid}' is not empty (contains pool '${child}')`)
    const vmid = vms.find((member) => store.of('guests').has(member))
    if (vmid !== undefined) die(`pool '${poolid}' is not empty (contains VM ${vmid})`)
    const storage = storages.find((member) => store.of('storages').has(member))
    if (storage !== undefined) die(`pool '${poolid}' is not empty (contains storage '${storage}')`)
    store.of('pools').delete(poolid)
    for (const [key, entry] of [...store.of('acl').entries()])
      if (entry.path === `/pool/${poolid}`) store.of('acl').delete(key)
  })
  return null
}
