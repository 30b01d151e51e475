import {createHash} from 'node:crypto'

import {assertDigest, changed, digestOf, sectionValues} from '../config/sections.js'
import {die, paramError, type Json} from '../kernel/pve-error.js'

import type {Call, Routes} from '../kernel/call.js'
import type {NodeRecord, PropertyRecord} from '../kernel/state.js'

const PATH = '/nodes/{node}'
const DOMAIN = 'test.local'
const DEFAULT_DNS: PropertyRecord = {dns1: '192.0.2.1'}
const NUMBERS = new Set(['ballooning-target', 'startall-onboot-delay'])
/** Pid in the name of the file that a daemon's worker writes. */
const WORKER_PID = 386
const BOOT_SECONDS = 60

/** What is set of a node itself: its notes, name servers, hosts and time. */
export const nodeConfigRoutes: Routes = {
  [`GET ${PATH}/config`](call) {
    const config = shownConfig(call)
    const property = call.text('property')
    if (property === undefined || property === 'all') return config
    const wanted = (key: string): boolean => key === property || (property === 'acme' && /^acmedomain\d+$/.test(key))
    return Object.fromEntries(Object.entries(config).filter(([key]) => wanted(key)))
  },

  [`PUT ${PATH}/config`](call) {
    const {world, node} = call
    const config = storedConfig(call)
    assertDigest(call.text('digest'), digestOf([config]))
    const given: {[key: string]: Json} = {...sectionValues(call.params, 'node', 'digest', 'delete')}
    for (const key of Object.keys(given)) if (NUMBERS.has(key)) given[key] = Number(given[key])
    if (!world.isQuorate(node))
      die(`unable to open file '/etc/pve/nodes/${node}/config.tmp.${WORKER_PID}' - Permission denied`)
    const next = {...config, ...given}
    for (const key of call.list('delete')) if (given[key] === undefined) delete next[key]
    world.store.of('nodeConfig').put(node, next)
    return null
  },

  [`GET ${PATH}/dns`]: (call) => call.world.store.of('nodeConfig').get(`${call.node}/dns`) ?? DEFAULT_DNS,

  [`PUT ${PATH}/dns`](call) {
    const {world, node} = call
    const old = world.store.of('nodeConfig').get(`${node}/dns`) ?? DEFAULT_DNS
    const values = Object.fromEntries(
      ['search', 'dns1', 'dns2', 'dns3'].flatMap((key) => {
        const text = call.text(key)
        return text === undefined ? [] : [[key, text]]
      }),
    )
    world.store.of('nodeConfig').put(`${node}/dns`, changed(old, values, []))
    return null
  },

  [`GET ${PATH}/hosts`](call) {
    const data = hostsFile(call)
    return {data, digest: sha1(data)}
  },

  [`POST ${PATH}/hosts`](call) {
    assertDigest(call.text('digest'), sha1(hostsFile(call)))
    call.world.store.of('nodeConfig').put(`${call.node}/hosts`, {data: call.required('data')})
    return null
  },

  [`GET ${PATH}/time`](call) {
    const {timezone} = call.world.node(call.node)
    const time = call.world.clock.now()
    return {timezone, time, localtime: time + offsetSeconds(timezone, time)}
  },

  [`PUT ${PATH}/time`](call) {
    const timezone = call.required('timezone')
    if (!isTimezone(timezone)) paramError({timezone: 'No such timezone'})
    call.world.store.of('nodes').update(call.node, {timezone})
    return null
  },

  [`POST ${PATH}/wakeonlan`](call) {
    const {world} = call
    const name = call.required('node')
    if (name === call.via || name === 'localhost') die(`'${name}' is local node, cannot wake my self!`)
    const record = world.store.of('nodes').get(name)
    const mac = wakeAddress(world.store.of('nodeConfig').get(name))
    if (!record || mac === undefined) die(`No wake on LAN MAC address defined for '${name}'!`)
    if (record.power === 'off') world.clock.after(BOOT_SECONDS, () => world.bootNode(name))
    return mac
  },
}

function storedConfig({world, node}: Call): PropertyRecord {
  return world.store.of('nodeConfig').get(node) ?? {}
}

/** Empty without a digest, as the file is not there then. */
function shownConfig(call: Call): PropertyRecord {
  const config = storedConfig(call)
  if (Object.keys(config).length === 0) return {}
  const {description} = config
  const lines =
    typeof description === 'string' && description !== '' ? {description: `${description.replace(/\n?$/, '')}\n`} : {}
  return {...config, ...lines, digest: digestOf([config])}
}

function hostsFile({world, node}: Call): string {
  const own = world.store.of('nodeConfig').get(`${node}/hosts`)?.['data']
  if (typeof own === 'string') return own
  const line = ({ip, node}: NodeRecord): string => `${ip} ${node}.${DOMAIN} ${node}\n`
  return `127.0.0.1 localhost\n${world
    .members()
    .map((member) => line(member))
    .join('')}`
}

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

function wakeAddress(config: PropertyRecord | undefined): string | undefined {
  const text = config?.['wakeonlan']
  return typeof text === 'string' ? text.split(',', 1)[0]!.replace(/^mac=/, '') : undefined
}

function isTimezone(name: string): boolean {
  if (!/^[A-Z][\w+-]*(?:\/[\w+-]+)*$/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', {timeZone: name}).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** How far a time zone is ahead of UTC at a moment. */
function offsetSeconds(timeZone: string, time: number): number {
  const parts = new Intl.DateTimeFormat('en', {timeZone, timeZoneName: 'longOffset'}).formatToParts(time * 1000)
  const text = parts.find(({type}) => type === 'timeZoneName')?.value ?? 'GMT'
  const [, sign, hours, minutes] = /([+-])(\d+):(\d+)/.exec(text) ?? []
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
}
