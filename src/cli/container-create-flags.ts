import {Flags} from '@oclif/core'
import {err, errAsync, ok, okAsync, Result, type ResultAsync} from 'neverthrow'
import type {ContextSettings} from '../config/configuration.js'
import {parseDiskSpec} from '../domain/disk-spec.js'
import {failure, type Failure} from '../domain/failure.js'
import {parseNetSpec, type NetSpec} from '../domain/net-spec.js'
import type {ContainerRequest} from '../services/container-create-request.js'
import type {ContainerSource} from '../services/container-source-service.js'
import {readNewPassword, type CloudInitInput} from './cloud-init-flags.js'
import {countFlag, sizeFlag} from './flags.js'
import {readSshKeys} from './ssh-keys.js'
import {textFlag as text, textsFlag as texts} from './text-flags.js'

const network = (description: string, helpValue: string) => text(description, helpValue, 'NETWORK')

/** What `lxc create` is told about the container. */
export const containerFlags = {
  oci: text(
    'Image to make it of instead of a template, with its tag: docker.io/library/nginx:1.27. Proxmox VE 9.1.',
    'REFERENCE',
  ),
  download: Flags.boolean({description: 'Fetch the template from the catalogue, if no storage has it.'}),
  'template-storage': text('Storage to fetch a template or image to.', 'STORAGE'),
  node: Flags.string({
    description: 'Node to create it on, or "auto" for the best one.',
    default: 'auto',
    helpValue: 'NODE',
  }),
  vmid: countFlag({description: 'VMID to use; taken means exit 6. By default a free one.', min: 0}),
  pool: text('Resource pool to put it in.', 'POOL'),
  tag: texts('Tag to give it; repeatable.', 'TAG'),
  description: text('Notes.', 'TEXT'),
  cores: countFlag({description: 'CPU cores; by default all of the node.', max: 8192}),
  memory: sizeFlag({description: 'Memory, as 2GiB; 512 MiB by default.'}),
  swap: sizeFlag({description: 'Swap, as 512MiB; 0 for none.'}),
  storage: text('Storage for the disks.', 'STORAGE'),
  'disk-size': sizeFlag({
    description: 'Size of the root file system, as 16GiB; 8 GiB by default.',
    exclusive: ['rootfs'],
  }),
  rootfs: text('Root file system in full: local-lvm:16GiB,mountoptions=noatime.', 'DISK'),
  mount: texts('Mount point: local-lvm:32GiB,mp=/data,backup; repeatable.', 'DISK'),
  privileged: Flags.boolean({description: "Root in it is root on the node. Don't, unless you must."}),
  nesting: Flags.boolean({
    allowNo: true,
    description: 'Let it run containers of its own; what systemd wants today. On unless --privileged.',
  }),
  feature: texts('Further feature, as keyctl or mount=nfs; root@pam only.', 'FEATURE'),
  timezone: text('Time zone, as Europe/Berlin, or host.', 'ZONE'),
  'on-boot': Flags.boolean({description: 'Start it with the node.'}),
  protection: Flags.boolean({description: 'Refuse to delete it or its disks.'}),
  startup: text('Place in the order of starts: order=2,up=30,down=60.', 'ORDER'),
  start: Flags.boolean({description: 'Start it when it is ready.'}),
  'rm-on-failure': Flags.boolean({description: 'Remove it again if its first start fails (exit 11).'}),
  net: texts(
    'NIC in full: name=eth1,bridge=vmbr1,ip=dhcp; repeatable. With it, the short flags describe none.',
    'NET',
    'NETWORK',
  ),
  bridge: network('Bridge of the NIC.', 'BRIDGE'),
  vlan: network('VLAN tag of the NIC.', 'TAG'),
  mac: network('Address of the NIC; by default one of its own.', 'MAC'),
  ip: network('IPv4 address with its prefix, or dhcp (the default).', 'CIDR'),
  gateway: network('IPv4 gateway.', 'ADDRESS'),
  ip6: network('IPv6 address with its prefix, auto or dhcp.', 'CIDR'),
  gateway6: network('IPv6 gateway.', 'ADDRESS'),
  firewall: Flags.boolean({description: "Put the NIC behind Proxmox VE's firewall.", helpGroup: 'NETWORK'}),
  'no-net': Flags.boolean({
    description: 'No network at all.',
    helpGroup: 'NETWORK',
    exclusive: ['net', 'ip', 'ip6', 'bridge'],
  }),
  dns: texts('Name servers; by default those of the node.', 'ADDRESS[,ADDRESS]', 'NETWORK'),
  search: network('Search domain.', 'DOMAIN'),
  'ssh-key': texts('File with public SSH keys for root, or - for stdin.', 'FILE', 'ACCESS'),
  'ssh-key-agent': Flags.boolean({description: 'Also the public keys that the SSH agent holds.', helpGroup: 'ACCESS'}),
  'ssh-key-url': texts('Also the public keys of gh:USER, gl:USER, lp:USER or an https address.', 'URL', 'ACCESS'),
  'password-stdin': Flags.boolean({
    description: "Read root's password from stdin, or ask for it on a terminal.",
    helpGroup: 'ACCESS',
  }),
}

export interface ContainerFlags {
  readonly oci?: string | undefined
  readonly download: boolean
  readonly 'template-storage'?: string | undefined
  readonly node: string
  readonly vmid?: number | undefined
  readonly pool?: string | undefined
  readonly tag?: string[] | undefined
  readonly description?: string | undefined
  readonly cores?: number | undefined
  readonly memory?: number | undefined
  readonly swap?: number | undefined
  readonly storage?: string | undefined
  readonly 'disk-size'?: number | undefined
  readonly rootfs?: string | undefined
  readonly mount?: string[] | undefined
  readonly privileged: boolean
  readonly nesting?: boolean | undefined
  readonly feature?: string[] | undefined
  readonly timezone?: string | undefined
  readonly 'on-boot': boolean
  readonly protection: boolean
  readonly startup?: string | undefined
  readonly start: boolean
  readonly 'rm-on-failure': boolean
  readonly net?: string[] | undefined
  readonly bridge?: string | undefined
  readonly vlan?: string | undefined
  readonly mac?: string | undefined
  readonly ip?: string | undefined
  readonly gateway?: string | undefined
  readonly ip6?: string | undefined
  readonly gateway6?: string | undefined
  readonly firewall: boolean
  readonly 'no-net': boolean
  readonly dns?: string[] | undefined
  readonly search?: string | undefined
  readonly 'ssh-key'?: string[] | undefined
  readonly 'ssh-key-agent': boolean
  readonly 'ssh-key-url'?: string[] | undefined
  readonly 'password-stdin': boolean
}

/** What the flags ask for, with what they point to: key files, the agent, stdin. */
export function containerRequest(
  args: {readonly name: string; readonly template?: string | undefined},
  flags: ContainerFlags,
  context: ContextSettings,
  input: CloudInitInput,
): ResultAsync<ContainerRequest, Failure> {
  const parsed = sourceOf(args.template, flags.oci).andThen((source) =>
    disksOf(flags).andThen((disks) =>
      netsOf(flags).andThen((nets) => featuresOf(flags).map((features) => ({source, nets, features, ...disks}))),
    ),
  )
  return parsed.asyncAndThen((known) =>
    readAccess(flags, input).map((access): ContainerRequest => {
      const {cores, description, memory, pool, search, startup, storage, swap, tag, timezone, vmid} = flags
      return {
        name: args.name,
        ...known,
        ...access,
        download: flags.download,
        ...(flags['template-storage'] !== undefined && {templateStorage: flags['template-storage']}),
        ...(flags.node !== 'auto' && {node: flags.node}),
        ...(vmid !== undefined && {vmid}),
        ...(pool !== undefined && {pool}),
        ...(tag !== undefined && {tags: tag}),
        ...(description !== undefined && {description}),
        ...(cores !== undefined && {cores}),
        ...(memory !== undefined && {memoryBytes: memory}),
        ...(swap !== undefined && {swapBytes: swap}),
        ...(storage !== undefined && {storage}),
        ...(flags['disk-size'] !== undefined && {diskBytes: flags['disk-size']}),
        ...(flags.bridge !== undefined && {bridge: flags.bridge}),
        ...(flags.dns !== undefined && {nameservers: flags.dns.flatMap((list) => list.split(/[\s,]+/))}),
        ...(search !== undefined && {searchDomain: search}),
        ...(timezone !== undefined && {timezone}),
        ...(startup !== undefined && {startup}),
        privileged: flags.privileged,
        onBoot: flags['on-boot'],
        protection: flags.protection,
        start: flags.start,
        removeOnFailure: flags['rm-on-failure'],
        rootLogin: context.login?.kind === 'password' && context.login.username === 'root@pam',
        defaults: context.defaults,
        nodeDefaults: context.nodes,
      }
    }),
  )
}

function sourceOf(template: string | undefined, oci: string | undefined): Result<ContainerSource, Failure> {
  if (template !== undefined && oci !== undefined)
    return err(failure('usage', `both a template ("${template}") and --oci are given`, {hint: 'Leave one of them out'}))
  if (oci !== undefined) return ok({kind: 'oci', reference: oci.replace(/^(?:docker|oci):(?:\/\/)?/, '')})
  if (template === undefined) {
    return err(
      failure('usage', 'nothing is said about what to make it of', {
        hint: 'Name a container template (debian-12, or its volume), or an image with --oci',
      }),
    )
  }

  return ok(template.includes(':') ? {kind: 'volume', volume: template} : {kind: 'appliance', name: template})
}

function disksOf(flags: ContainerFlags): Result<Pick<ContainerRequest, 'mounts' | 'rootDisk'>, Failure> {
  const mounts = Result.combine(
    (flags.mount ?? []).map((spec) =>
      parseDiskSpec(spec, 'lxc').andThen((disk) =>
        disk.options.has('mp')
          ? ok(disk)
          : err(failure('usage', `--mount: "${spec}" does not say where it is seen`, {hint: 'Add mp=/PATH'})),
      ),
    ),
  )
  if (flags.rootfs === undefined) return mounts.map((disks) => ({mounts: disks}))
  return parseDiskSpec(flags.rootfs, 'lxc').andThen((rootDisk) => mounts.map((disks) => ({mounts: disks, rootDisk})))
}

/** The NICs, each with a name: the short flags describe one, `--net` any number. */
function netsOf(flags: ContainerFlags): Result<NetSpec[], Failure> {
  if (flags['no-net']) return ok([])
  const short = shortNet(flags)
  if (flags.net !== undefined && short !== '') {
    return err(
      failure('usage', `--net and the short flags (${short}) describe the same NIC`, {
        hint: 'Write everything into --net: name=eth0,bridge=vmbr0,ip=192.0.2.5/24,gw=192.0.2.1',
      }),
    )
  }

  const all = flags.net ?? [['name=eth0', short === '' ? 'ip=dhcp' : short].join(',')]
  return Result.combine(all.map((net) => parseNetSpec(net, 'lxc'))).map((nets) =>
    nets.map((net, index) => new Map([['name', net.get('name') ?? `eth${index}`], ...net])),
  )
}

function shortNet(flags: ContainerFlags): string {
  const {bridge, firewall, gateway, gateway6, ip, ip6, mac, vlan} = flags
  const given = Object.entries({bridge, ip, gw: gateway, ip6, gw6: gateway6, tag: vlan, hwaddr: mac})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
  const parts = [...given, ...(firewall ? ['firewall=1'] : [])]
  // A container without any address of its own asks for one.
  return parts.length > 0 && ip === undefined && ip6 === undefined ? [...parts, 'ip=dhcp'].join(',') : parts.join(',')
}

function featuresOf({feature = [], nesting, privileged}: ContainerFlags): Result<string[], Failure> {
  const wanted = feature.map((one) => (one.includes('=') ? one : `${one}=1`))
  const wrong = wanted.find((one) => !/^(?:force_rw_sys|fuse|keyctl|mknod)=[01]$|^mount=[\w; ]+$/.test(one))
  if (wrong !== undefined) {
    return err(
      failure('usage', `--feature: "${wrong}" is not possible`, {
        hint: 'Use fuse, keyctl, mknod, force_rw_sys or mount=nfs;cifs; nesting has its own flag',
      }),
    )
  }

  return ok([...((nesting ?? !privileged) ? ['nesting=1'] : []), ...wanted])
}

function readAccess(
  flags: ContainerFlags,
  input: CloudInitInput,
): ResultAsync<Pick<ContainerRequest, 'password' | 'sshKeys'>, Failure> {
  const files = flags['ssh-key'] ?? []
  if (flags['password-stdin'] && files.includes('-'))
    return errAsync(failure('usage', 'stdin can be read for one thing only', {hint: 'Put the keys into a file'}))
  const sources = {files, agent: flags['ssh-key-agent'], urls: flags['ssh-key-url'] ?? []}
  return readSshKeys(sources, input.runtime, input.signal).andThen((sshKeys) =>
    (flags['password-stdin'] ? readNewPassword(input).andThen(longEnough) : okAsync(undefined)).map((password) => ({
      ...(sshKeys !== undefined && {sshKeys}),
      ...(password !== undefined && {password}),
    })),
  )
}

function longEnough<S extends {reveal(): string}>(secret: S): Result<S, Failure> {
  return secret.reveal().length >= 5
    ? ok(secret)
    : err(failure('usage', '--password-stdin: the password is too short', {hint: 'It needs at least 5 characters'}))
}
