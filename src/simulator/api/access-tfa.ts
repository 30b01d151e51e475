import {randomBytes, randomUUID} from 'node:crypto'

import {reauthenticate} from '../access/reauthenticate.js'
import {sha256, totpMatches} from '../access/secrets.js'
import {die, PveError, type Json} from '../kernel/pve-error.js'
import {usersInSight} from './access-users.js'

import type {Call, Routes} from '../kernel/call.js'
import type {TfaEntry} from '../kernel/state.js'

const RECOVERY_KEYS = 10
const ALGORITHMS = ['sha1', 'sha256', 'sha512'] as const

export const accessTfaRoutes: Routes = {
  'GET /access/tfa'(call) {
    const visible = usersInSight(call)
    return [...call.world.store.of('tfa').entries()]
      .filter(([userid, {entries}]) => entries.length > 0 && visible(userid))
      .map(([userid, {entries}]) => ({userid, entries: entries.map((entry) => typed(entry))}))
  },

  'GET /access/tfa/{userid}': (call) => entriesOf(call).map((entry) => typed(entry)),

  'GET /access/tfa/{userid}/{id}'(call) {
    const id = call.required('id')
    const found = entriesOf(call).find((entry) => entry.id === id)
    if (!found) throw new PveError(404, `No such tfa entry '${id}'`)
    return typed(found)
  },

  'POST /access/tfa/{userid}'(call) {
    const userid = call.required('userid')
    reauthenticate(call, userid, 'password')
    const type = call.required('type')
    if (type === 'totp') return addTotp(call)
    if (type === 'recovery') return addRecovery(call)
    if (type === 'yubico') return die(`no yubico otp configuration available for realm ${userid.split('@').at(-1)}`)
    return die(`no ${type} configuration available`)
  },

  'PUT /access/tfa/{userid}/{id}'(call) {
    reauthenticate(call, call.required('userid'), 'password')
    const entry = existingEntry(call)
    const description = call.text('description')
    const enable = call.flag('enable')
    const next = {...entry, ...(description !== undefined && {description}), ...(enable !== undefined && {enable})}
    replace(
      call,
      entriesOf(call).map((other) => (other === entry ? next : other)),
    )
    return null
  },

  'DELETE /access/tfa/{userid}/{id}'(call) {
    reauthenticate(call, call.required('userid'), 'password')
    const entry = existingEntry(call)
    replace(
      call,
      entriesOf(call).filter((other) => other !== entry),
    )
    return null
  },
}

function entriesOf(call: Call): readonly TfaEntry[] {
  return call.world.store.of('tfa').get(call.required('userid'))?.entries ?? []
}

function existingEntry(call: Call): TfaEntry {
  const id = call.required('id')
  return entriesOf(call).find((entry) => entry.id === id) ?? die('no such tfa entry')
}

function replace(call: Call, entries: readonly TfaEntry[]): void {
  const userid = call.required('userid')
  if (entries.length > 0) call.world.store.of('tfa').put(userid, {entries})
  else call.world.store.of('tfa').delete(userid)
  // the user's own entry says whether there is a second factor at all
  call.world.store.of('users').update(userid, {keys: entries.length > 0 ? 'x' : undefined})
}

function typed({id, type, description, created, enable}: TfaEntry): {[key: string]: Json} {
  return {id, type, created, ...(description !== '' && {description}), ...(!enable && {enable: 0})}
}

function newEntry(call: Call): Pick<TfaEntry, 'created' | 'description' | 'enable'> {
  return {description: call.text('description') ?? '', created: call.world.clock.now(), enable: true}
}

/** The URI of an authenticator app, proved by a current code. */
function addTotp(call: Call): Json {
  const uri = call.text('totp') ?? die("missing 'totp' information when adding a totp entry")
  const value = call.text('value') ?? die("missing 'value' parameter when adding a totp entry")
  if (call.text('description') === undefined) die("'description' is required for new entries")
  const entry: TfaEntry = {...newEntry(call), ...parseTotp(uri), id: randomUUID(), type: 'totp'}
  if (!totpMatches(entry, value, call.world.clock.now())) die('failed to verify TOTP challenge')
  replace(call, [...entriesOf(call), entry])
  return {id: entry.id}
}

function parseTotp(text: string): Pick<TfaEntry, 'algorithm' | 'digits' | 'secret' | 'step'> {
  let uri: URL
  try {
    uri = new URL(text)
  } catch {
    return die('not an otpauth uri')
  }

  const secret = uri.searchParams.get('secret')
  if (uri.protocol !== 'otpauth:' || uri.host !== 'totp') return die('not an otpauth uri')
  if (secret === null || !/^[A-Za-z2-7]+=*$/.test(secret)) return die('missing secret in otpauth url')
  const name = uri.searchParams.get('algorithm')?.toLowerCase() ?? 'sha1'
  const algorithm = ALGORITHMS.find((known) => known === name) ?? die(`unsupported totp algorithm '${name}'`)
  return {
    secret,
    algorithm,
    digits: Number(uri.searchParams.get('digits') ?? 6),
    step: Number(uri.searchParams.get('period') ?? 30),
  }
}

function addRecovery(call: Call): Json {
  if (['totp', 'value', 'challenge'].some((key) => call.text(key) !== undefined))
    die('generating recovery tokens does not allow additional parameters')
  if (entriesOf(call).some(({type}) => type === 'recovery')) die('user already has recovery keys')
  const keys = Array.from({length: RECOVERY_KEYS}, () =>
    randomBytes(8)
      .toString('hex')
      .replace(/(.{4})(?=.)/g, '$1-'),
  )
  const entry: TfaEntry = {...newEntry(call), id: 'recovery', type: 'recovery', keys: keys.map((key) => sha256(key))}
  replace(call, [...entriesOf(call), entry])
  return {id: 'recovery', recovery: keys}
}
