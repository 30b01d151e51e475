import {userRefusal} from '../access/authenticate.js'
import {passwordMatches, sameText, sha256, totpMatches} from '../access/secrets.js'
import {isHalfTicket, makeCsrfToken, makeHalfTicket, makeTicket, ticketUser} from '../access/tickets.js'
import {PveError, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {TfaEntry} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Privileges a client shows buttons for, by area. */
const CAPABILITIES: Readonly<Record<string, {path: string; privileges: RegExp}>> = {
  access: {path: '/access', privileges: /^(?:User|Group)\.|^Permissions\.Modify$/},
  dc: {path: '/', privileges: /^Sys\.(?:Audit|Modify)$|^SDN\./},
  mapping: {path: '/mapping', privileges: /^Mapping\.|^Permissions\.Modify$/},
  nodes: {path: '/nodes', privileges: /^Sys\.|^Permissions\.Modify$/},
  sdn: {path: '/sdn', privileges: /^SDN\.|^Permissions\.Modify$/},
  storage: {path: '/storage', privileges: /^Datastore\.|^Permissions\.Modify$/},
  vms: {path: '/vms', privileges: /^VM\.|^Permissions\.Modify$/},
}

export const accessTicketRoutes: Routes = {
  'GET /access/ticket': () => null,
  'POST /access/ticket': createTicket,
}

/** Every failed login says the same; only the server's log would tell why (reference 2.3). */
function refuse(): never {
  throw new PveError(401, 'authentication failure')
}

function createTicket(call: Call): Json {
  const {world} = call
  const username = call.required('username')
  const realm = call.text('realm')
  const userid = realm === undefined ? username : `${username}@${realm}`
  const password = call.required('password')
  if (!/^[^\s:/]+@[A-Za-z][\w.-]+$/.test(userid) || userRefusal(world, userid) !== undefined) refuse()
  const challenge = call.text('tfa-challenge')
  if (challenge !== undefined) {
    if (
      !isHalfTicket(world.meta.authKey, userid, challenge, world.clock.now()) ||
      !secondFactor(world, userid, password)
    )
      refuse()
    return fullTicket(world, userid, call.node)
  }

  // a valid ticket as password renews it, without a second factor
  if (password.startsWith('PVE:') && ticketUser(world.meta.authKey, password, world.clock.now()) === userid)
    return fullTicket(world, userid, call.node)
  if (!passwordMatches(password, world.store.of('users').get(userid)?.password)) refuse()
  const factors = challengeOf(world, userid)
  if (!factors) return fullTicket(world, userid, call.node)
  const {authKey} = world.meta
  const ticket = makeHalfTicket(authKey, userid, factors, world.clock.now())
  return {...answer(world, userid, ticket), NeedTFA: 1}
}

function fullTicket(world: World, userid: string, node: string): Json {
  world.store.append('clusterLog', node, {
    uid: 0,
    time: world.clock.now(),
    pri: 6,
    tag: 'pvedaemon',
    pid: world.meta.lastPid,
    node,
    user: userid,
    msg: `successful auth for user '${userid}'`,
  })
  return answer(world, userid, makeTicket(world.meta.authKey, userid, world.clock.now()))
}

function answer(world: World, userid: string, ticket: string): {[key: string]: Json} {
  const {clusterName, authKey} = world.meta
  return {
    username: userid,
    ticket,
    CSRFPreventionToken: makeCsrfToken(authKey, userid, world.clock.now()),
    cap: capabilities(world, userid),
    ...(clusterName !== undefined && {clustername: clusterName}),
  }
}

function capabilities(world: World, userid: string): Json {
  return Object.fromEntries(
    Object.entries(CAPABILITIES).map(([area, {path, privileges}]) => {
      const granted = [...world.access.privilegesOn(userid, path).keys()].filter((priv) => privileges.test(priv))
      return [area, Object.fromEntries(granted.map((priv) => [priv, 1]))]
    }),
  )
}

/** What a half ticket tells about the factors that would do; undefined for a user without any. */
function challengeOf(world: World, userid: string): Readonly<Record<string, unknown>> | undefined {
  const entries = enabledFactors(world, userid)
  if (entries.length === 0) return undefined
  const free = entries.flatMap((entry) => (entry.keys ?? []).flatMap((key, index) => (key === null ? [] : [index])))
  return {
    ...(entries.some((entry) => entry.type === 'totp') && {totp: true}),
    ...(entries.some((entry) => entry.type === 'recovery') && {recovery: free}),
  }
}

function enabledFactors(world: World, userid: string): readonly TfaEntry[] {
  return (world.store.of('tfa').get(userid)?.entries ?? []).filter((entry) => entry.enable)
}

/** Checks `totp:CODE` or `recovery:KEY`; a recovery key is used up. */
function secondFactor(world: World, userid: string, response: string): boolean {
  const [kind, code = ''] = response.split(/:(.*)/s)
  const entries = enabledFactors(world, userid)
  if (kind === 'totp')
    return entries.some((entry) => entry.type === 'totp' && totpMatches(entry, code, world.clock.now()))
  if (kind !== 'recovery') return false
  const hash = sha256(code)
  const used = entries.find((entry) => entry.keys?.some((key) => key !== null && sameText(key, hash)))
  if (!used) return false
  const all = world.store.of('tfa').get(userid)!.entries
  const rest = all.map((entry) =>
    entry === used ? {...entry, keys: entry.keys!.map((key) => (key === hash ? null : key))} : entry,
  )
  world.store.of('tfa').put(userid, {entries: rest})
  return true
}
