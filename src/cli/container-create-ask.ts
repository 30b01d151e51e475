import {err, ok, Result} from 'neverthrow'
import * as z from 'zod/mini'
import type {MachineClass} from '../config/configuration.js'
import type {ContainerSetup} from '../domain/container-setup.js'
import {parseDiskSpec, type DiskSpec} from '../domain/disk-spec.js'
import {failure, type Failure} from '../domain/failure.js'
import {parseNetSpec, type NetSpec} from '../domain/net-spec.js'
import {startupValue} from '../domain/startup-order.js'
import type {ContainerCreateRequest} from '../services/container-create-request.js'
import type {ContainerSource} from '../services/container-source-service.js'
import {defined, guestRequest, mergeAsks, type AskSurroundings} from './guest-create-ask.js'
import {guestSpecFields, specField} from './guest-spec-file.js'

/** A container in a file, and what a command line says of one; sizes are in bytes. */
export const containerSpec = z.strictObject({
  ...guestSpecFields,
  oci: specField.text,
  download: specField.flag,
  templateStorage: specField.text,
  swap: specField.memoryOrNone,
  rootfs: specField.text,
  mounts: specField.list,
  privileged: specField.flag,
  nesting: specField.flag,
  features: specField.list,
  timezone: specField.text,
  nets: specField.list,
  vlan: specField.textOrNumber,
  mac: specField.text,
  ip: specField.text,
  gateway: specField.text,
  ip6: specField.text,
  gateway6: specField.text,
  firewall: specField.flag,
  dns: specField.list,
  searchDomain: specField.text,
  sshKeys: specField.list,
})

export type ContainerAsk = z.infer<typeof containerSpec>

/** What else a request is made of. */
export interface ContainerAskSurroundings extends AskSurroundings {
  /** Lines of public keys, for root. */
  readonly sshKeys?: readonly string[]
}

const SOURCES = ['template', 'oci'] as const
/** What describes the first NIC; the bridge may as well be meant for others. */
const SHORT = ['vlan', 'mac', 'ip', 'gateway', 'ip6', 'gateway6', 'firewall'] as const

/** What is typed goes before what the file says; a source, NICs or a disk in full replace those of the file. */
export function mergeContainerAsks(typed: ContainerAsk, file: ContainerAsk): ContainerAsk {
  return mergeAsks(typed, file, [
    {typed: SOURCES, file: SOURCES},
    {typed: ['nets'], file: SHORT},
    {typed: ['rootfs'], file: ['diskSize']},
  ])
}

/** The request, or a `usage` failure that names the flag. */
export function containerRequest(
  ask: ContainerAsk,
  around: ContainerAskSurroundings,
): Result<ContainerCreateRequest, Failure> {
  const {download = false, templateStorage} = ask
  return guestRequest('lxc', ask, around).andThen((request) =>
    Result.combine([sourceOf(ask, around.machineClass), setupOf(ask, around.sshKeys), checkPassword(around)]).map(
      ([source, setup]) => ({
        ...request,
        source,
        setup,
        fetch: {download, ...(templateStorage !== undefined && {templateStorage})},
      }),
    ),
  )
}

/** What is named, else what the machine class names. A class that is made of a disk image is one for VMs. */
function sourceOf(ask: ContainerAsk, machineClass: MachineClass | undefined): Result<ContainerSource, Failure> {
  const {linked = false, oci, template} = ask
  if (template !== undefined && oci !== undefined) {
    return err(
      failure('usage', `both a template ("${template}") and --oci are given`, {
        hint: 'Leave one of them out',
        details: {field: 'oci'},
      }),
    )
  }

  const onlyGuests = (source: ContainerSource): Result<ContainerSource, Failure> =>
    linked
      ? err(
          failure('usage', '--linked goes with a container that is a template', {
            hint: 'Leave it out',
            details: {field: 'linked'},
          }),
        )
      : ok(source)
  if (oci !== undefined) return onlyGuests({kind: 'oci', reference: oci.replace(/^(?:docker|oci):(?:\/\/)?/, '')})
  const name = template ?? machineClass?.template
  if (name?.includes(':') === true) return onlyGuests({kind: 'volume', volume: name})
  if (name !== undefined) {
    const namedBy = template === undefined ? ask.class : undefined
    return ok({kind: 'appliance', name, linked, ...(namedBy !== undefined && {namedBy})})
  }

  const hint = 'Name a container template (debian-12, or its volume), or an image with --oci'
  return machineClass?.image === undefined
    ? err(failure('usage', 'nothing is said about what to make it of', {hint}))
    : err(
        failure('usage', `the machine class "${ask.class}" is made of a disk image, and only VMs are`, {
          hint,
          details: {field: 'class', class: ask.class, image: machineClass.image},
        }),
      )
}

function setupOf(ask: ContainerAsk, sshKeys: readonly string[] | undefined): Result<ContainerSetup, Failure> {
  const {description, dns, nesting, onBoot, privileged, protection, searchDomain, swap, timezone} = ask
  return Result.combine([
    disksOf(ask),
    netsOf(ask),
    featuresOf(ask.features ?? []),
    ask.startup === undefined ? ok(undefined) : startupValue(ask.startup),
  ]).map(([disks, nets, features, startup]) => ({
    ...disks,
    ...nets,
    features,
    ...defined({description, nesting, onBoot, privileged, protection, searchDomain, sshKeys, startup, timezone}),
    ...defined({nameservers: dns?.flatMap((list) => list.split(/[\s,]+/)), swapBytes: swap}),
  }))
}

function disksOf(ask: ContainerAsk): Result<Pick<ContainerSetup, 'mounts' | 'rootDisk'>, Failure> {
  const {diskSize, mounts = [], rootfs} = ask
  if (rootfs !== undefined && diskSize !== undefined) {
    return err(
      failure('usage', '--rootfs and --disk-size describe the same disk', {
        hint: 'Write the size into --rootfs: local-lvm:16GiB',
        details: {field: 'disk-size'},
      }),
    )
  }

  const root: Result<DiskSpec | undefined, Failure> =
    rootfs === undefined ? ok(undefined) : parseDiskSpec(rootfs, 'lxc')
  return Result.combine([root, Result.combine(mounts.map((spec) => mountOf(spec)))]).map(([rootDisk, disks]) => ({
    mounts: disks,
    ...(rootDisk !== undefined && {rootDisk}),
  }))
}

function mountOf(spec: string): Result<DiskSpec, Failure> {
  return parseDiskSpec(spec, 'lxc').andThen((disk) =>
    disk.options.has('mp')
      ? ok(disk)
      : err(failure('usage', `--mount: "${spec}" does not say where it is seen`, {hint: 'Add mp=/PATH'})),
  )
}

/** The short flags describe one NIC, `--net` any number. */
function netsOf(ask: ContainerAsk): Result<Pick<ContainerSetup, 'net' | 'netless' | 'nets'>, Failure> {
  const {firewall, gateway: gw, gateway6: gw6, ip, ip6, mac: hwaddr, nets = [], vlan: tag} = ask
  const given = {ip, gw, ip6, gw6, tag, hwaddr, firewall: firewall === undefined ? undefined : Number(firewall)}
  const short = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
  if (nets.length > 0 && short.length > 0) {
    return err(
      failure('usage', `--net and the short flags (${short.join(',')}) describe the same NIC`, {
        hint: 'Write everything into --net: name=eth0,bridge=vmbr0,ip=192.0.2.5/24,gw=192.0.2.1',
        details: {field: 'net'},
      }),
    )
  }

  const nothing: NetSpec = new Map()
  if (nets.length === 1 && nets[0] === 'none') return ok({net: nothing, nets: [], netless: true})
  const net = short.length === 0 ? ok<NetSpec, Failure>(nothing) : parseNetSpec(short.join(','), 'lxc')
  return Result.combine([net, Result.combine(nets.map((text) => parseNetSpec(text, 'lxc')))]).map(([one, all]) => ({
    net: one,
    nets: all,
  }))
}

function featuresOf(features: readonly string[]): Result<string[], Failure> {
  const wanted = features.map((one) => (one.includes('=') ? one : `${one}=1`))
  const wrong = wanted.find((one) => !/^(?:force_rw_sys|fuse|keyctl|mknod)=[01]$|^mount=[\w; ]+$/.test(one))
  return wrong === undefined
    ? ok(wanted)
    : err(
        failure('usage', `--feature: "${wrong}" is not possible`, {
          hint: 'Use fuse, keyctl, mknod, force_rw_sys or mount=nfs;cifs; nesting has its own flag',
          details: {field: 'feature', value: wrong},
        }),
      )
}

function checkPassword({password}: AskSurroundings): Result<void, Failure> {
  return password === undefined || password.reveal().length >= 5
    ? ok(undefined)
    : err(failure('usage', '--password-stdin: the password is too short', {hint: 'It needs at least 5 characters'}))
}
