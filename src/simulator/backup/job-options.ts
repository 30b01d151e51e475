import {paramError, PveError} from '../kernel/pve-error.js'
import {fromMaxfiles} from './retention.js'
import {type KeepOptions, parseKeep} from './prune.js'

import type {Call, Params} from '../kernel/call.js'
import type {GuestRecord, PropertyRecord, StorageRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** What a backup job is told, whether it runs now or is only planned. Values as Proxmox VE keeps them. */
export type JobOptions = {readonly [option: string]: PropertyRecord[string]}

const ROOT_ONLY = ['dumpdir', 'job-id', 'script', 'tmpdir']
const SYSTEM_WIDE = ['bwlimit', 'ionice', 'performance']
const LISTS = new Set(['exclude', 'exclude-path', 'mailto', 'vmid'])
const SELECTIONS = ['all', 'exclude', 'pool', 'vmid'] as const

/** Who may set what: some options are root's, some concern the whole node, some a storage. */
export function checkOptionRights(call: Call): void {
  const {params} = call
  if (!call.isRootPam) {
    for (const option of ROOT_ONLY)
      if (params[option] !== undefined) paramError({[option]: 'Only root may set this option.'})
  }

  if (SYSTEM_WIDE.some((option) => params[option] !== undefined)) call.check('/', 'Sys.Modify')
  const storage = call.text('storage')
  if (
    storage !== undefined &&
    (params['prune-backups'] !== undefined || params['maxfiles'] !== undefined || call.flag('remove') === false)
  ) {
    call.check(`/storage/${storage}`, 'Datastore.Allocate')
  }

  const fleecing = /(?:^|,)storage=([^,]+)/.exec(call.text('fleecing') ?? '')?.[1]
  if (fleecing !== undefined) call.check(`/storage/${fleecing}`, 'Datastore.AllocateSpace')
}

/**
 * What of a job's selection contradicts itself.
 * @throws PveError 400 with one error
 */
export function checkSelection(options: JobOptions, {mustSelect}: {readonly mustSelect: boolean}): void {
  const is = (option: string): boolean =>
    options[option] !== undefined && options[option] !== 0 && options[option] !== ''
  for (const option of ['all', 'exclude', 'pool'] as const) {
    if (is(option) && is('vmid')) paramError({[option]: "option conflicts with option 'vmid'"})
  }

  if (is('all') && is('pool')) paramError({all: "option conflicts with option 'pool'"})
  if (is('prune-backups') && options['maxfiles'] !== undefined)
    paramError({'prune-backups': "option conflicts with option 'maxfiles'"})
  const template = options['notes-template']
  if (typeof template === 'string') checkNotesTemplate(template)
  if (mustSelect && !is('all') && !is('exclude') && !is('pool') && !is('vmid') && !is('stop'))
    paramError({vmid: 'property is missing'})
}

/** The same where it is found out while a file is locked: a 500 that carries the whole 400 as its text (reference 5). */
export function checkSelectionLocked(options: JobOptions): void {
  try {
    checkSelection(options, {mustSelect: true})
  } catch (error) {
    if (error instanceof PveError && error.errors) throw new PveError(500, lockedText(error.errors))
    throw error
  }
}

/** `400 Parameter verification failed.` and its map, as one text. */
export function lockedText(errors: Readonly<Record<string, string>>): string {
  const lines = Object.entries(errors).map(([key, text]) => `${key}: ${text}`)
  return ['400 Parameter verification failed.', ...lines].join('\n')
}

/** The parameters of a call as a job keeps them: lists as text with commas, numbers and booleans as numbers. */
export function jobOptions(params: Params, isNumber: (option: string) => boolean): JobOptions {
  const options: {[option: string]: PropertyRecord[string]} = {}
  for (const [option, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue
    if (LISTS.has(option)) options[option] = listText(value)
    else if (isNumber(option)) options[option] = typeof value === 'boolean' ? Number(value) : Number(value)
    else options[option] = Array.isArray(value) ? value.map(String) : String(value)
  }

  if (options['exclude'] !== undefined && options['pool'] === undefined) options['all'] = 1
  return options
}

/** A job after a change of its options: choosing guests in another way drops the old way. */
export function mergeJobOptions(old: JobOptions, changes: JobOptions, remove: readonly string[]): JobOptions {
  const merged: {[option: string]: PropertyRecord[string]} = {...old}
  for (const option of remove) delete merged[option]
  const chosen = SELECTIONS.filter((option) => changes[option] !== undefined)
  if (chosen.some((option) => option !== 'exclude')) {
    for (const option of ['all', 'pool', 'vmid'] as const) if (!chosen.includes(option)) delete merged[option]
    if (chosen.includes('vmid') || chosen.includes('pool')) delete merged['exclude']
  }

  return {...merged, ...changes}
}

/** The VMIDs of a list in an option. */
export function idsIn(value: unknown): readonly number[] {
  return String(value ?? '')
    .split(/[\s,;]+/)
    .filter((item) => item !== '')
    .map(Number)
}

/** The guests a job is about, on one node or, when it is tied to none, on all: VMIDs in its own order, also of guests that don't exist. */
export function selectedVmids(world: World, options: JobOptions, node?: string): readonly number[] {
  if (options['vmid'] !== undefined) return [...new Set(idsIn(options['vmid']))]
  const excluded = new Set(idsIn(options['exclude']))
  const pool = options['pool'] === undefined ? undefined : new Set(poolMembers(world, String(options['pool'])))
  return [...world.store.of('guests').values()]
    .filter((guest) => (node === undefined || guest.node === node) && !excluded.has(guest.vmid))
    .filter(({vmid}) => pool === undefined || pool.has(vmid))
    .map(({vmid}) => vmid)
    .sort((a, b) => a - b)
}

/** The guests of a pool and of those nested in it. */
function poolMembers(world: World, poolid: string): readonly number[] {
  return [...world.store.of('pools').values()]
    .filter((pool) => pool.poolid === poolid || pool.poolid.startsWith(`${poolid}/`))
    .flatMap(({vms}) => vms)
}

/** The rules a job prunes with: its own, or those of its storage. Undefined: none, so everything stays. */
export function keepRules(options: JobOptions, storage: StorageRecord | undefined): KeepOptions | undefined {
  const own = options['prune-backups']
  if (own !== undefined) return parseKeep(typeof own === 'object' ? recordText(own as PropertyRecord) : String(own))
  if (options['maxfiles'] !== undefined) return fromMaxfiles(Number(options['maxfiles']))
  const configured = storage?.config['prune-backups']
  return configured === undefined ? undefined : parseKeep(String(configured))
}

/** `keep-last=3,keep-daily=2` of an object. */
export function recordText(record: PropertyRecord): string {
  return Object.entries(record)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')
}

const NOTE_VARIABLES = ['cluster', 'guestname', 'node', 'vmid'] as const

/** The notes a template gives for a guest. */
export function notesOf(template: string, world: World, guest: GuestRecord): string {
  const {config, node, vmid} = guest
  const values: Readonly<Record<string, string>> = {
    cluster: world.meta.clusterName ?? 'standalone node',
    guestname: String(config['name'] ?? config['hostname'] ?? `${guest.type === 'lxc' ? 'CT' : 'VM'} ${vmid}`),
    node,
    vmid: String(vmid),
  }
  return unescape(template).replaceAll(/\{\{([^{}]+)\}\}/g, (all, name: string) => values[name] ?? all)
}

function checkNotesTemplate(template: string): void {
  const problems: string[] = []
  const bad = /\\(?![n\\])./.exec(template.replaceAll('\\\\', ''))
  if (bad) problems.push(`unexpected escape character '${bad[0].slice(1)}'`)
  for (const [, name] of template.matchAll(/\{\{([^{}]+)\}\}/g)) {
    if (!NOTE_VARIABLES.includes(name as never)) problems.push(`unexpected variable name '${name}'`)
  }

  if (problems.length > 0) paramError({'notes-template': problems[0]!})
}

function unescape(text: string): string {
  return text.replaceAll(/\\([n\\])/g, (_all, char: string) => (char === 'n' ? '\n' : '\\'))
}

function listText(value: unknown): string {
  const items = Array.isArray(value) ? value.map(String) : String(value).split(/[\s,;\0]+/)
  return items.filter((item) => item !== '').join(',')
}
