import {err, ok, type Result} from 'neverthrow'
import type {CreationDefaults} from '../domain/creation-defaults.js'
import {defaultStorage} from '../domain/default-storage.js'
import {diskValue, type DiskSpec} from '../domain/disk-spec.js'
import {failure, type Failure} from '../domain/failure.js'
import type {StorageNeed} from '../domain/guest-placement.js'
import {netValue, type NetSpec} from '../domain/net-spec.js'
import type {Secret} from '../domain/secret.js'
import type {NodeStorage} from '../domain/storage.js'
import type {GuestParameters} from '../repositories/new-guest-repository.js'
import type {ContainerSource, FetchOptions} from './container-source-service.js'

const MIB = 2 ** 20
const GIB = 2 ** 30
/** What Proxmox VE gives a container where nothing is said (reference 2.13, and the schema). */
const DEFAULT_MEMORY = 512 * MIB
/** The wizard's; the API's own default of 4 GiB fills up with the first updates. */
const DEFAULT_DISK = 8 * GIB

/** What is asked for; the fields of `CreationDefaults` go before the defaults. */
export interface ContainerRequest extends CreationDefaults, FetchOptions {
  readonly name: string
  readonly source: ContainerSource
  /** Undefined: the best one. */
  readonly node?: string
  readonly vmid?: number
  readonly swapBytes?: number
  /** The root file system; `diskBytes` and `storage` say the same in parts. */
  readonly rootDisk?: DiskSpec
  readonly mounts: readonly DiskSpec[]
  /** In the order net0, net1, …; empty: none. */
  readonly nets: readonly NetSpec[]
  readonly nameservers?: readonly string[]
  readonly searchDomain?: string
  readonly password?: Secret
  readonly sshKeys?: readonly string[]
  readonly privileged: boolean
  /** As Proxmox VE writes them: `nesting=1`. */
  readonly features: readonly string[]
  readonly description?: string
  readonly timezone?: string
  readonly onBoot: boolean
  readonly protection: boolean
  readonly startup?: string
  readonly start: boolean
  readonly removeOnFailure: boolean
  /** Whether the login is root@pam itself; no token is (reference 2.3). */
  readonly rootLogin: boolean
  readonly defaults: CreationDefaults
  readonly nodeDefaults: Readonly<Record<string, CreationDefaults>>
}

/** What applies on a node: what was asked for, before the node's defaults, before the general ones. */
function effective(request: ContainerRequest, node: string): CreationDefaults {
  const {bridge, cores, diskBytes, memoryBytes, pool, storage, tags} = request
  const asked = Object.entries({bridge, cores, diskBytes, memoryBytes, pool, storage, tags})
  return {
    ...request.defaults,
    ...request.nodeDefaults[node],
    ...Object.fromEntries(asked.filter(([, value]) => value !== undefined)),
  }
}

/** Memory that it will be configured with. On another node other defaults may apply; the largest counts. */
export function containerMemory(request: ContainerRequest): number {
  if (request.memoryBytes !== undefined) return request.memoryBytes
  const defaults = [request.defaults, ...Object.values(request.nodeDefaults)].flatMap((one) => one.memoryBytes ?? [])
  return Math.max(DEFAULT_MEMORY, ...defaults)
}

/** The disks on a node, with the storage of each. */
function disksOn(
  request: ContainerRequest,
  node: string,
  storages: readonly NodeStorage[],
): Result<readonly {key: string; spec: DiskSpec; storage: string}[], Failure> {
  const {diskBytes = DEFAULT_DISK, storage} = effective(request, node)
  const root = request.rootDisk ?? {source: {kind: 'new', sizeBytes: diskBytes}, options: new Map<string, string>()}
  const specs = [root, ...request.mounts]
  const open = specs.some((spec) => spec.source.kind === 'new' && spec.storage === undefined)
  const fallback =
    storage === undefined && open ? defaultStorage(node, 'lxc', storages, '--storage') : ok(storage ?? '')
  return fallback.map((usual) =>
    specs.map((spec, index) => ({
      key: index === 0 ? 'rootfs' : `mp${index - 1}`,
      spec,
      storage: spec.source.kind === 'volume' ? (spec.source.volume.split(':', 1)[0] ?? '') : (spec.storage ?? usual),
    })),
  )
}

/** The storages that it will use on a node, or why it cannot be there. A choice that is left open is no obstacle yet. */
export function storagesOfContainer(
  request: ContainerRequest,
  node: string,
  storages: readonly NodeStorage[],
): readonly StorageNeed[] | string {
  const disks = disksOn(request, node, storages)
  if (disks.isErr()) return disks.error.kind === 'refused' ? disks.error.message : []
  return disks.value
    .filter(({spec}) => !isBindMount(spec))
    .map(({spec, storage}) => ({
      storage,
      content: 'rootdir' as const,
      ...(spec.source.kind === 'new' && {bytes: spec.source.sizeBytes}),
    }))
}

/** All parameters of `POST /nodes/{node}/lxc` but the VMID (reference 2.13). */
export function containerParameters(
  request: ContainerRequest,
  node: string,
  volume: string,
  storages: readonly NodeStorage[],
): Result<GuestParameters, Failure> {
  const {cores, memoryBytes = DEFAULT_MEMORY, pool, tags = []} = effective(request, node)
  const {
    description,
    features,
    name,
    nameservers = [],
    nets,
    password,
    privileged,
    searchDomain,
    sshKeys = [],
  } = request
  return disksOn(request, node, storages).map((disks) => ({
    ostemplate: volume,
    hostname: name,
    // Its default has changed between releases, so it is always said.
    unprivileged: !privileged,
    memory: Math.round(memoryBytes / MIB),
    ...(request.swapBytes !== undefined && {swap: Math.round(request.swapBytes / MIB)}),
    ...(cores !== undefined && {cores}),
    ...Object.fromEntries(disks.map(({key, spec, storage}) => [key, diskValue(spec, storage)])),
    ...Object.fromEntries(nets.map((net, index) => [`net${index}`, netValue(withBridge(net, request, node), 'lxc')])),
    ...(nameservers.length > 0 && {nameserver: nameservers.join(' ')}),
    ...(searchDomain !== undefined && {searchdomain: searchDomain}),
    ...(features.length > 0 && {features: features.join(',')}),
    ...(tags.length > 0 && {tags: tags.join(';')}),
    ...(pool !== undefined && {pool}),
    ...(description !== undefined && {description}),
    ...(request.timezone !== undefined && {timezone: request.timezone}),
    ...(request.onBoot && {onboot: true}),
    ...(request.protection && {protection: true}),
    ...(request.startup !== undefined && {startup: request.startup}),
    ...(sshKeys.length > 0 && {'ssh-public-keys': sshKeys.join('\n')}),
    ...(password !== undefined && {password}),
  }))
}

/** A NIC on the usual bridge, where it names none. */
function withBridge(net: NetSpec, request: ContainerRequest, node: string): NetSpec {
  if (net.has('bridge')) return net
  const [name = ['name', 'eth0'], ...rest] = net
  return new Map([name, ['bridge', bridgeOn(request, node)], ...rest])
}

/** The bridge of NICs that name none. */
export function bridgeOn(request: ContainerRequest, node: string): string {
  return effective(request, node).bridge ?? 'vmbr0'
}

/** A folder or device of the node itself instead of a volume. */
function isBindMount({source}: DiskSpec): boolean {
  return source.kind === 'volume' && source.volume.startsWith('/')
}

/** What of a request only root@pam may ask for, with a ticket (reference 2.3); empty for whoever is. */
export function rootOnly(request: ContainerRequest): string[] {
  if (request.rootLogin) return []
  return [
    ...request.features
      .filter((feature) => request.privileged || !feature.startsWith('nesting='))
      .map(
        (feature) => `the feature ${feature.split('=', 1)[0]}${request.privileged ? ' of a privileged container' : ''}`,
      ),
    ...request.mounts
      .filter((mount) => isBindMount(mount))
      .map((mount) => `the mount of ${(mount.source as {volume: string}).volume}`),
  ]
}

/** Refuses sizes that Proxmox VE has no number for. */
export function checkContainerSizes({memoryBytes, swapBytes}: ContainerRequest): Result<void, Failure> {
  for (const [flag, bytes, least] of [
    ['--memory', memoryBytes, 16],
    ['--swap', swapBytes, 0],
  ] as const) {
    if (bytes !== undefined && (bytes % MIB !== 0 || bytes < least * MIB)) {
      return err(
        failure('usage', `${flag} ${bytes} bytes is not possible`, {
          hint: `Give whole MiB${least === 0 ? '' : `, at least ${least}`}, with the unit: ${flag} 512MiB`,
          details: {field: flag.slice(2), value: bytes},
        }),
      )
    }
  }

  return ok(undefined)
}
