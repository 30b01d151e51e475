import {err, ok, type Result} from 'neverthrow'
import {plainSetup, type ContainerSetup} from './container-setup.js'
import type {CreationDefaults} from './creation-defaults.js'
import {diskValue} from './disk-spec.js'
import {failure, type Failure} from './failure.js'
import {storageOf} from './guest-disks.js'
import {netOptions} from './guest-nics.js'
import type {GuestOptions} from './guest-options.js'
import {checkGateways, netValue, type NetSpec} from './net-spec.js'
import {parsePropertyString, formatPropertyString} from './property-string.js'
import type {Secret} from './secret.js'

/** How many a container can have (reference 2.1). */
const MOST = {mp: 256, net: 32}

/** What is to be changed in the clone of a container. */
export interface ContainerChanges {
  readonly setup: ContainerSetup
  readonly creation: CreationDefaults
  readonly password?: Secret
}

type Config = Readonly<Record<string, unknown>>

/** Whether something of it has to find a place in the template's configuration, or to keep a part of a value there. */
export function needsContainerTemplate({setup}: ContainerChanges): boolean {
  const {features, mounts, nesting, net, nets} = setup
  return net.size + nets.length + mounts.length + features.length > 0 || nesting !== undefined
}

/** Refuses what a clone has from its template, and cannot be given another of. */
export function checkContainerClone({password, setup}: ContainerChanges): Result<void, Failure> {
  const {netless, privileged, rootDisk, sshKeys} = setup
  const wrong = (field: string, why: string): Result<never, Failure> =>
    err(
      failure('usage', `--${field} makes no sense for a clone: ${why}`, {
        hint: 'Leave it out, or make the container from a template file or an image',
        details: {field},
      }),
    )
  if (rootDisk !== undefined) return wrong('rootfs', 'it has the root file system of its template; see --disk-size')
  if (privileged !== undefined)
    return wrong('privileged', 'whose root it is stands fast with the files of its template')
  if (netless === true) return wrong('no-net', 'it has the NICs of its template')
  const inside = 'the accounts are those of its template'
  if (password !== undefined) return wrong('password-stdin', inside)
  return sshKeys === undefined ? ok(undefined) : wrong('ssh-key', inside)
}

/**
 * The values to set in a clone. Mount points and NICs in full come to those of the template; what is said of the first NIC and of features changes these.
 * @param config the configuration of the clone, or beforehand of its template
 * @returns a `usage` failure for what finds no place
 */
export function containerCloneOptions(
  {creation, setup}: ContainerChanges,
  config: Config,
): Result<GuestOptions, Failure> {
  const {mounts, nets} = setup
  const first = firstNic(setup.net, creation.bridge, config)
  if (first.isErr()) return err(first.error)
  const keys = new Set([...Object.keys(config), ...Object.keys(first.value)])
  const storage = creation.storage ?? storageOf(String(config['rootfs'] ?? '').split(',', 1)[0] ?? '') ?? ''
  const netKeys = freeKeys('net', nets.length, keys)
  const mountKeys = freeKeys('mp', mounts.length, keys)
  if (netKeys.isErr()) return err(netKeys.error)
  if (mountKeys.isErr()) return err(mountKeys.error)
  const names = interfaces({...config, ...first.value})
  const bridge = creation.bridge ?? bridgeOf(config)
  const clash = nets.find((net) => names.has(net.get('name') ?? ''))?.get('name')
  if (clash !== undefined) {
    return err(
      failure('usage', `the template has a NIC ${clash} already`, {
        hint: 'Give --net another name=…, or change the first NIC with --ip, --bridge and the like',
        details: {field: 'net', name: clash},
      }),
    )
  }

  const added = nets.map((net, index) => {
    const name = net.get('name') ?? freeName(names)
    names.add(name)
    return [netKeys.value[index] ?? '', netValue(new Map([['name', name], ['bridge', bridge], ...net]), 'lxc')] as const
  })
  return ok({
    ...plainSetup(setup, creation),
    ...first.value,
    ...Object.fromEntries(added),
    ...Object.fromEntries(mounts.map((spec, index) => [mountKeys.value[index] ?? '', diskValue(spec, storage)])),
    ...featuresOf(setup, config),
  })
}

/** The template's first NIC with what is said of it. */
function firstNic(net: NetSpec, bridge: string | undefined, config: Config): Result<Record<string, string>, Failure> {
  const now = config['net0']
  if (net.size === 0 && (bridge === undefined || now === undefined)) return ok({})
  const before = now === undefined ? new Map([['name', freeName(interfaces(config))]]) : netOptions('lxc', String(now))
  const changed = new Map([...before, ['bridge', bridge ?? before.get('bridge') ?? bridgeOf(config)], ...net])
  // A gateway belongs to a fixed address.
  for (const [address, gateway] of [
    ['ip', 'gw'],
    ['ip6', 'gw6'],
  ] as const) {
    if (net.has(address) && !net.has(gateway) && !net.get(address)?.includes('/')) changed.delete(gateway)
  }

  return checkGateways(changed, `network "${netValue(net, 'lxc')}"`).map((read) => ({net0: netValue(read, 'lxc')}))
}

function featuresOf({features, nesting}: ContainerSetup, config: Config): {features?: string} {
  if (features.length === 0 && nesting === undefined) return {}
  const own = nesting === undefined ? [] : [`nesting=${Number(nesting)}`]
  const all = new Map([
    ...parsePropertyString(String(config['features'] ?? '')),
    ...parsePropertyString([...own, ...features].join(',')),
  ])
  return {features: formatPropertyString(all)}
}

function bridgeOf(config: Config): string {
  return netOptions('lxc', String(config['net0'] ?? '')).get('bridge') ?? 'vmbr0'
}

/** The names of the NICs inside. */
function interfaces(config: Config): Set<string> {
  return new Set(
    Object.entries(config).flatMap(([key, value]) =>
      /^net\d+$/.test(key) ? (netOptions('lxc', String(value)).get('name') ?? []) : [],
    ),
  )
}

function freeName(names: ReadonlySet<string>): string {
  let index = 0
  while (names.has(`eth${index}`)) index++
  return `eth${index}`
}

function freeKeys(kind: 'mp' | 'net', count: number, taken: ReadonlySet<string>): Result<string[], Failure> {
  const free = Array.from({length: MOST[kind]}, (_, index) => `${kind}${index}`).filter((key) => !taken.has(key))
  return free.length >= count
    ? ok(free.slice(0, count))
    : err(
        failure('usage', `a container has at most ${MOST[kind]} ${kind === 'mp' ? 'mount points' : 'NICs'}`, {
          hint: `Ask for fewer with --${kind === 'mp' ? 'mount' : 'net'}`,
        }),
      )
}
