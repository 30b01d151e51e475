import {createHash} from 'node:crypto'

import {checkLock} from '../guest/guests.js'
import {loadVm, updateVm} from './vm.js'
import {type Drive, drivesOf, isCloudInit} from './drives.js'
import {parseNet} from './network.js'
import {isCloudInitKey} from './options.js'
import {hidePassword} from './pending.js'
import {parseProperties} from './property-string.js'

import type {Call} from '../kernel/call.js'
import type {Json} from '../kernel/pve-error.js'
import type {GuestConfig, GuestRecord} from '../kernel/state.js'
import type {World} from '../kernel/world.js'

/** Options that `GET …/cloudinit` lists; the addresses are not among them. */
const LISTED = ['cicustom', 'cipassword', 'citype', 'ciuser', 'ciupgrade', 'nameserver', 'searchdomain', 'sshkeys']

type Values = NonNullable<GuestRecord['cloudInit']>

/** The drive a VM's cloud-init data is on. */
function cloudInitDrive(config: GuestConfig): readonly [string, Drive] | undefined {
  return drivesOf(config).find(([, drive]) => isCloudInit(drive))
}

/** Whether an option ends up in the cloud-init data. */
function isInData(key: string): boolean {
  return isCloudInitKey(key) || key === 'name' || /^net\d+$/.test(key)
}

/** What the drive of a running VM still says otherwise, after an option was changed from `before` to `after`. */
export function recordChange(
  guest: GuestRecord,
  known: GuestRecord['cloudInit'],
  key: string,
  before: number | string | undefined,
  after: number | string | undefined,
): GuestRecord['cloudInit'] | undefined {
  if (!isInData(key) || !cloudInitDrive(guest.config) || before === after) return known
  const recorded = known?.[key]
  // null: the drive has no such value
  const onDrive = recorded === undefined ? (before ?? null) : recorded
  const rest: Record<string, number | string | null> = {...known}
  if (onDrive === (after ?? null)) delete rest[key]
  else rest[key] = onDrive
  return Object.keys(rest).length > 0 ? rest : undefined
}

/** `GET …/cloudinit`: the values on the drive, and those it will have when it is made anew. */
export function cloudInitEntries(guest: GuestRecord): Json {
  const config = hidePassword(guest.config)
  const recorded: Values = hidePassword((guest.cloudInit ?? {}) as GuestConfig)
  const added = Object.keys(recorded).filter((key) => guest.cloudInit?.[key] === null)
  const entries: Json[] = added.filter((key) => config[key] !== undefined).map((key) => ({key, pending: config[key]!}))
  for (const key of LISTED) {
    const value = config[key]
    if (value === undefined || value === '' || added.includes(key)) continue
    const old = recorded[key]
    entries.push(old === undefined || old === null ? {key, value} : {key, value: old, pending: value})
  }

  const deleted = Object.keys(recorded).filter((key) => config[key] === undefined)
  return [...entries, ...deleted.map((key) => ({key, delete: 1}))]
}

/** `PUT …/cloudinit`: makes the drive anew from the configuration. */
export function regenerate(call: Call): null {
  const {world, node, vmid} = call
  const guest = loadVm(world, node, vmid)
  checkLock(guest)
  if (guest.cloudInit) updateVm(world, guest, {cloudInit: undefined})
  return null
}

/** `GET …/cloudinit/dump`: what the guest finds on the drive. */
export function dump(world: World, guest: GuestRecord, type: string): string {
  if (type === 'user') return userData(guest)
  if (type === 'network') return networkData(world, guest)
  return metaData(world, guest)
}

function userData({config, vmid}: GuestRecord): string {
  const name = String(config['name'] ?? `VM${vmid}`)
  const domain = config['searchdomain'] === undefined ? undefined : String(config['searchdomain'])
  const [hostname = name] = name.split('.', 1)
  const fqdn = name.includes('.') ? name : domain === undefined ? undefined : `${hostname}.${domain}`
  const lines = ['#cloud-config', `hostname: ${hostname}`, 'manage_etc_hosts: true']
  if (fqdn !== undefined) lines.push(`fqdn: ${fqdn}`)
  if (config['ciuser'] !== undefined) lines.push(`user: ${config['ciuser']}`)
  lines.push('disable_root: False')
  if (config['ciuser'] !== undefined) lines.pop()
  if (config['cipassword'] !== undefined) lines.push(`password: ${config['cipassword']}`)
  if (config['sshkeys'] !== undefined) {
    const keys = decodeURIComponent(String(config['sshkeys']))
      .split('\n')
      .map((key) => key.trim())
    lines.push('ssh_authorized_keys:', ...keys.filter(Boolean).map((key) => `  - ${key}`))
  }

  lines.push('chpasswd:', '  expire: False')
  if (config['ciuser'] === undefined || config['ciuser'] !== 'root') lines.push('users:', '  - default')
  if (config['ciupgrade'] !== 0) lines.push('package_upgrade: true')
  return `${lines.join('\n')}\n`
}

function networkData(world: World, {config, node}: GuestRecord): string {
  const lines = ['version: 1', 'config:']
  for (let index = 0; index < 32; index++) {
    const net = config[`net${index}`]
    if (net === undefined) continue
    const {mac} = parseNet(String(net))
    lines.push('    - type: physical', `      name: eth${index}`, `      mac_address: '${(mac ?? '').toLowerCase()}'`)
    const subnets = subnetLines(String(config[`ipconfig${index}`] ?? ''))
    if (subnets.length > 0) lines.push('      subnets:', ...subnets)
  }

  const dns = world.store.of('nodeConfig').get(`${node}/dns`) ?? world.store.of('nodeConfig').get(node)
  const servers = String(config['nameserver'] ?? dns?.['dns1'] ?? '')
    .split(/[\s,;]+/)
    .filter(Boolean)
  const search = String(config['searchdomain'] ?? dns?.['search'] ?? '')
  if (servers.length > 0 || search !== '') {
    lines.push('    - type: nameserver')
    if (servers.length > 0) lines.push('      address:', ...servers.map((server) => `      - '${server}'`))
    if (search !== '') lines.push('      search:', `      - '${search}'`)
  }

  return `${lines.join('\n')}\n`
}

function subnetLines(ipconfig: string): readonly string[] {
  const {properties} = parseProperties(ipconfig, [])
  return [
    ...addressLines(properties.get('ip'), properties.get('gw'), {dhcp: 'dhcp4', kind: 'static'}),
    ...addressLines(properties.get('ip6'), properties.get('gw6'), {dhcp: 'dhcp6', kind: 'static6'}),
  ]
}

function addressLines(
  address: string | undefined,
  gateway: string | undefined,
  {dhcp, kind}: {dhcp: string; kind: string},
): readonly string[] {
  if (address === undefined) return []
  if (address === 'dhcp') return [`      - type: ${dhcp}`]
  if (address === 'auto') return ['      - type: ipv6_slaac']
  const [ip = '', prefix = '24'] = address.split('/')
  const rest =
    kind === 'static'
      ? [`        address: '${ip}'`, `        netmask: '${netmask(Number(prefix))}'`]
      : [`        address: '${address}'`]
  return [`      - type: ${kind}`, ...rest, ...(gateway === undefined ? [] : [`        gateway: '${gateway}'`])]
}

function netmask(prefix: number): string {
  const bits = prefix === 0 ? 0 : (0xff_ff_ff_ff << (32 - prefix)) >>> 0
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}

function metaData(world: World, guest: GuestRecord): string {
  const id = createHash('sha1')
    .update(userData(guest) + networkData(world, guest))
    .digest('hex')
  return `instance-id: ${id}\n`
}
