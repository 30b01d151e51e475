import {isBindMount, plainSetup, type ContainerSetup} from './container-setup.js'
import type {CreationDefaults} from './creation-defaults.js'
import {diskValue, type DiskSpec} from './disk-spec.js'
import type {GuestOptions} from './guest-options.js'
import type {StorageNeed} from './guest-placement.js'
import {netValue, type NetSpec} from './net-spec.js'
import type {Secret} from './secret.js'

const MIB = 2 ** 20
/** What Proxmox VE gives a container where nothing is said (reference 2.13, and the schema). */
export const DEFAULT_CONTAINER_MEMORY_BYTES = 512 * MIB
/** The wizard's; the API's own default of 4 GiB fills up with the first updates. */
const DEFAULT_DISK_BYTES = 8 * 2 ** 30
const DEFAULT_BRIDGE = 'vmbr0'

/** A container that is to be made from a file, on a node whose defaults are known. */
export interface NewContainerParts {
  readonly name: string
  /** The file it is made of. */
  readonly volume: string
  readonly setup: ContainerSetup
  readonly creation: CreationDefaults
  /** For volumes that name no storage. */
  readonly storage: string
  readonly password?: Secret
}

type Disks = Pick<NewContainerParts, 'creation' | 'setup'>

/** The root file system first. */
function disksOf({creation, setup}: Disks): readonly DiskSpec[] {
  const {mounts, rootDisk} = setup
  const sizeBytes = creation.diskBytes ?? DEFAULT_DISK_BYTES
  return [rootDisk ?? {source: {kind: 'new', sizeBytes}, options: new Map<string, string>()}, ...mounts]
}

/** Whether a new volume names no storage. */
export function leavesStorageOpen(disks: Disks): boolean {
  return disksOf(disks).some((spec) => spec.source.kind === 'new' && spec.storage === undefined)
}

/** What the container takes from storages. */
export function containerStorageNeeds({storage, ...disks}: Disks & {readonly storage: string}): StorageNeed[] {
  return disksOf(disks)
    .filter((spec) => !isBindMount(spec))
    .map((spec) => ({
      storage: spec.source.kind === 'volume' ? (spec.source.volume.split(':', 1)[0] ?? '') : (spec.storage ?? storage),
      content: 'rootdir' as const,
      ...(spec.source.kind === 'new' && {bytes: spec.source.sizeBytes}),
    }))
}

/** The NICs, in the order net0, net1, …: those in full, or one that asks for its address unless it is told otherwise. */
function netsOf({creation, setup}: Disks): NetSpec[] {
  const {net, nets, netless} = setup
  if (netless === true) return []
  const silent = !net.has('ip') && !net.has('ip6')
  const all = nets.length > 0 ? nets : [new Map([...net, ...(silent ? [['ip', 'dhcp'] as const] : [])])]
  const bridge = creation.bridge ?? DEFAULT_BRIDGE
  return all.map((one, index) => new Map([['name', `eth${index}`], ['bridge', bridge], ...one]))
}

/** The bridges that its NICs are connected to. */
export function containerBridges(parts: Disks): string[] {
  return netsOf(parts).flatMap((net) => net.get('bridge') ?? [])
}

/** All parameters of `POST /nodes/{node}/lxc` but the VMID (reference 2.13). */
export function newContainerOptions({
  creation,
  name,
  password,
  setup,
  storage,
  volume,
}: NewContainerParts): GuestOptions {
  const {features, nesting, privileged = false, sshKeys = []} = setup
  const all = [...((nesting ?? !privileged) ? ['nesting=1'] : []), ...features]
  const disks = disksOf({creation, setup}).map((spec, index) => [
    index === 0 ? 'rootfs' : `mp${index - 1}`,
    diskValue(spec, storage),
  ])
  const nets = netsOf({creation, setup}).map((net, index) => [`net${index}`, netValue(net, 'lxc')])
  return {
    ostemplate: volume,
    hostname: name,
    // Its default has changed between releases, so it is always said.
    unprivileged: !privileged,
    ...plainSetup(setup, {memoryBytes: DEFAULT_CONTAINER_MEMORY_BYTES, ...creation}),
    ...Object.fromEntries(disks),
    ...Object.fromEntries(nets),
    ...(all.length > 0 && {features: all.join(',')}),
    ...(creation.pool !== undefined && {pool: creation.pool}),
    ...(sshKeys.length > 0 && {'ssh-public-keys': sshKeys.join('\n')}),
    ...(password !== undefined && {password}),
  }
}
