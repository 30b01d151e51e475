import {randomUUID} from 'node:crypto'

import {sha256} from '../access/secrets.js'
import {existingUser} from '../access/users.js'
import {withClusterLock} from '../config/cluster-lock.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {TokenRecord} from '../kernel/state.js'

const LOCK = 'file-user_cfg'

export const accessTokensRoutes: Routes = {
  'GET /access/users/{userid}/token'(call) {
    const {userid} = existingUser(call.world, call.required('userid'))
    return [...call.world.store.of('tokens').values()]
      .filter((token) => token.userid === userid)
      .map((token) => ({tokenid: token.tokenid, ...info(token)}))
  },

  'GET /access/users/{userid}/token/{tokenid}': (call) => info(existingToken(call)),

  /** The secret is told once. What was given is told back in the type it came in. */
  'POST /access/users/{userid}/token/{tokenid}'(call) {
    const {world} = call
    const {userid} = existingUser(world, call.required('userid'))
    const tokenid = call.required('tokenid')
    const id = `${userid}!${tokenid}`
    if (world.store.of('tokens').has(id)) paramError({tokenid: 'Token already exists.'})
    const value = randomUUID()
    const comment = given(call, 'comment')
    const add = (): Json => {
      world.store.of('tokens').put(id, {
        userid,
        tokenid,
        secretHash: sha256(value),
        privsep: call.flag('privsep') ?? true,
        expire: call.number('expire') ?? 0,
        ...(comment !== undefined && {comment}),
      })
      return {info: {privsep: 1, ...echo(call)}, value, 'full-tokenid': id}
    }

    return withClusterLock(call, LOCK, add, 'generating token failed')
  },

  'PUT /access/users/{userid}/token/{tokenid}'(call) {
    const token = existingToken(call)
    const id = `${token.userid}!${token.tokenid}`
    return withClusterLock(call, LOCK, () => update(call, id), 'updating token info failed')
  },

  'DELETE /access/users/{userid}/token/{tokenid}'(call) {
    const {userid, tokenid} = existingToken(call)
    const id = `${userid}!${tokenid}`
    return withClusterLock(call, LOCK, () => remove(call, id), 'deleting token failed')
  },
}

function update(call: Call, id: string): Json {
  const privsep = call.flag('privsep')
  const expire = call.number('expire')
  const comment = given(call, 'comment')
  const removed = call.list('delete')
  // 9.1 and later: a new secret for the same token
  const value = call.flag('regenerate') ? randomUUID() : undefined
  const record = call.world.store.of('tokens').update(id, {
    ...(privsep !== undefined && {privsep}),
    ...(expire !== undefined && {expire}),
    ...(comment !== undefined && {comment}),
    ...(removed.includes('comment') && {comment: undefined}),
    ...(removed.includes('expire') && {expire: 0}),
    ...(removed.includes('privsep') && {privsep: true}),
    ...(value !== undefined && {secretHash: sha256(value)}),
  })
  return {...info(record), ...echo(call), ...(value !== undefined && {value, 'full-tokenid': id})}
}

function remove({world: {store}}: Call, id: string): null {
  store.of('tokens').delete(id)
  for (const [key, entry] of [...store.of('acl').entries()])
    if (entry.type === 'token' && entry.ugid === id) store.of('acl').delete(key)
  return null
}

function existingToken(call: Call): TokenRecord {
  const userid = call.required('userid')
  const tokenid = call.required('tokenid')
  existingUser(call.world, userid)
  return (
    call.world.store.of('tokens').get(`${userid}!${tokenid}`) ?? die(`no such token '${tokenid}' for user '${userid}'`)
  )
}

function info({privsep, expire, comment}: TokenRecord): {[key: string]: Json} {
  return {privsep: privsep ? 1 : 0, expire, ...(comment !== undefined && {comment})}
}

/** An empty comment is as none. */
function given(call: Call, name: string): string | undefined {
  const text = call.text(name)
  return text === '' ? undefined : text
}

function echo(call: Call): {[key: string]: Json} {
  return Object.fromEntries(
    ['privsep', 'expire', 'comment'].flatMap((key) => {
      const value = call.raw[key]
      return value === undefined || value === null || value === '' ? [] : [[key, value as Json]]
    }),
  )
}
